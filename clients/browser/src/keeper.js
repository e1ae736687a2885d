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

import { inPage, resolve } from './page-source.js';
import { isRefusal, needOf, then } from './rules.js';
import { isToken, kindOf, readSource } from './source.js';

/**
 * @typedef {import('./document.js').ClientDocument} ClientDocument
 * @typedef {import('./document.js').Obtain} Obtain
 * @typedef {import('./document.js').Source} Source
 * @typedef {import('./types.js').Answer} Answer
 * @typedef {import('./types.js').Asked} Asked
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
export function createKeeper(rules, { base, store, fetch, now = Date.now }) {
    const { origin, href } = new URL(base ?? location.href);
    const { token, obtain = [], deliver = {} } = rules;
    // Not by its location: that of a sandboxed page says nothing of its origin.
    const own = globalThis.origin === origin;
    const page = own ? globalThis.document : undefined;
    const { once } = token ?? {};
    const limit = ((token?.lifetime ?? Infinity) - MARGIN) * 1000;

    /** Values, and when they came; the oldest first. @type {Map<string, number>} */
    let held = new Map();
    let header = token?.header ?? '';
    /** What was refused is not taken out of the page again, until the server has been asked. @type {string | undefined} */
    let refused;
    /** @type {Promise<boolean> | undefined} */
    let fetching;
    /** Counts what was dropped: whatever comes of before is too late. */
    let age = 0;
    let taken = 0;

    /** @param {string | URL} url */
    const parse = url => resolve(url, page, href);
    /**
     * How closely a document means a request by `METHOD PATH?QUERY`; below zero: not at all.
     *
     * @param {string | undefined} meant
     * @param {Asked} asked
     */
    const fit = (meant = '', { method, url }) => {
        const { pathname, search } = /** @type {URL} */ (parse(url));
        return [`${method} *`, `${method} ${pathname}`, `${method} ${pathname}${search}`].lastIndexOf(meant);
    };

    /** @param {string[]} values @param {number} [ts] */
    const put = (values, ts = now()) => {
        const fresh = values.filter(isToken);
        if (once && store) {
            return Promise.all(fresh.map(value => store.put(value, ts))).then(() => fresh.length > 0);
        }
        if (!once && fresh.length) {
            held.clear();
            fresh.length = 1;
        }
        fresh.forEach(value => held.has(value) || held.set(value, ts));
        return fresh.length > 0;
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
        /** Whether the page is of this origin. */
        own,
        get header() { return header; },
        field: token?.field,
        onEmpty: undefined,
        get age() { return age; },
        /** Whether all that is held must be waited for. */
        waits: !!(once && store),

        /**
         * Rules 1 and 2.
         *
         * @param {string} method
         * @param {string | URL} url
         * @returns {import('./types.js').Need} `none` for every other origin
         */
        need(method, url) {
            const at = parse(url);
            return token && at?.origin === origin ? needOf(rules, method, at.pathname) : 'none';
        },

        /** Whether a URL is of this origin. @param {string | URL} url */
        isOwn: url => parse(url)?.origin === origin,
        parse,

        /**
         * Rule 4, without waiting: what is held, in a cookie or in the page. With a `store` of one's own, what
         * is in there has to be waited for.
         *
         * @returns {Ticket | undefined}
         */
        takeNow() {
            for (const [value, ts] of held) {
                const good = now() - ts < limit;
                if (once || !good) {
                    held.delete(value);
                }
                if (good) {
                    taken++;
                    return { value, ts };
                }
            }
            return found();
        },

        /** Rule 4, without a request: as {@link keeper.takeNow}, and of the `store`. */
        async atHand() {
            const ticket = once && await store?.take();
            taken += ticket ? 1 : 0;
            return ticket || keeper.takeNow();
        },

        /**
         * Rule 4.
         *
         * @param {string} [url] - for which request; only an obtain from `*` asks
         * @returns {Promise<Ticket | undefined>} `undefined`: none is to be had
         */
        async take(url) {
            for (let before = -1; ;) {
                const ticket = await keeper.atHand();
                // With one-time tickets, others may have been faster. If nobody was, what came is no good.
                if (ticket || taken === before) {
                    return ticket;
                }
                before = taken;
                if (!await keeper.refresh(url)) {
                    return undefined;
                }
            }
        },

        /**
         * Fetches new tokens, once for all who ask meanwhile.
         *
         * @param {string} [url] - for which request
         * @returns {Promise<boolean>} whether any came
         */
        refresh(url) {
            fetching ??= fetchAny(url).finally(() => { fetching = undefined; });
            return fetching;
        },

        /**
         * Rules 6 and 8.
         *
         * @param {Asked} asked - method and URL of the request
         * @param {Answer} answer - of this origin
         * @returns {boolean | Promise<boolean>} whether it brought a token
         */
        learn(asked, answer) {
            if (!token) {
                return false;
            }
            if (fit(rules.login?.request, asked) > 0 || fit(rules.logout?.request, asked) > 0) {
                keeper.drop();
            }
            const [best] = obtain
                .map(({ request, from }) => ({ from, fits: fit(request, asked) }))
                .filter(({ fits }) => fits >= 0)
                .sort((a, b) => b.fits - a.fits);
            return learnFrom(answer, best?.from);
        },

        /** Rule 7. @param {Answer} answer */
        isRefusal: answer => isRefusal(rules, answer),

        /**
         * Rule 7: what to send after a refusal, as far as it is at hand.
         *
         * @param {Asked} asked
         * @param {Answer} answer
         * @param {Ticket | undefined} sent
         * @param {number} since - `age` when the request was sent
         */
        refuse(asked, answer, sent, since) {
            if (sent) {
                refused = sent.value;
            }
            // What came since then is another session's, or somebody else's after the same refusal.
            if (since === age && (!sent || once || !held.size || held.has(sent.value))) {
                keeper.drop();
            }
            const source = rules.refusal?.token;
            return source ? learnFrom(answer, source, true) : keeper.learn(asked, answer);
        },

        /**
         * Takes in a token from elsewhere.
         *
         * @param {string} value
         * @param {number} [ts]
         */
        put: (value, ts) => put([value], ts),

        /** Rule 9. @param {Ticket} [ticket] @returns {unknown} */
        giveBack(ticket) {
            if (once && ticket) {
                if (store) {
                    return store.giveBack(ticket);
                }
                held = new Map([[ticket.value, ticket.ts], ...held]);
            }
            return undefined;
        },

        /** Forgets all that is held. */
        drop() {
            age++;
            held.clear();
            return once && store?.clear();
        },
    };

    /** What the headers of any answer bring. @param {Answer} answer */
    function delivered({ header: read }) {
        let name;
        let value;
        for (const [key, template] of Object.entries(deliver)) {
            const said = read(key);
            if (template === '{header}' && said && /^[\w!#$%&'*+.^`|~-]+$/.test(said)) {
                name = said;
            } else if (template === '{token}') {
                value = said;
            }
        }
        // The header that is named holds the token itself.
        value = name ? read(name) : value;
        if (!isToken(value)) {
            return [];
        }
        header = name ?? header;
        return [value];
    }

    /**
     * @param {Answer} answer
     * @param {Source} [source] - where the place that was asked says its tokens
     * @param {boolean} [whole] - whatever the status
     * @returns {boolean | Promise<boolean>}
     */
    function learnFrom(answer, source, whole) {
        const { status, header, text } = answer;
        const [kind] = source ? kindOf(source) : [''];
        const reads = source && !/header|cookie/.test(kind);
        // The text of an error page is no token, and what is no page is not read through for a tag.
        if (reads && !whole && (status < 200 || status > 299)
            || /meta|input/.test(kind) && !/html/.test(`${header('Content-Type')}`)) {
            source = undefined;
        }
        const came = delivered(answer);
        // What a cookie holds is read whenever it is needed.
        if (kind === 'cookie' && found()) {
            return true;
        }
        return then(source && reads ? text() : '', body => {
            const more = source ? readSource(source, { header, body }) : [];
            return put([...new Set([...came, ...more])]);
        });
    }

    /** @param {string} [url] */
    async function fetchAny(url) {
        for (const { request, headers, from } of obtain) {
            const [method, path] = request.split(' ');
            const place = resolve(path === '*' ? url ?? '' : origin + path);
            if (!/^(GET|HEAD)$/.test(method) || place?.origin !== origin) {
                continue;
            }
            const since = age;
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
                if (since === age && keeper.isOwn(response.url || place)
                    && await learnFrom(answerOf(response), from)) {
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

/**
 * An answer of `fetch`, whose body stays whole.
 *
 * @param {Response} response
 * @returns {Answer}
 */
export function answerOf(response) {
    /** @type {Promise<string> | undefined} */
    let text;
    return {
        status: response.status,
        header: name => response.headers.get(name),
        text: () => text ??= response.clone().text(),
    };
}
