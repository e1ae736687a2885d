// Makes clients of what their users know: the name of a dialect, a document, or only the server.

import { checkDocument, fetchDocument } from './document.js';
import { createKeeper } from './keeper.js';
import { clientOf } from './send.js';

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
export async function createClient(options = {}) {
    const { fetch = globalThis.fetch.bind(globalThis) } = options;
    const document = await loadDocument(options);
    return clientOf(createKeeper(document, { ...options, fetch }), fetch);
}

/**
 * The client document that the options name.
 *
 * @param {ClientOptions} options
 * @returns {Promise<ClientDocument>}
 * @throws {TypeError | Error} where there is none
 */
export async function loadDocument({ dialect = 'auto', document, base, fetch = globalThis.fetch }) {
    if (document) {
        return checkDocument(document);
    }
    if (dialect !== 'auto') {
        if (!/^[\w-]+$/.test(dialect)) {
            throw new TypeError(`\`${dialect}\` is no name of a dialect`);
        }
        const module = await import(`../dialects/${dialect}.js`).catch(() => {
            throw new TypeError(
                `there is no dialect \`${dialect}\` in \`@countersign/browser\`: see its folder \`dialects\`, or hand in a \`document\``,
            );
        });
        return checkDocument(module.default);
    }
    return fetchDocument({ base, fetch });
}
