// Pages as they are: under a strict policy, come back to, behind a service worker, in several tabs, with large
// files, and on a bad network. The app takes one-time tickets, so that nothing works by luck.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { inBothBrowsers } from './both.mjs';
import { packageFile } from './package-site.mjs';
import { startSite } from './site.mjs';

const SCRIPT = new URL('pages/client-pages.js', import.meta.url);
const LIMIT_MS = 15_000;
const MEGABYTE = 1024 * 1024;
const FIELD = 'csrf_token';
const HEADER = 'x-csrf-token';

const DOCUMENT = {
    version: 1,
    dialect: 'test',
    protect: { methods: 'unsafe', require: 'token' },
    token: { header: 'X-CSRF-Token', field: FIELD, once: true, lifetime: 600, pool: 5 },
    deliver: { 'X-CSRF-Token': '{token}' },
    obtain: [{ request: 'GET /tickets', from: { 'require-config': '/config/pool/tickets' } }],
    refusal: { status: 403 },
};
/** For the page whose tickets stand in another page's `<meta>`. */
const BY_META = { ...DOCUMENT, obtain: [{ request: 'GET /with-meta', from: { meta: 'ticket' } }] };

const STRICT = [
    'default-src \'none\'', 'script-src \'self\'', 'connect-src \'self\'', 'form-action \'self\'', 'worker-src \'self\'',
    'base-uri \'none\'',
].join('; ');
const TRUSTED = `${STRICT}; require-trusted-types-for 'script'; trusted-types 'none'`;

const WORKER = `
    addEventListener('install', () => skipWaiting());
    addEventListener('activate', event => event.waitUntil(clients.claim()));
    addEventListener('fetch', event => event.respondWith(fetch(event.request)));
`;

let app, document, folder, largeFile;
/** The tickets that are still good. */
let good = new Set();
/** What was taken or refused: `{path, status, headers, body}`. */
let asked = [];
let wake = () => {};

before(async () => {
    app = await startSite(answer);
    folder = await mkdtemp(join(tmpdir(), 'countersign-'));
    largeFile = join(folder, 'large.bin');
    await writeFile(largeFile, Buffer.alloc(16 * MEGABYTE, 65));
});
after(async () => {
    await app?.close();
    await rm(folder, { recursive: true });
});

function ticket() {
    const made = randomBytes(20).toString('hex');
    good.add(made);
    return made;
}

const configuration = pool => `require.config(${JSON.stringify({ config: { pool } })});`;

const HTML = { 'Content-Type': 'text/html; charset=utf-8' };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const SCRIPT_TYPE = { 'Content-Type': 'text/javascript' };

async function answer(url, request) {
    const { pathname } = url;
    const { method, headers } = request;
    const file = await packageFile(url);
    if (file) {
        return file;
    }
    switch (pathname) {
        case '/page':
            return {
                headers: { ...HTML, 'Content-Security-Policy': url.searchParams.has('worker') ? STRICT : TRUSTED },
                body: `<!doctype html><title>A page</title><link rel="icon" href="data:,">
                    <script type="module" src="/page.js"></script>
                    <form id="small" method="post" action="/small"><input name="a" value="b"><button>Send</button></form>
                    <form id="large" method="post" action="/large" enctype="multipart/form-data">
                        <input type="file" name="file"><input name="note" value="the end"><button>Send</button></form>
                    <a href="/elsewhere">Elsewhere</a>`,
            };
        case '/page.js':
            return { headers: SCRIPT_TYPE, body: await readFile(SCRIPT) };
        case '/worker.js':
            return { headers: SCRIPT_TYPE, body: WORKER };
        case '/elsewhere':
            return { headers: HTML, body: '<!doctype html><title>Elsewhere</title>' };
        case '/.well-known/csrf':
            return { headers: JSON_TYPE, body: JSON.stringify(document) };
        case '/tickets':
            return { headers: SCRIPT_TYPE, body: configuration({ tickets: Array.from({ length: 5 }, ticket) }) };
        case '/with-meta':
            return { headers: HTML, body: `<!doctype html><meta name="ticket" content="${ticket()}"><p>A page` };
    }
    if (method !== 'POST') {
        return undefined;
    }
    const chunks = [];
    for await (const chunk of request) {
        chunks.push(chunk);
    }
    const body = Buffer.concat(chunks).toString('latin1');
    const sent = headers[HEADER] ?? body.match(new RegExp(`${FIELD}(?:=|"\\r\\n\\r\\n)([0-9a-f]{40})`))?.[1];
    if (pathname === '/dropped') {
        asked.push({ path: pathname, sent, headers, body });
        request.socket.destroy();
        return undefined;
    }
    const status = good.delete(sent) ? 200 : 403;
    asked.push({ path: pathname, status, sent, headers, body });
    wake();
    return status === 403 ? { status, body: '' }
        : { headers: { ...HTML, 'X-CSRF-Token': ticket() }, body: '<!doctype html><title>Taken</title>' };
}

/** Waits for a request that changes something. */
const hears = found => new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error('nothing of the kind came to the app')), LIMIT_MS);
    wake = () => {
        if (asked.some(found)) {
            clearTimeout(late);
            done();
        }
    };
    // It may have come before anybody waited.
    wake();
});

const statuses = path => asked.filter(request => request.path === path).map(({ status }) => status);

