export function createPool({ store, ...options }: PoolOptions & {
    store?: Store;
}): Pool;
export type Store = import("./types.js").Store;
export type Ticket = import("./types.js").Ticket;
export type PoolOptions = {
    /**
     * - each token is good for one request
     */
    once?: boolean | undefined;
    /**
     * - milliseconds from which a token is too old; in a `store` its own limit counts
     */
    limit: number;
    /**
     * - milliseconds since the epoch
     */
    now: () => number;
};
export type Pool = {
    /**
     * - whether all that is held has to be waited for
     */
    waits: boolean;
    /**
     * - whether there were any
     */
    put: (values: string[], ts: number) => boolean | Promise<boolean>;
    /**
     * - the oldest that is not too old
     */
    takeNow: () => Ticket | undefined;
    /**
     * - the same, of what has to be waited for
     */
    take?: (() => Promise<Ticket | undefined>) | undefined;
    giveBack: (ticket?: Ticket) => unknown;
    /**
     * - whether a refusal of this one says something of those that are held
     */
    concerns: (ticket?: Ticket) => boolean;
    /**
     * - when of so many batches in a row nobody here got any:
     * whether somebody elsewhere may have, so that it is worth while to ask for another
     */
    contested?: ((batches: number) => Promise<boolean>) | undefined;
    drop: () => unknown;
};
