/**
 * @typedef {import('./document.js').ClientDocument} ClientDocument
 * @typedef {import('./types.js').Client} Client
 * @typedef {import('./types.js').ClientOptions} ClientOptions
 */
/**
 * Loads what the options name, and makes a client of it.
 *
 * @param {ClientOptions} [options]
 * @returns {Promise<Client>}
 */
export function createClient(options?: ClientOptions): Promise<Client>;
/**
 * The client document that the options name.
 *
 * @param {ClientOptions} options
 * @returns {Promise<ClientDocument>}
 * @throws {TypeError | Error} where there is none
 */
export function loadDocument({ dialect, document, base, fetch }: ClientOptions): Promise<ClientDocument>;
export type ClientDocument = import("./document.js").ClientDocument;
export type Client = import("./types.js").Client;
export type ClientOptions = import("./types.js").ClientOptions;
