/**
 * @typedef {import('./types.js').Client} Client
 * @typedef {import('./store-memory.js').TicketStore} TicketStore
 *
 * @typedef {object} ExpiredContext what was wanted when there was no ticket left
 * @property {string} [url]
 * @property {string} [method]
 *
 * @typedef {'reload'|'dismiss'} Choice
 *
 * @typedef {object} TokenHandlerOptions
 * @property {string[]} [tokens] - the tickets that the page came with
 * @property {string} [initialToken] - one that goes before them
 * @property {number} [tokenTimeLimit] - age in ms from which a ticket counts as expired, 24 minutes unless
 *     said; 0 or less: never
 * @property {number} [maxSize] - how many tickets are kept at most, 10 unless said: the oldest go
 * @property {boolean} [validateTokens] - `false`: the server asks for no tickets. Nothing is fetched and
 *     nobody is prompted; `getToken()` resolves with null when it has none
 * @property {'memory'|'indexeddb'|TicketStore} [store] - in this page only (the default), or in all tabs
 * @property {boolean} [refill] - `false`: tickets are never fetched, only a page load brings a batch
 * @property {string} [configUrl] - where a batch is fetched, as a path of the own origin; for an
 *     installation below another root than TAO's usual one
 * @property {(context: ExpiredContext) => Choice | Promise<Choice>} [onExpired] - asks, in place of the
 *     ready dialog; `reload` loads the page again
 * @property {Client | PromiseLike<Client>} [client] - one that is there already, such as that of
 *     `install()`: both then use one pool. Its `store` must be given here too, and its document decides
 *     which requests need a ticket
 * @property {string} [base] - the own origin; default: the page's
 * @property {typeof fetch} [fetch]
 * @property {() => number} [now] - the clock, in ms since the epoch
 * @property {() => void} [reload] - loads the page again
 */
/**
 * @param {TokenHandlerOptions | string} [options] - or only the first ticket
 */
export function tokenHandlerFactory(options?: TokenHandlerOptions | string): {
    /**
     * Takes the oldest living ticket out of the pool: it is good for one request. Rejects when there is
     * none to be had.
     *
     * @returns {Promise<string | null>}
     */
    getToken(): Promise<string | null>;
    /**
     * Puts a ticket into the pool.
     *
     * @param {string | {value: string, ts?: number, receivedAt?: number}} token
     */
    setToken(token: string | {
        value: string;
        ts?: number;
        receivedAt?: number;
    }): Promise<boolean>;
    /** Forgets all tickets: after a login or logout they are of a session that is no more. */
    clearStore(): Promise<boolean>;
    /** How many living tickets there are. */
    getQueueLength(): Promise<number>;
    /** @param {number} size - how many tickets are kept at most; what is no positive number is ignored */
    setMaxSize(size: number): Promise<void>;
    /** @type {Promise<Client>} */
    client: Promise<Client>;
    maxSize: number;
    /** A call got through: should the tickets expire once more, the prompt is due again. */
    passed: () => void;
};
export type Client = import("./types.js").Client;
export type TicketStore = import("./store-memory.js").TicketStore;
/**
 * what was wanted when there was no ticket left
 */
export type ExpiredContext = {
    url?: string | undefined;
    method?: string | undefined;
};
export type Choice = "reload" | "dismiss";
export type TokenHandlerOptions = {
    /**
     * - the tickets that the page came with
     */
    tokens?: string[] | undefined;
    /**
     * - one that goes before them
     */
    initialToken?: string | undefined;
    /**
     * - age in ms from which a ticket counts as expired, 24 minutes unless
     * said; 0 or less: never
     */
    tokenTimeLimit?: number | undefined;
    /**
     * - how many tickets are kept at most, 10 unless said: the oldest go
     */
    maxSize?: number | undefined;
    /**
     * - `false`: the server asks for no tickets. Nothing is fetched and
     * nobody is prompted; `getToken()` resolves with null when it has none
     */
    validateTokens?: boolean | undefined;
    /**
     * - in this page only (the default), or in all tabs
     */
    store?: import("./store-memory.js").TicketStore | "memory" | "indexeddb" | undefined;
    /**
     * - `false`: tickets are never fetched, only a page load brings a batch
     */
    refill?: boolean | undefined;
    /**
     * - where a batch is fetched, as a path of the own origin; for an
     * installation below another root than TAO's usual one
     */
    configUrl?: string | undefined;
    /**
     * - asks, in place of the
     * ready dialog; `reload` loads the page again
     */
    onExpired?: ((context: ExpiredContext) => Choice | Promise<Choice>) | undefined;
    /**
     * - one that is there already, such as that of
     * `install()`: both then use one pool. Its `store` must be given here too, and its document decides
     * which requests need a ticket
     */
    client?: import("./types.js").Client | PromiseLike<import("./types.js").Client> | undefined;
    /**
     * - the own origin; default: the page's
     */
    base?: string | undefined;
    fetch?: typeof fetch | undefined;
    /**
     * - the clock, in ms since the epoch
     */
    now?: (() => number) | undefined;
    /**
     * - loads the page again
     */
    reload?: (() => void) | undefined;
};
export type TokenHandler = ReturnType<typeof tokenHandlerFactory>;
