// Keeps the tokens of one origin: takes, learns, fetches and gives back. The rules of every Countersign client:
//
//  1. Scope. A token belongs to one origin, and goes nowhere else, by parsed URL, nor after a redirect.
//  2. Need. Method and path decide, by the document's routes, else by what it protects.
//  3. Not twice. Where the caller has set the token's header, it is left alone.
//  4. Take. A held token that is not too old (one-time: first in, first out), a cookie, the page, else the
//     first obtain that works, one at a time for all callers. Else the request goes without.
//  5. Carry. In the header; forms carry it in the field.
//  6. Learn. From the headers of every answer, and from answers of the places that hand out tokens.
//  7. Retry once, on the server's own typed refusal, with another token.
//  8. Session. After logging in or out all tokens are dropped.
//  9. Give back. A one-time ticket whose request had no answer is the next one.
// 10. Secrets. No token in a log, an error or a URL (but where a WebSocket wants it there).

import { answerOf, delivered, readAnswer } from './answer.js';
import { inPage, originOf, resolve } from './page-source.js';
import { createPool } from './pool.js';
import { fits, isRefusal, needOf, then } from './rules.js';
import { isToken, kindOf } from './source.js';

/**
 * @typedef {import('./document.js').ClientDocument} ClientDocument
 * @typedef {import('./document.js').Source} Source
 * @typedef {import('./types.js').Answer} Answer
 * @typedef {import('./types.js').Keeper} Keeper
 * @typedef {import('./types.js').Store} Store
 * @typedef {import('./types.js').Ticket} Ticket
 *
 * @typedef {object} KeeperOptions
 * @property {string | URL} [base] - of this URL the origin counts; by default, the page's
 * @property {Store} [store] - for one-time tickets; other tokens stay in memory
 * @property {typeof fetch} fetch - fetches tokens
 * @property {() => number} [now] - milliseconds since the epoch
 */

/** Seconds that a token may still need on its way. */
const MARGIN = 5;
/** Milliseconds that fetching a token may take. */
const PATIENCE = 30_000;

/**
 * @param {ClientDocument} rules
 * @param {KeeperOptions} options
 * @returns {Keeper}
 */
