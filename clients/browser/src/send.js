// Sends requests of one origin with what they must carry.

import { answerOf } from './answer.js';

/**
 * @typedef {import('./types.js').Asked} Asked
 * @typedef {import('./types.js').Client} Client
 * @typedef {import('./types.js').Keeper} Keeper
 * @typedef {import('./types.js').Ticket} Ticket
 */

/**
 * A client with tokens of its own.
 *
 * @param {Keeper} keeper
 * @param {typeof fetch} native - what sends
 * @returns {Client}
 */
export function clientOf(keeper, native) {
    return {
        document: keeper.document,
        origin: keeper.origin,
        get header() { return keeper.header; },
        field: keeper.field,
        keeper,
        need: keeper.need,
        take: keeper.take,
        takeNow: keeper.takeNow,
        giveBack: keeper.giveBack,
        refresh: keeper.refresh,
        put: keeper.put,
        drop: keeper.drop,
        learn: async (asked, response) => keeper.learn(asked, answerOf(asked.url, response)),
        isRefusal: async response => keeper.isRefusal(answerOf(keeper.origin, response)),
        send: (input, init) => send(keeper, native, input, init),
    };
}

/**
 * @param {Keeper} keeper
 * @param {typeof fetch} native
 * @param {RequestInfo | URL} input
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
export async function send(keeper, native, input, init) {
    // Read once: an object may say something else the second time.
    if (init instanceof Request) {
        // What it says stands in its prototype, where a copy of it finds nothing.
        [input, init] = [new Request(input, init), undefined];
    }
    const given = init && { .../** @type {RequestInit & { duplex?: string }} */ (init) };
    const request = new Request(input, given);
    // Read from a request of our own: the caller's may have been given other words.
    const { method, url } = request;
    const asked = { method, url };
    if (!keeper.isOwn(url) || request.mode === 'navigate') {
        return native(request);
    }
    const need = keeper.need(method, url);
    if (need === 'none' || request.headers.has(keeper.header)) {
        const response = await native(request);
        await learn(response);
        return response;
    }
    // Made anew, a request is much cheaper than a clone, whose body has to be kept while it is sent. A stream, which is
    // known by its `duplex`, is gone once it was sent.
    const spare = given?.duplex ? undefined
        : given && !(input instanceof Request) ? new Request(url, { ...given, method }) : request.clone();
    request.signal.throwIfAborted();
    const sent = await unlessAborted(need === 'token' ? keeper.take(url) : keeper.atHand());
    if (!sent && need === 'token') {
        await keeper.onEmpty?.(asked);
    }
    const since = keeper.age;
    const response = await carry(request, sent, since);
    const answer = answerOf(url, response);
    if (!spare || !await keeper.isRefusal(answer)) {
        await keeper.learn(asked, answer);
        return response;
    }
    await keeper.refuse(asked, answer, sent, since);
    // Where none was to be had before, none is to be had now, but by the refusal.
    const fresh = await (sent || need === 'either' ? keeper.take(url) : keeper.atHand());
    if (!fresh || fresh.value === sent?.value) {
        return response;
    }
    response.body?.cancel().catch(() => {});
    const second = await carry(spare, fresh, keeper.age);
    await learn(second);
    return second;

    /** @param {Promise<Ticket | undefined>} coming */
    function unlessAborted(coming) {
        const { signal } = request;
        return new Promise((done, failed) => {
            const abort = () => {
                failed(signal.reason);
                coming.then(keeper.giveBack);
            };
            signal.addEventListener('abort', abort);
            // Later, the ticket is on its way, and nobody's to give back.
            coming.finally(() => signal.removeEventListener('abort', abort)).then(done, failed);
        });
    }

    /** @param {Response} response */
    function learn(response) {
        return keeper.learn(asked, answerOf(url, response));
    }

    /**
     * @param {Request} request
     * @param {Ticket | undefined} ticket
     * @param {number} since
     */
    async function carry(request, ticket, since) {
        if (!ticket) {
            return native(request);
        }
        // A redirect to another origin must fail before anything is sent there. Where this is not the page's own
        // origin, only no redirect at all is sure.
        const { redirect } = request;
        const stays = new Request(
            request, keeper.own ? { mode: 'same-origin' } : { redirect: redirect === 'follow' ? 'error' : redirect },
        );
        stays.headers.set(keeper.header, ticket.value);
        try {
            return await native(stays);
        } catch (error) {
            // Once it was on its way, the server may have spent it.
            if (since === keeper.age && !request.signal.aborted) {
                await keeper.giveBack(ticket);
            }
            throw error;
        }
    }
}