inBothBrowsers(({ test, openProfile }) => {
    async function open(profile, query = '') {
        const page = await profile.newPage();
        await page.goto(`${app.origin}/page${query}`);
        await page.waitForFunction(() => window.ready);
        return page;
    }
    const fresh = async (rules = DOCUMENT) => {
        [document, good, asked] = [rules, new Set(), []];
        return openProfile();
    };
    const send = async (page, form) => {
        await page.click(`#${form} button`);
        await page.waitForFunction(() => document.title === 'Taken');
    };
    const ask = (page, how, path) => page.evaluate(([how, path]) => window.ask(how, path), [how, path]);
    const complaints = page => page.evaluate('violations');

    for (const [name, rules] of Object.entries({ 'a script': DOCUMENT, 'another page\'s `<meta>`': BY_META })) {
        test(`a policy without inline scripts, eval or markup from text; tickets from ${name}`, async () => {
            const page = await open(await fresh(rules));
            assert.equal(await ask(page, 'fetch', '/a'), 200);
            assert.equal(await ask(page, 'xhr', '/a'), 200);
            await page.evaluate('client.drop()');
            assert.equal(await ask(page, 'xhr', '/a'), 200);
            assert.deepEqual(await complaints(page), []);
            await page.evaluate('client.drop()');
            await send(page, 'small');
            assert.deepEqual([...statuses('/a'), ...statuses('/small')], [200, 200, 200, 200], 'none was refused');
        });
    }

    test('a page that is come back to works, with tickets of its own', async () => {
        const page = await open(await fresh());
        assert.equal(await ask(page, 'fetch', '/a'), 200);
        await page.goto(`${app.origin}/elsewhere`);
        // What the page had is gone meanwhile.
        good.clear();
        await page.evaluate(() => { setTimeout(() => history.back()); });
        await hears(({ path }) => path === '/small');
        assert.deepEqual(statuses('/back'), [200, 200], 'none was refused');
        assert.deepEqual(statuses('/small'), [200]);
    });

    test('a form that was sent, and come back to, is sent with another ticket', async () => {
        const page = await open(await fresh());
        await send(page, 'small');
        await page.evaluate(() => { setTimeout(() => history.back()); });
        await hears(() => statuses('/small').length === 2);
        assert.deepEqual(statuses('/small'), [200, 200]);
        for (const { body } of asked.filter(({ path }) => path === '/small')) {
            assert.equal(body.split(`${FIELD}=`).length - 1, 1, 'one field');
        }
    });

    test('behind a service worker that passes everything on', async () => {
        const page = await open(await fresh(), '?worker');
        assert.equal(await ask(page, 'fetch', '/a'), 200);
        assert.equal(await ask(page, 'xhr', '/a'), 200);
        assert.equal(await page.evaluate(size => window.upload('fetch', '/a', size), MEGABYTE), 200);
        assert.deepEqual(statuses('/a'), [200, 200, 200]);
        await send(page, 'small');
        assert.deepEqual(statuses('/small'), [200]);
    });

    for (const how of ['fetch', 'xhr']) {
        test(`a file of 16 MB by ${how} is sent whole, and once more after a refusal`, async () => {
            const page = await open(await fresh());
            await ask(page, how, '/first');
            good.clear();
            assert.equal(await page.evaluate(
                ([how, size]) => window.upload(how, '/large', size), [how, 16 * MEGABYTE],
            ), 200);
            const uploads = asked.filter(({ path }) => path === '/large');
            assert.deepEqual(uploads.map(({ status }) => status), [403, 200]);
            for (const { body } of uploads) {
                assert.ok(body.includes('A'.repeat(16 * MEGABYTE)) && body.includes('the end'));
            }
        });

        test(`a ticket whose request got lost is the next one, by ${how}`, async () => {
            const page = await open(await fresh());
            assert.equal(await ask(page, how, '/dropped'), 'lost');
            assert.equal(await ask(page, how, '/a'), 200);
            const lost = asked.find(({ path }) => path === '/dropped');
            assert.equal(asked.find(({ path }) => path === '/a').sent, lost.sent);
        });
    }

    test('a form with a file of 16 MB: the ticket comes before it', async () => {
        const page = await open(await fresh());
        await page.setInputFiles('#large [type="file"]', largeFile);
        await send(page, 'large');
        const [{ body }] = asked;
        assert.ok(body.includes('A'.repeat(16 * MEGABYTE)) && body.includes('the end'));
        assert.ok(body.indexOf(FIELD) < body.indexOf('large.bin'));
        assert.deepEqual(statuses('/large'), [200]);
    });

    test('three tabs at once, each with tickets of its own', async () => {
        const profile = await fresh();
        const pages = [];
        for (let tab = 0; tab < 3; tab++) {
            pages.push(await open(profile));
        }
        const found = await Promise.all(pages.map(page => page.evaluate(() => Promise.all(
            Array.from({ length: 20 }, (_, at) => window.ask(at % 2 ? 'fetch' : 'xhr', '/a')),
        ))));
        assert.deepEqual(found.flat(), Array(60).fill(200));
        assert.deepEqual(statuses('/a'), Array(60).fill(200), 'none was refused');
        assert.equal(new Set(asked.map(({ sent }) => sent)).size, 60);
    });
}, { keepsPages: true });
