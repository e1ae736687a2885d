// A pool of one-time tickets that lives and dies with the page.
//
// What every store keeps to, wherever it keeps its tickets:
// 1. First in, first out. `take()` hands a ticket to exactly one caller, and forgets it.
// 2. A ticket that is as old as the limit is never handed out. Its age counts from when it was put, and
//    giving it back does not make it younger.
// 3. Above the largest size the oldest tickets go: they would have been the first to expire.
// 4. A ticket that is in the pool already is not put twice: two parts of a page may learn from one answer.

export const LIMIT_MS = (24 * 60 - 5) * 1000;

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
export function memoryStore({ limit = LIMIT_MS, max = Infinity, now = Date.now } = {}) {
    /** @type {Ticket[]} */
    let tickets = [];
    let expired = false;

    const dropOld = () => {
        const live = tickets.filter(ticket => !isTooOld(ticket, limit, now()));
        if (live.length < tickets.length) {
            expired = live.length === 0;
        }
        tickets = live;
    };
    const dropExcess = () => {
        tickets = tickets.slice(Math.max(0, tickets.length - max));
    };
    /** @param {(ticket: Ticket) => void} place @param {Ticket} ticket */
    const add = (place, { value, ts }) => {
        if (!tickets.some(ticket => ticket.value === value)) {
            place({ value, ts });
            dropExcess();
        }
        expired = false;
    };

    return {
        async put(value, ts = now()) {
            add(ticket => tickets.push(ticket), { value, ts });
        },
        async take() {
            dropOld();
            return tickets.shift();
        },
        async giveBack(ticket) {
            add(given => tickets.unshift(given), ticket);
        },
        async size() {
            dropOld();
            return tickets.length;
        },
        async clear() {
            tickets = [];
            expired = false;
        },
        async hadExpired() {
            dropOld();
            return expired;
        },
        async setMax(size) {
            max = size;
            dropExcess();
        },
    };
}

/**
 * Whether a ticket has reached its age limit.
 *
 * @param {Ticket} ticket
 * @param {number} limit
 * @param {number} now
 */
export function isTooOld({ ts }, limit, now) {
    return limit > 0 && now - ts >= limit;
}
