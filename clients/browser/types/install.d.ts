/**
 * Takes effect at once. Until the document has come, what is sent to the origin waits for it; without one,
 * everything goes as it would have gone.
 *
 * @param {import('./types.js').ClientOptions} [options] - by default, the server is asked for its document
 * @returns {import('./types.js').Installed}
 */
export function install(options?: import("./types.js").ClientOptions): import("./types.js").Installed;
