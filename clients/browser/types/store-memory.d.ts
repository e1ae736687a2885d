/**
 * @typedef {import('./types.js').Ticket} Ticket
 *
 * @typedef {object} TicketStore
 * @property {(value: string, ts?: number) => Promise<void>} put - `ts`: ms since the epoch, now unless said
 * @property {() => Promise<Ticket | undefined>} take - the oldest that is not too old
 * @property {(ticket: Ticket) => Promise<void>} giveBack - to the front
 * @property {() => Promise<number>} size - how many there are that are not too old
 * @property {() => Promise<void>} clear
 * @property {() => Promise<boolean>} hadExpired - whether it is empty because the last ones were too old
 * @property {(max: number) => Promise<void>} setMax
 *
 * @typedef {object} StoreOptions
 * @property {number} [limit] - age in ms from which a ticket counts as expired, TAO's 24 minutes less five
 *     seconds for the way unless said; 0 or less: never
 * @property {number} [max] - how many tickets it holds at most
 * @property {() => number} [now] - the clock, in ms since the epoch
 */
/**
 * @param {StoreOptions} [options]
 * @returns {TicketStore}
 */
export function memoryStore({ limit, max, now }?: StoreOptions): TicketStore;
/**
 * Whether a ticket has reached its age limit.
 *
 * @param {Ticket} ticket
 * @param {number} limit
 * @param {number} now
 */
export function isTooOld({ ts }: Ticket, limit: number, now: number): boolean;
export const LIMIT_MS: number;
export type Ticket = import("./types.js").Ticket;
export type TicketStore = {
    /**
     * - `ts`: ms since the epoch, now unless said
     */
    put: (value: string, ts?: number) => Promise<void>;
    /**
     * - the oldest that is not too old
     */
    take: () => Promise<Ticket | undefined>;
    /**
     * - to the front
     */
    giveBack: (ticket: Ticket) => Promise<void>;
    /**
     * - how many there are that are not too old
     */
    size: () => Promise<number>;
    clear: () => Promise<void>;
    /**
     * - whether it is empty because the last ones were too old
     */
    hadExpired: () => Promise<boolean>;
    setMax: (max: number) => Promise<void>;
};
export type StoreOptions = {
    /**
     * - age in ms from which a ticket counts as expired, TAO's 24 minutes less five
     * seconds for the way unless said; 0 or less: never
     */
    limit?: number | undefined;
    /**
     * - how many tickets it holds at most
     */
    max?: number | undefined;
    /**
     * - the clock, in ms since the epoch
     */
    now?: (() => number) | undefined;
};
