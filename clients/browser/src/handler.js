// The tickets of TAO's front end: between `request()` and the store.
//
// 1. The page brings the first ones: `tokens` of its configuration. Every answer brings another.
// 2. `getToken()` takes the oldest one that has not expired. Callers of one tick get different ones.
// 3. When there is none, a batch is fetched, once for all who wait.
// 4. When they all have expired and none can be fetched, whoever sits in front of the page is asked to
//    load it again: once, however many calls wait, and not again before there are tickets.

import { createClient, loadDocument } from './client.js';
import { showReloadPrompt } from './prompt.js';
import { noTicketError } from './request-error.js';
import { tokenStore } from './store.js';

const DEFAULTS = {
    /** PHP's sessions, to which the tickets belong, live for 24 minutes. */
    tokenTimeLimit: 24 * 60 * 1000,
    maxSize: 10,
};

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
export function tokenHandlerFactory(options = {}) {
    const given = typeof options === 'string' ? { initialToken: options } : options;
    const { validateTokens = true, reload = () => globalThis.location.reload() } = given;
    const maxSize = atLeastOne(given.maxSize) ?? DEFAULTS.maxSize;
    const store = storeOf(given, maxSize);
    const prompt = promptOnce(given.onExpired ?? (() => showReloadPrompt()), reload);
    const ready = prepare(given, store).then(client => {
        client.keeper.onEmpty = whenEmpty;
        return client;
    });
    // Whoever calls gets the error; until then it is nobody's.
    ready.catch(() => {});

    /**
     * No ticket is to be had. Did they expire, the call ends here, after the prompt.
     *
     * @param {ExpiredContext} context
     */
    async function whenEmpty(context) {
        if (validateTokens && await store.hadExpired()) {
            await prompt.show(context);
            throw noTicketError();
        }
    }

    return {
        /**
         * Takes the oldest living ticket out of the pool: it is good for one request. Rejects when there is
         * none to be had.
         *
         * @returns {Promise<string | null>}
         */
        async getToken() {
            const client = await ready;
            const ticket = validateTokens ? await client.keeper.take() : await store.take();
            if (ticket) {
                prompt.reset();
                return ticket.value;
            }
            if (!validateTokens) {
                return null;
            }
            await whenEmpty({});
            throw noTicketError();
        },
        /**
         * Puts a ticket into the pool.
         *
         * @param {string | {value: string, ts?: number, receivedAt?: number}} token
         */
        async setToken(token) {
            const { value, ts, receivedAt } = typeof token === 'string'
                ? { value: token, ts: undefined, receivedAt: undefined }
                : token;
            await (await ready).put(value, ts ?? receivedAt);
            prompt.reset();
            return true;
        },
        /** Forgets all tickets: after a login or logout they are of a session that is no more. */
        async clearStore() {
            (await ready).drop();
            await store.clear();
            return true;
        },
        /** How many living tickets there are. */
        async getQueueLength() {
            await ready;
            return store.size();
        },
        /** @param {number} size - how many tickets are kept at most; what is no positive number is ignored */
        async setMaxSize(size) {
            await store.setMax(atLeastOne(size) ?? maxSize);
        },

        // For `request()`.
        /** @type {Promise<Client>} */
        client: ready,
        maxSize,
        /** A call got through: should the tickets expire once more, the prompt is due again. */
        passed: prompt.reset,
    };
}

/** @typedef {ReturnType<typeof tokenHandlerFactory>} TokenHandler */

/**
 * @param {TokenHandlerOptions} options
 * @param {number} max
 * @returns {TicketStore}
 */
function storeOf({ store = 'memory', tokenTimeLimit = DEFAULTS.tokenTimeLimit, now, client }, max) {
    if (typeof store === 'object') {
        return store;
    }
    if (client) {
        throw new TypeError('a handler with a `client` needs the `store` that this client was made with');
    }
    return tokenStore({ store, limit: tokenTimeLimit, max, now });
}

/**
 * The client, once the page's own tickets are in the pool.
 *
 * @param {TokenHandlerOptions} options
 * @param {TicketStore} store
 */
async function prepare({ tokens = [], initialToken, client, ...options }, store) {
    const { base, fetch, now = Date.now } = options;
    const since = now();
    const made = await (client ?? createClient({ document: await documentOf(options), store, base, fetch, now }));
    for (const token of initialToken ? [initialToken, ...tokens] : tokens) {
        await made.put(token, since);
    }
    return made;
}

/**
 * TAO's convention, as its callers mean it: every call carries a ticket, whatever its method, unless it says
 * `noToken`. Its age limit is the store's.
 *
 * @param {TokenHandlerOptions} options
 * @returns {Promise<import('./document.js').ClientDocument>}
 */
async function documentOf({ refill = true, configUrl, validateTokens = true }) {
    const { routes, obtain = [], ...rest } = await loadDocument({ dialect: 'tao' });
    const places = configUrl ? obtain.map(place => ({ ...place, request: `GET ${configUrl}` })) : obtain;
    return {
        ...rest,
        protect: { methods: 'all', require: 'token' },
        obtain: refill && validateTokens ? places : [],
    };
}

/**
 * Asks once for all who wait; and, when the answer was to go on without, not again until `reset()`.
 *
 * @param {(context: ExpiredContext) => Choice | Promise<Choice>} ask
 * @param {() => void} reload
 */
function promptOnce(ask, reload) {
    /** @type {Promise<void> | undefined} */
    let asked;
    return {
        /** @param {ExpiredContext} context */
        show(context) {
            asked ??= Promise.resolve(context).then(ask).then(choice => {
                if (choice === 'reload') {
                    reload();
                }
            });
            return asked;
        },
        reset() {
            asked = undefined;
        },
    };
}

/** @param {unknown} size */
function atLeastOne(size) {
    return typeof size === 'number' && size >= 1 ? Math.floor(size) : undefined;
}
