// An app of the test's own that demands tokens, serves the browser client, and keeps what it is sent; and a browser at it.

import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach } from 'node:test';

import { startChromium } from './chromium.mjs';
import { startEavesdropper } from './eavesdropper.mjs';
import { startSite } from './site.mjs';

const CLIENT = new URL('../../clients/browser/', import.meta.url);

/** The app's convention. */
export const DOCUMENT = {
    version: 1,
    dialect: 'app',
    protect: { methods: 'unsafe', require: 'token' },
    token: { header: 'X-App-Token', field: 'app_token' },
    obtain: [{ request: 'GET /token', from: 'text' }],
    refusal: { status: 403, contains: 'no good token' },
    websocket: { query: 'app_token' },
};

/**
 * @param {(url: URL, request, body: string) => object | undefined} [more] - answers of the test's own
 */
export async function startApp(more = () => undefined) {
    const app = { asked: [], tokens: 0, good: undefined, slow: undefined };
    const site = await startSite(async (url, request) => {
        const { pathname } = url;
        if (pathname.startsWith('/client/')) {
            const file = new URL(pathname.slice('/client/'.length), CLIENT);
            return { headers: { 'Content-Type': 'text/javascript' }, body: await readFile(file) };
        }
        let body = '';
        for await (const chunk of request.setEncoding('latin1')) {
            body += chunk;
        }
        const { method, headers } = request;
        app.asked.push({ method, url: pathname + url.search, headers, body });
        const own = more(url, request, body);
        if (own) {
            return own;
        }
        if (pathname === '/page') {
            return { body: '<!doctype html><title>An app</title><body><iframe name="frame"></iframe>' };
        }
        if (pathname === '/token') {
            await app.slow;
            app.tokens += 1;
            app.good = `token-${app.tokens}`;
            return { headers: { 'Content-Type': 'text/plain' }, body: app.good };
        }
        if (pathname === '/.well-known/csrf') {
            return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(DOCUMENT) };
        }
        if (method !== 'GET' && headers['x-app-token'] !== app.good && !body.includes(`${app.good}`)) {
            return { status: 403, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ error: 'no good token', next: app.good }) };
        }
        return { headers: { 'Content-Type': 'application/json' }, body: '{"done":true}' };
    });
    return Object.assign(app, site, {
        /** Forgets what was asked so far, and every token. */
        reset: () => Object.assign(app, { asked: [], tokens: 0, good: undefined, slow: undefined }),
        /** What came for a path. */
        for: path => app.asked.filter(({ url }) => url === path),
    });
}

const WORKER = `
    import { install } from '/client/src/index.js';
    install({ document: ${JSON.stringify(DOCUMENT)} });
    addEventListener('install', () => skipWaiting());
    addEventListener('activate', event => event.waitUntil(clients.claim()));
    addEventListener('message', event => {
        event.waitUntil(fetch('/own', { method: 'POST' }).then(reply => event.source.postMessage(reply.status)));
    });
`;

/**
 * For each test of a file, a fresh page in a browser, the app and somebody elsewhere who hears what is sent there.
 * The app sends `/away` on to them, and serves a service worker.
 */
export function useApp() {
    const it = {};
    let browser;
    before(async () => {
        it.eavesdropper = await startEavesdropper();
        it.app = await startApp(({ pathname, searchParams }) => {
            switch (pathname) {
                case '/away':
                    return { status: +searchParams.get('status'), headers: { Location: `${it.eavesdropper.origin}/taken` }, body: '' };
                case '/sandboxed':
                    return {
                        headers: { 'Content-Type': 'text/html', 'Content-Security-Policy': 'sandbox allow-scripts' },
                        body: `<!doctype html><title>A page of no origin</title><meta name="csrf-token" content="secret">
                            <meta name="csrf-header" content="X-App-Token"><script src="/client/dist/csrf.js"></script>
                            <script>fetch('/own', { method: 'POST', body: 'x' })</script>`,
                    };
                case '/worker.js':
                    return { headers: { 'Content-Type': 'text/javascript' }, body: WORKER };
                case '/empty-refusal':
                    return { status: 403, headers: {}, body: '' };
                default:
                    return undefined;
            }
        });
        browser = await startChromium();
    });
    after(async () => {
        await browser?.close();
        await it.app?.close();
        await it.eavesdropper?.close();
    });
    beforeEach(async () => {
        it.app.reset();
        it.profile = await browser.profile();
        it.page = await it.profile.newPage();
    });
    afterEach(() => it.profile.close());

    return Object.assign(it, {
        /** Opens the app's page with the client in it. */
        async open(options = { document: DOCUMENT }) {
            await it.page.goto(`${it.app.origin}/page`);
            await it.page.evaluate(async options => {
                const { install } = await import('/client/src/index.js');
                window.csrf = install(options);
                await window.csrf.ready;
            }, options);
        },
        /** The token that a request for a path carried. */
        header: (path, at = 0) => it.app.for(path)[at]?.headers['x-app-token'],
        /**
         * Waits for requests. An answer of the app wakes the page, so that nothing is waited for by the clock; a page
         * in a sandbox may not read it, which is all the same.
         */
        async arrives(path, count = 1) {
            while (it.app.for(path).length < count) {
                await it.page.evaluate(() => fetch('/tick').catch(() => {}));
            }
            return it.app.for(path);
        },
    });
}
