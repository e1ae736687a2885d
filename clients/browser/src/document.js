// The client document: everything that a client must know of a server's convention, as JSON.

/**
 * Where a token is found in an answer.
 * @typedef {'text' | { header: string } | { json: string } | { 'require-config': string }
 *   | { cookie: string } | { meta: string } | { input: string }} Source
 *
 * @typedef {'nothing' | 'provenance' | 'either' | 'token' | 'both'} Require
 *
 * @typedef {object} Route
 * @property {string} path - a pattern: `/exact`, `/users/*` (one segment), `/api/**` (everything below)
 * @property {string[]} [methods]
 * @property {Require} require
 *
 * @typedef {object} Obtain
 * @property {string} request - `GET /path`, or `HEAD *` for the URL that wants the token
 * @property {Record<string, string>} [headers]
 * @property {Source} from
 *
 * @typedef {object} Refusal
 * @property {number} status
 * @property {string} [contains]
 * @property {Record<string, string>} [headers]
 * @property {Source} [token]
 *
 * @typedef {object} TokenRules
 * @property {string} header - the request header that carries it
 * @property {string} [field] - the form field that may carry it instead
 * @property {boolean} [once] - each is good for one request
 * @property {number} [lifetime] - seconds
 * @property {number} [pool]
 * @property {string} [cookie]
 *
 * @typedef {object} ClientDocument
 * @property {1} version
 * @property {string} dialect
 * @property {{ methods: 'unsafe' | 'all', require: Require }} protect
 * @property {Route[]} [routes] - the first that matches counts
 * @property {string} [session_cookie]
 * @property {TokenRules} [token]
 * @property {'always' | 'https'} [origin] - for clients that are no browsers
 * @property {Record<string, string>} [deliver]
 * @property {Obtain[]} [obtain]
 * @property {Refusal} [refusal] - without one, nothing is ever sent again
 * @property {{ request: string }} [login]
 * @property {{ request: string }} [logout]
 * @property {{ query: string }} [websocket]
 */

/** Where a server says its own. */
const WELL_KNOWN = '/.well-known/csrf';

/**
 * Takes a value for a client document.
 *
 * @param {unknown} value
 * @returns {ClientDocument}
 * @throws {TypeError} on anything else, and on a version that this package cannot read
 */
export function checkDocument(value) {
    const document = /** @type {ClientDocument} */ (value);
    if (document?.version !== 1 || !document.protect || document.token && !document.token.header) {
        throw new TypeError('no client document of version 1: update package or server');
    }
    return document;
}

/**
 * Asks a server for its own.
 *
 * @param {{ base?: string | URL, fetch?: typeof fetch }} options - of the `base` the origin counts
 * @returns {Promise<ClientDocument>}
 * @throws {TypeError} when it has none
 */
export async function fetchDocument({ base = location.href, fetch = globalThis.fetch }) {
    const response = await fetch(new URL(WELL_KNOWN, base));
    return checkDocument(response.ok ? await response.json() : undefined);
}
