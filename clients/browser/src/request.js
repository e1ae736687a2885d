// TAO's `core/request`: one function for every call of a page, which carries a one-time ticket, and whose
// promise and errors are those that its callers know.
//
// What a call settles with:
// 1. 2xx: resolves with what `dataType` makes of the body.
// 2. 204, HEAD, or a body that says `errorCode: 204`: resolves with undefined.
// 3. 2xx, but the body says `success: false`, or `errorCode: 403`: rejects; `error.response` is the body.
// 4. 2xx, but the body is not what `dataType` announced, or empty where JSON was: rejects.
// 5. The server's refusal of a ticket: the pool is dropped, a batch is fetched, and the call is sent once
//    more. Refused again, or any other status: rejects; `error.code` is the status.
// 6. No answer: rejects with `error.code` 0, and the ticket goes back to the front of the pool. After
//    `timeout` it does not: the server had time enough to spend it, and a spent ticket that comes back
//    costs a refusal and the pool, while one lost costs nothing, as the pool is filled again anyway.
// 7. Every ticket has expired and none can be fetched: the reload prompt, then rejects; nothing is sent.
//
// The errors are tabled in request-error.js. Wrong arguments throw a TypeError at once.

import { tokenHandlerFactory } from './handler.js';
import { taskQueue, turnstile } from './queue.js';
import { encode, reader, withQuery } from './request-data.js';
import { exchange } from './request-exchange.js';

/** ms for which a call may keep others waiting for the ticket that its answer brings. */
const PATIENCE = 1000;
const SCRIPTED = 'X-Requested-With';

/**
 * @typedef {object} RequestOptions
 * @property {string} url - where to; only calls of the own origin carry a ticket
 * @property {string} [method] - GET unless said
 * @property {unknown} [data] - GET and HEAD: the query. Else the body: FormData, Blob, ArrayBuffer and
 *     strings as they are, anything else as JSON if `contentType` is JSON, else as a form
 * @property {Record<string, string | undefined>} [headers]
 * @property {string | false} [contentType] - of the body; `json` and `form` for short
 * @property {'json'|'text'|'html'|'xml'|'blob'} [dataType] - how the answer is read, `json` unless said
 * @property {boolean} [noToken] - send it without a ticket
 * @property {boolean} [background] - leave `onStart` and `onStop` alone
 * @property {boolean} [sequential] - one at a time: wait for all sequential calls before this one
 * @property {number} [timeout] - seconds, from when its turn has come until the answer is read; 0: none
 *
 * @typedef {object} RequestSettings
 * @property {import('./handler.js').TokenHandler} [handler] - default: a new one, with no tickets yet
 * @property {boolean} [noToken] - for all calls
 * @property {number} [timeout] - seconds, for calls that name none
 * @property {() => void} [onStart] - the first of the calls that are under way has begun (`ajaxStart`)
 * @property {() => void} [onStop] - the last of them has ended (`ajaxStop`)
 * @property {'reject'|'resolve'} [failures] - what a 200 with `success: false` does: rejects unless said.
 *     TAO's own client 3.6 resolves
 * @property {typeof fetch} [fetch] - for calls without a ticket
 */

/**
 * Makes a `request()` with its own handler, queue and hooks.
 *
 * @param {RequestSettings} [settings]
 */
export function requestFactory(settings = {}) {
    const { handler = tokenHandlerFactory() } = settings;
    const { fetch: bareFetch = globalThis.fetch.bind(globalThis) } = settings;
    const queue = taskQueue();
    const admit = turnstile({ width: handler.maxSize, patience: PATIENCE });
    const watched = watch(settings);

    /** @param {ReturnType<typeof prepare>} call */
    async function run(call) {
        const client = await handler.client;
        const { headers } = call.init;
        // Servers tell calls from page loads by it. Elsewhere it would only cost a preflight.
        if (new URL(call.url).origin === client.origin && !headers.has(SCRIPTED)) {
            headers.set(SCRIPTED, 'XMLHttpRequest');
        }
        if (call.noToken) {
            return exchange(call, bareFetch);
        }
        if (client.need(call.method, call.url) !== 'token') {
            return exchange(call, client.send);
        }
        return admit(() => exchange(call, async (url, init) => {
            const response = await client.send(url, init);
            if (response.ok) {
                handler.passed();
            }
            return response;
        }));
    }

    /**
     * @param {RequestOptions} options
     * @returns {Promise<any>} see the head of this file
     * @throws {TypeError} at once, on arguments that make no request
     */
    return function request(options) {
        const call = prepare(options, settings);
        const start = () => (options.sequential ? queue(() => run(call)) : run(call));
        return options.background ? start() : watched(start);
    };
}

/** @type {ReturnType<typeof requestFactory> | undefined} */
let standard;

/**
 * Sets up what {@link request} does: once, before the page's first call.
 *
 * @param {RequestSettings} settings
 */
export function configureRequest(settings) {
    standard = requestFactory(settings);
}

/**
 * `request()` of the page: with what {@link configureRequest} was given, else with a handler that fetches
 * its first tickets itself.
 *
 * @param {RequestOptions} options
 * @returns {Promise<any>}
 */
export function request(options) {
    standard ??= requestFactory();
    return standard(options);
}

/**
 * What is to be sent, fixed when the call is made: it may have to wait for its turn.
 *
 * @param {RequestOptions} options
 * @param {RequestSettings} settings
 * @returns {import('./request-exchange.js').Call & {noToken: boolean}}
 */
function prepare(options, settings) {
    const { url, method: verb = 'GET', headers = {}, data, contentType, dataType } = options;
    if (typeof url !== 'string' || url === '') {
        throw new TypeError('a request needs a `url`');
    }
    const { accept, read } = reader(dataType);
    const method = verb.toUpperCase();
    const { query, body, type } = encode(method, data, contentType);
    const { href } = new URL(withQuery(url, query), globalThis.document?.baseURI ?? globalThis.location?.href);
    const set = new Headers();
    for (const [name, value] of Object.entries(headers)) {
        if (value !== undefined && value !== null) {
            set.set(name, value);
        }
    }
    if (!set.has('Accept')) {
        set.set('Accept', accept);
    }
    if (type !== undefined && !set.has('Content-Type')) {
        set.set('Content-Type', type);
    }
    const { timeout = settings.timeout ?? 0, noToken } = options;
    return {
        url: href,
        method,
        // A stream is sent while it is read, and only if that is said.
        init: { method, headers: set, body, ...(body instanceof ReadableStream && { duplex: 'half' }) },
        read,
        timeout,
        noToken: Boolean(settings.noToken || noToken),
        failures: settings.failures ?? 'reject',
    };
}

/**
 * Calls `onStart` and `onStop` as the calls under way begin to be some, and cease to be any.
 *
 * @param {RequestSettings} settings
 */
function watch({ onStart, onStop }) {
    let running = 0;
    return async (/** @type {() => Promise<any>} */ start) => {
        running += 1;
        try {
            if (running === 1) {
                onStart?.();
            }
            return await start();
        } finally {
            running -= 1;
            if (running === 0) {
                onStop?.();
            }
        }
    };
}