export function createKeeper(rules, { base = location.href, store, fetch, now = Date.now }) {
    const { origin, href } = new URL(base);
    const { token, obtain = [], deliver = {} } = rules;
    // Not by its location: that of a sandboxed page says nothing of its origin.
    const own = globalThis.origin === origin;
    const page = own ? globalThis.document : undefined;
    const { once, lifetime = Infinity } = token ?? {};
    const pool = createPool({ once, limit: (lifetime - MARGIN) * 1000, now, store });

    /** What was refused is not taken out of the page again, until the server has been asked. @type {string | undefined} */
    let refused;
    /** @type {Promise<boolean> | undefined} */
    let fetching;
    /** Counts what was taken here. */
    let taken = 0;

    /** @param {string | URL} url */
    const parse = url => resolve(url, page, href);
    /** The URL, if it is of this origin. @param {string | URL} url */
    const local = url => {
        const place = parse(url);
        return place && originOf(place) === origin && place;
    };
    /** @param {string | URL} url */
    const isOwn = url => !!local(url);
    /** @param {string[]} values @param {number} [ts] */
    const put = (values, ts = now()) => pool.put(values.filter(isToken), ts);
    /** @param {Ticket} [ticket] */
    const count = ticket => {
        taken += ticket ? 1 : 0;
        return ticket;
    };

    /** A cookie's, or one that stands in the page. @returns {Ticket | undefined} */
    const found = () => {
        for (const { from } of page ? obtain : []) {
            const value = inPage(/** @type {Document} */ (page), from, once);
            if (isToken(value) && value !== refused) {
                return { value, ts: now() };
            }
        }
        return undefined;
    };

    /** @type {Keeper} */
    const keeper = {
        document: rules,
        origin,
        own,
        header: token?.header ?? '',
        field: token?.field,
        /** Counts what was dropped: whatever comes of before is too late. */
        age: 0,
        waits: pool.waits,

        // Rules 1 and 2.
        need(method, url) {
            const place = local(url);
            return token && place ? needOf(rules, method, place.pathname) : 'none';
        },
        isOwn,
        parse,

        // Rule 4.
        takeNow: () => count(pool.takeNow()) ?? found(),
        atHand: async () => count(await pool.take?.()) ?? keeper.takeNow(),
        async take(url) {
            for (let before = -1, lost = 0; ;) {
                const ticket = await keeper.atHand();
                // Somebody here was faster: more will come. Nobody was: others were, or what came is no good.
                lost = taken === before ? lost + 1 : 0;
                if (ticket || lost && !await pool.contested?.(lost)) {
                    return ticket;
                }
                before = taken;
                if (!await keeper.refresh(url)) {
                    return undefined;
                }
            }
        },
        refresh(url) {
            fetching ??= fetchAny(url).finally(() => { fetching = undefined; });
            return fetching;
        },

        // Rules 6 and 8.
        learn({ method, url }, answer) {
            const place = local(url);
            if (!place) {
                return false;
            }
            /** @param {string} [meant] */
            const fit = meant => fits(meant, method, place);
            if (fit(rules.login?.request) > 0 || fit(rules.logout?.request) > 0) {
                keeper.drop();
            }
            let best;
            for (const place of obtain) {
                if (fit(place.request) > fit(best?.request)) {
                    best = place;
                }
            }
            return learnFrom(answer, best?.from);
        },

        // Rule 7.
        isRefusal: answer => isOwn(answer.url) && isRefusal(rules, answer),
        refuse(asked, answer, sent, since) {
            if (sent) {
                refused = sent.value;
            }
            // What came since then is another session's, or somebody else's after the same refusal.
            if (since === keeper.age && pool.concerns(sent)) {
                keeper.drop();
            }
            const source = rules.refusal?.token;
            return source ? learnFrom(answer, source, true) : keeper.learn(asked, answer);
        },

        put: (value, ts) => put([value], ts),
        // Rule 9.
        giveBack: pool.giveBack,
        drop() {
            keeper.age++;
            return pool.drop();
        },
    };

    /**
     * @param {Answer} answer
     * @param {Source} [source] - where the place that was asked says its tokens
     * @param {boolean} [whole] - whatever the status
     * @returns {boolean | Promise<boolean>}
     */
    function learnFrom(answer, source, whole) {
        if (!token || !isOwn(answer.url)) {
            return false;
        }
        const { value, name } = delivered(deliver, answer);
        keeper.header = name ?? keeper.header;
        // What a cookie holds is read whenever it is needed.
        if (source && kindOf(source)[0] === 'cookie' && found()) {
            return true;
        }
        const came = value ? [value] : [];
        return then(source ? readAnswer(answer, source, whole) : [], more => put([...new Set([...came, ...more])]));
    }

    /** @param {string} [url] - for which request; by default one that is of no origin */
    async function fetchAny(url = 'data:') {
        for (const { request, headers, from } of obtain) {
            const [method, path] = request.split(' ');
            const place = local(path === '*' ? url : origin + path);
            if (!place || !/^(GET|HEAD)$/.test(method)) {
                continue;
            }
            const since = keeper.age;
            try {
                const response = await fetch(place, {
                    method,
                    headers,
                    mode: own ? 'same-origin' : 'cors',
                    credentials: 'include',
                    cache: 'no-store',
                    signal: AbortSignal.timeout(PATIENCE),
                });
                refused = undefined;
                // Somebody may have logged in meanwhile.
                if (since === keeper.age && await learnFrom(answerOf(place, response), from)) {
                    return true;
                }
            } catch {
                // The next one may work; and if none does, the server's refusal says what is wrong.
            }
        }
        return false;
    }

    return keeper;
}
