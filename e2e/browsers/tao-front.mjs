// In front of the tao service, on one origin with it: a page of the test's own, the browser client's files,
// and a record of which tickets came by and what the service said to them.

import { readFile } from 'node:fs/promises';
import { request as send } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startSite } from './site.mjs';

const FILES = {
    '/client/': new URL('../../clients/browser/', import.meta.url),
    '/page/': new URL('pages/', import.meta.url),
};
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html; charset=utf-8' };

/** Nothing inline, no foreign place, no text that becomes HTML. */
const STRICT = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    + "require-trusted-types-for 'script'; trusted-types 'none'";

const CONFIG = '/tao/ClientConfig/config';

/**
 * @param {string} tao - where the service is
 */
export async function startTaoFront(tao) {
    const front = {
        /** Requests in the order in which they came. */
        exchanges: [],
        /** How many calls were under way at most at the same time. */
        most: 0,
        /** `(url, request) => reply`, in place of the service's where there is one. */
        answer: undefined,
        /** Keeps the service's replies until it resolves. */
        late: undefined,
    };
    let running = 0;

    const site = await startSite(async (url, incoming) => {
        for (const [prefix, folder] of Object.entries(FILES)) {
            if (url.pathname.startsWith(prefix)) {
                const path = fileURLToPath(new URL(url.pathname.slice(prefix.length), folder));
                return {
                    headers: {
                        'Content-Type': TYPES[extname(path)],
                        ...(url.search !== '?open' && { 'Content-Security-Policy': STRICT }),
                    },
                    body: await readFile(path),
                };
            }
        }
        const exchange = {
            line: `${incoming.method} ${incoming.url}`,
            path: url.pathname,
            ticket: incoming.headers['x-csrf-token'],
        };
        front.exchanges.push(exchange);
        // Of calls: what a browser asks for by itself may come at any time.
        const counts = url.pathname.startsWith('/tao/items') ? 1 : 0;
        running += counts;
        front.most = Math.max(front.most, running);
        try {
            const canned = await front.answer?.(url, incoming);
            const reply = canned ?? await forward(tao + incoming.url, incoming);
            exchange.status = reply.status ?? 200;
            await front.late;
            return reply;
        } finally {
            running -= counts;
        }
    });
    return Object.assign(front, {
        ...site,
        page: `${site.origin}/page/client-tickets.html`,
        /** The same without a policy, for what a strict one would keep from happening at all. */
        openPage: `${site.origin}/page/client-tickets.html?open`,
        /** Calls, without the fetches of tickets. */
        calls: () => front.exchanges.filter(({ path }) => path !== CONFIG),
        batches: () => front.exchanges.filter(({ path }) => path === CONFIG).length,
        /** Begins a new record. */
        reset() {
            Object.assign(front, { exchanges: [], most: 0, answer: undefined, late: undefined });
        },
    });
}

/** As it came: the service takes the name by which it is asked for its own. */
function forward(url, incoming) {
    return new Promise((done, failed) => {
        const outgoing = send(url, { method: incoming.method, headers: incoming.headers }, async reply => {
            const body = Buffer.concat(await reply.toArray());
            const { connection, 'transfer-encoding': _, ...headers } = reply.headers;
            done({ status: reply.statusCode, statusText: reply.statusMessage, headers, body });
        });
        incoming.pipe(outgoing.once('error', failed));
    });
}
