// A service with a page of the test's own on its very origin, and the modules of `@countersign/browser`.

import { readFile } from 'node:fs/promises';
import { request as send } from 'node:http';
import { extname } from 'node:path';

import { startSite } from './site.mjs';

const FOLDER = '/@countersign/browser/';
const PACKAGE = new URL('../../clients/browser/', import.meta.url);
const TYPES = { '.js': 'text/javascript', '.html': 'text/html; charset=utf-8' };

/** What a page says to import the package by its name. */
export const IMPORTS = `<script type="importmap">${JSON.stringify({
    imports: {
        '@countersign/browser': `${FOLDER}src/index.js`,
        '@countersign/browser/axios': `${FOLDER}src/axios.js`,
        '@countersign/browser/request': `${FOLDER}src/request.js`,
    },
})}</script>`;

/** A file of the package, where a URL of a site's names one. */
export async function packageFile({ pathname }) {
    if (!pathname.startsWith(FOLDER)) {
        return undefined;
    }
    const file = new URL(pathname.slice(FOLDER.length), PACKAGE);
    const headers = { 'Content-Type': TYPES[extname(pathname)] };
    return file.href.startsWith(PACKAGE.href) ? { headers, body: await readFile(file) } : undefined;
}

/**
 * Stands in front of the service at `base`: what `answer` and the package do not know is passed on to it, under
 * the name by which the browser has called.
 *
 * @returns as `startSite`, with `requests`: `{method, path, headers, status}` of all that was passed on
 */
export async function startPackageSite(base, answer = async () => undefined) {
    const requests = [];
    const site = await startSite(async (url, request) => {
        const own = await packageFile(url) ?? await answer(url, request);
        if (own) {
            return own;
        }
        const reply = await forward(new URL(request.url, base), request);
        requests.push({
            method: request.method,
            path: request.url,
            headers: request.headers,
            status: reply.status,
        });
        return reply;
    });
    return { ...site, requests };
}

function forward(url, incoming) {
    return new Promise((done, failed) => {
        const { method, headers } = incoming;
        const outgoing = send(url, { method, headers }, async reply => {
            const chunks = [];
            for await (const chunk of reply) {
                chunks.push(chunk);
            }
            const { connection, 'keep-alive': _, 'transfer-encoding': __, ...kept } = reply.headers;
            done({ status: reply.statusCode, headers: kept, body: Buffer.concat(chunks) });
        });
        incoming.pipe(outgoing.once('error', failed));
        // Who goes away in the middle of a request sends no more of it.
        incoming.once('close', () => incoming.complete || outgoing.destroy());
    });
}
