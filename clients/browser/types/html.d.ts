/**
 * What the first `<meta>` or `<input>` of a name holds. There is no `DOMParser` in a service worker.
 *
 * @param {string} html
 * @param {import('./document.js').Source} source
 */
export function readTag(html: string, source: import("./document.js").Source): string | undefined;
