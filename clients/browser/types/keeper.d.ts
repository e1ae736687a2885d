/**
 * @param {ClientDocument} rules
 * @param {KeeperOptions} options
 * @returns {Keeper}
 */
export function createKeeper(rules: ClientDocument, { base, store, fetch, now }: KeeperOptions): Keeper;
export type ClientDocument = import("./document.js").ClientDocument;
export type Source = import("./document.js").Source;
export type Answer = import("./types.js").Answer;
export type Keeper = import("./types.js").Keeper;
export type Store = import("./types.js").Store;
export type Ticket = import("./types.js").Ticket;
export type KeeperOptions = {
    /**
     * - of this URL the origin counts; by default, the page's
     */
    base?: string | URL | undefined;
    /**
     * - for one-time tickets; other tokens stay in memory
     */
    store?: import("./types.js").Store | undefined;
    /**
     * - fetches tokens
     */
    fetch: typeof fetch;
    /**
     * - milliseconds since the epoch
     */
    now?: (() => number) | undefined;
};
