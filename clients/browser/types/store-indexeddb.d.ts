/**
 * @typedef {import('./store-memory.js').Ticket} Ticket
 * @typedef {Ticket & {key?: IDBValidKey}} Kept
 * @typedef {{tickets: IDBObjectStore, notes: IDBObjectStore}} Stores
 *
 * @typedef {object} SharedOptions
 * @property {string} [name] - the database; tabs that name the same one share the pool
 * @property {IDBFactory | null} [indexedDB] - default: the page's
 * @property {number} [patience] - ms that opening the database may take. WebKit is known to have left such a
 *     request without any answer (its bug 226547), and a call must not wait for ever.
 */
/**
 * @param {import('./store-memory.js').StoreOptions & SharedOptions} [options]
 * @returns {import('./store-memory.js').TicketStore}
 */
export function indexedDbStore({ limit, max, name, now, indexedDB, patience, }?: import("./store-memory.js").StoreOptions & SharedOptions): import("./store-memory.js").TicketStore;
export type Ticket = import("./store-memory.js").Ticket;
export type Kept = Ticket & {
    key?: IDBValidKey;
};
export type Stores = {
    tickets: IDBObjectStore;
    notes: IDBObjectStore;
};
export type SharedOptions = {
    /**
     * - the database; tabs that name the same one share the pool
     */
    name?: string | undefined;
    /**
     * - default: the page's
     */
    indexedDB?: IDBFactory | null | undefined;
    /**
     * - ms that opening the database may take. WebKit is known to have left such a
     * request without any answer (its bug 226547), and a call must not wait for ever.
     */
    patience?: number | undefined;
};
