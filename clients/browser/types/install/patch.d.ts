/**
 * @param {Partial<import('../keeper.js').KeeperOptions>} options
 * @param {ClientDocument | Promise<ClientDocument>} document
 * @param {Partial<Link> & Pick<Link, 'replace'>} [more]
 * @returns {Promise<Keeper>} rejected when there is no document to be had
 */
export function patch(options: Partial<import("../keeper.js").KeeperOptions>, document: ClientDocument | Promise<ClientDocument>, more?: Partial<Link> & Pick<Link, "replace">): Promise<Keeper>;
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
