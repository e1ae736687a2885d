// Where a page keeps its tickets, by the name that TAO's configuration uses: `memory` or `indexeddb`.

import { indexedDbStore } from './store-indexeddb.js';
import { memoryStore } from './store-memory.js';

export { indexedDbStore, memoryStore };

/**
 * @typedef {import('./store-memory.js').TicketStore} TicketStore
 * @typedef {import('./store-memory.js').StoreOptions} StoreOptions
 * @typedef {import('./store-indexeddb.js').SharedOptions} SharedOptions
 * @typedef {(...given: any[]) => Promise<any>} Operation
 */

/**
 * A pool of tickets. In `memory` (the default, and the safest) it is the page's own. In `indexeddb` all tabs
 * share it; where the browser keeps IndexedDB from the page (a private window, blocked site data) the pool
 * goes on in memory, and the console says so once.
 *
 * @param {{store?: 'memory' | 'indexeddb'} & StoreOptions & SharedOptions} [options]
 * @returns {TicketStore}
 */
export function tokenStore({ store = 'memory', ...options } = {}) {
    switch (store) {
        case 'memory':
            return memoryStore(options);
        case 'indexeddb':
            return withFallback(indexedDbStore(options), memoryStore(options));
        default:
            throw new TypeError(`there is no store \`${store}\`: use \`memory\` or \`indexeddb\``);
    }
}

/**
 * The operations of `shared` until one fails, then those of `own`.
 *
 * @param {TicketStore} shared
 * @param {TicketStore} own
 * @returns {TicketStore}
 */
function withFallback(shared, own) {
    let current = shared;
    /** @param {keyof TicketStore} operation */
    const guarded = operation => async (/** @type {[any, any]} */ ...given) => {
        const used = current;
        try {
            return await /** @type {Operation} */ (used[operation])(...given);
        } catch (error) {
            if (used === own) {
                throw error;
            }
            if (current === shared) {
                current = own;
                // Only the error's kind: its text is the browser's, and nobody promises what stands in it.
                console.warn(`countersign: tickets are kept in this tab only, IndexedDB failed (${/** @type {any} */ (error)?.name})`);
            }
            return /** @type {Operation} */ (own[operation])(...given);
        }
    };
    const operations = /** @type {(keyof TicketStore)[]} */ (Object.keys(own));
    return /** @type {any} */ (Object.fromEntries(operations.map(operation => [operation, guarded(operation)])));
}
