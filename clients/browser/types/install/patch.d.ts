/**
 * @typedef {import('../document.js').ClientDocument} ClientDocument
 * @typedef {import('../types.js').Keeper} Keeper
 *
 * @typedef {object} Link - between what was replaced and the keeper
 * @property {Keeper} [keeper] - absent before the document has come, and after `uninstall()`
 * @property {string} origin
 * @property {Promise<unknown>} ready
 * @property {typeof fetch} fetch - the browser's own
 * @property {AbortSignal} [signal] - of listeners
 * @property {<T extends object, K extends keyof T>(target: T, name: K, make: (native: T[K]) => T[K]) => void} replace
 */
/**
 * @param {Pick<Link, 'origin' | 'fetch' | 'signal' | 'replace'>} given
 * @param {(document: ClientDocument) => Keeper} keep
 * @param {ClientDocument | Promise<ClientDocument>} document
 * @returns {Promise<Keeper>} rejected when there is no document to be had
 */
export function patch(given: Pick<Link, "origin" | "fetch" | "signal" | "replace">, keep: (document: ClientDocument) => Keeper, document: ClientDocument | Promise<ClientDocument>): Promise<Keeper>;
export type ClientDocument = import("../document.js").ClientDocument;
export type Keeper = import("../types.js").Keeper;
/**
 * - between what was replaced and the keeper
 */
export type Link = {
    /**
     * - absent before the document has come, and after `uninstall()`
     */
    keeper?: import("../types.js").Keeper | undefined;
    origin: string;
    ready: Promise<unknown>;
    /**
     * - the browser's own
     */
    fetch: typeof fetch;
    /**
     * - of listeners
     */
    signal?: AbortSignal | undefined;
    replace: <T extends object, K extends keyof T>(target: T, name: K, make: (native: T[K]) => T[K]) => void;
};
