// A pool of one-time tickets that all tabs of an origin share, in IndexedDB. It keeps to the rules at the
// head of store-memory.js.
//
// Every operation is one `readwrite` transaction. The browser runs those one after the other, across tabs
// too, so no two tabs ever take the same ticket. The tickets lie on the disk of whoever uses the browser,
// which is what sharing them costs; the memory store leaves no trace.

import { isTooOld, LIMIT_MS } from './store-memory.js';

const TICKETS = 'tickets';
const NOTES = 'notes';
const EXPIRED = 'expired';

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
export function indexedDbStore({
    limit = LIMIT_MS,
    max = Infinity,
    name = 'countersign-tickets',
    now = Date.now,
    indexedDB,
    patience = 5000,
} = {}) {
    /** @type {Promise<IDBDatabase> | undefined} */
    let opened;

    const database = () => {
        opened ??= open(indexedDB, name, patience, () => { opened = undefined; });
        // A failure is not kept: what blocked the database may be gone the next time.
        opened.catch(() => { opened = undefined; });
        return opened;
    };
    /**
     * @template T
     * @param {(stores: Stores, done: (result: T) => void) => void} work
     * @returns {Promise<T | undefined>}
     */
    const run = async work => transact(await database(), work);

    /**
     * Calls `use(living)` with the living tickets, oldest first, once the others are gone.
     *
     * @param {Stores} stores
     * @param {(living: Kept[]) => void} use
     */
    const withLive = ({ tickets, notes }, use) => {
        // Two answers instead of one for each ticket: a pool is small, and each answer costs.
        const keys = tickets.getAllKeys();
        const values = tickets.getAll();
        values.onsuccess = () => {
            /** @type {Kept[]} */
            const all = values.result.map((ticket, i) => ({ key: keys.result[i], ...ticket }));
            const old = all.filter(ticket => isTooOld(ticket, limit, now()));
            const living = all.filter(ticket => !old.includes(ticket));
            drop(tickets, old);
            if (old.length > 0 && living.length === 0) {
                notes.put(true, EXPIRED);
            }
            use(living);
        };
    };
    /** @param {IDBObjectStore} tickets @param {Kept[]} living */
    const dropExcess = (tickets, living) => drop(tickets, living.slice(0, Math.max(0, living.length - max)));
    /** @param {Ticket} ticket @param {(living: Kept[]) => IDBValidKey | undefined} key - its place */
    const add = ({ value, ts }, key) => run(stores => withLive(stores, living => {
        if (living.length === 0) {
            stores.notes.delete(EXPIRED);
        }
        if (living.some(ticket => ticket.value === value)) {
            return;
        }
        const place = key(living);
        stores.tickets.put({ value, ts }, place);
        // Sorted as the database sorts them: whatever has no key yet gets the highest.
        const entry = { key: place, value, ts };
        dropExcess(stores.tickets, place === undefined ? [...living, entry] : [entry, ...living]);
    }));

    return {
        async put(value, ts = now()) {
            await add({ value, ts }, () => undefined);
        },
        async take() {
            return run((stores, /** @type {(ticket: Ticket) => void} */ done) => withLive(stores, ([oldest]) => {
                // Deleted in this transaction: no other tab's has seen it since, nor will.
                if (oldest?.key !== undefined) {
                    stores.tickets.delete(oldest.key);
                    done({ value: oldest.value, ts: oldest.ts });
                }
            }));
        },
        async giveBack(ticket) {
            // Generated keys count up from 1, so there is always room in front.
            await add(ticket, living => Number(living[0]?.key ?? 1) - 1);
        },
        async size() {
            return await run((stores, done) => withLive(stores, living => done(living.length))) ?? 0;
        },
        async clear() {
            await run(({ tickets, notes }) => {
                tickets.clear();
                notes.clear();
            });
        },
        async hadExpired() {
            return await run((stores, done) => withLive(stores, () => {
                const note = stores.notes.get(EXPIRED);
                note.onsuccess = () => done(note.result === true);
            })) ?? false;
        },
        async setMax(size) {
            max = size;
            await run(stores => withLive(stores, living => dropExcess(stores.tickets, living)));
        },
    };
}

/** @param {IDBObjectStore} tickets @param {Kept[]} which */
function drop(tickets, which) {
    for (const { key } of which) {
        tickets.delete(/** @type {IDBValidKey} */ (key));
    }
}

/**
 * @param {IDBFactory | null | undefined} indexedDB
 * @param {string} name
 * @param {number} patience
 * @param {() => void} onGone
 * @returns {Promise<IDBDatabase>}
 */
function open(indexedDB, name, patience, onGone) {
    return new Promise((resolve, reject) => {
        // Asked for only here: in a frame of an opaque origin, merely naming it may throw.
        const factory = indexedDB === undefined ? globalThis.indexedDB : indexedDB;
        if (!factory) {
            throw new Error('there is no IndexedDB here');
        }
        const request = factory.open(name, 1);
        let waiting = true;
        const late = setTimeout(() => {
            waiting = false;
            reject(new Error('IndexedDB does not answer'));
        }, patience);
        request.onupgradeneeded = () => {
            request.result.createObjectStore(TICKETS, { autoIncrement: true });
            request.result.createObjectStore(NOTES);
        };
        request.onerror = () => {
            clearTimeout(late);
            reject(request.error);
        };
        request.onsuccess = () => {
            clearTimeout(late);
            const database = request.result;
            if (!waiting) {
                // Kept open by nobody, it would be in the way of whoever wants to delete it.
                database.close();
                return;
            }
            // Somebody deletes the database, or the browser has: the next operation opens it anew.
            database.onversionchange = () => {
                database.close();
                onGone();
            };
            database.onclose = onGone;
            resolve(database);
        };
    });
}

/**
 * Resolves, with what `work` was `done` with, once everything that it did is kept.
 *
 * @template T
 * @param {IDBDatabase} database
 * @param {(stores: Stores, done: (result: T) => void) => void} work
 * @returns {Promise<T | undefined>}
 */
function transact(database, work) {
    return new Promise((resolve, reject) => {
        // A pool that a power cut takes is a pool to fetch anew; waiting for the disk would cost each call.
        const transaction = database.transaction([TICKETS, NOTES], 'readwrite', { durability: 'relaxed' });
        /** @type {T | undefined} */
        let result;
        transaction.oncomplete = () => resolve(result);
        transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
        work(
            { tickets: transaction.objectStore(TICKETS), notes: transaction.objectStore(NOTES) },
            value => { result = value; },
        );
    });
}
