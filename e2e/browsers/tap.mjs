// Listens in between a browser and a service. What a page may see of a cross-origin answer is little, and
// what the browser's own tools show of it depends on how it was sent; here it is on the wire.

import { request as send } from 'node:http';

import { startSite } from './site.mjs';

const LIMIT_MS = 15_000;

/**
 * Stands in for the service at `base`, on a port of its own, and passes everything on as it came, under the
 * service's own name.
 */
export async function startTap(base) {
    const exchanges = [];
    let wake = () => {};
    const { host } = new URL(base);

    const site = await startSite(async ({ pathname }, incoming) => {
        const exchange = await forward(base + incoming.url, incoming, { ...incoming.headers, host });
        exchanges.push({ path: pathname, ...exchange });
        wake();
        return exchange;
    });
    return {
        ...site,
        /** The first exchange about `path`. */
        exchange: path => new Promise((found, failed) => {
            const late = setTimeout(() => failed(new Error(`no request for ${path} came by`)), LIMIT_MS);
            wake = () => {
                const exchange = exchanges.find(exchange => exchange.path === path);
                if (exchange) {
                    clearTimeout(late);
                    found(exchange);
                }
            };
            wake();
        }),
    };
}

function forward(url, incoming, headers) {
    return new Promise((done, failed) => {
        const outgoing = send(url, { method: incoming.method, headers }, async reply => {
            let body = '';
            for await (const chunk of reply.setEncoding('utf8')) {
                body += chunk;
            }
            done({
                sent: headers,
                status: reply.statusCode,
                headers: withoutFraming(reply.headers),
                body,
            });
        });
        incoming.pipe(outgoing.once('error', failed));
    });
}

/** How a body is cut up is each connection's own affair. */
function withoutFraming({ connection, 'keep-alive': _, 'transfer-encoding': __, ...headers }) {
    return headers;
}
