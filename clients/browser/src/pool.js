// Where a keeper has what it holds: in memory, or one-time tickets in a store that other tabs may share.

import { memoryPool } from './pool-memory.js';
import { sharedPool } from './pool-shared.js';

/**
 * @typedef {import('./types.js').Store} Store
 * @typedef {import('./types.js').Ticket} Ticket
 *
 * @typedef {object} PoolOptions
 * @property {boolean} [once] - each token is good for one request
 * @property {number} limit - milliseconds from which a token is too old; in a `store` its own limit counts
 * @property {() => number} now - milliseconds since the epoch
 *
 * @typedef {object} Pool
 * @property {boolean} waits - whether all that is held has to be waited for
 * @property {(values: string[], ts: number) => boolean | Promise<boolean>} put - whether there were any
 * @property {() => Ticket | undefined} takeNow - the oldest that is not too old
 * @property {() => Promise<Ticket | undefined>} [take] - the same, of what has to be waited for
 * @property {(ticket?: Ticket) => unknown} giveBack
 * @property {(ticket?: Ticket) => boolean} concerns - whether a refusal of this one says something of those that are held
 * @property {(batches: number) => Promise<boolean>} [contested] - when of so many batches in a row nobody here got any:
 *     whether somebody elsewhere may have, so that it is worth while to ask for another
 * @property {() => unknown} drop
 */

/**
 * @param {PoolOptions & { store?: Store }} options
 * @returns {Pool}
 */
export const createPool = ({ store, ...options }) => options.once && store ? sharedPool(store) : memoryPool(options);
