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
export function tokenStore({ store, ...options }?: {
    store?: "memory" | "indexeddb";
} & StoreOptions & SharedOptions): TicketStore;
export type TicketStore = import("./store-memory.js").TicketStore;
export type StoreOptions = import("./store-memory.js").StoreOptions;
export type SharedOptions = import("./store-indexeddb.js").SharedOptions;
export type Operation = (...given: any[]) => Promise<any>;
import { indexedDbStore } from './store-indexeddb.js';
import { memoryStore } from './store-memory.js';
export { indexedDbStore, memoryStore };
