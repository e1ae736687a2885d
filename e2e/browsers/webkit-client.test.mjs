// `install()` and `request()` in WebKit, on pages of the playground's services: what only a browser's own fetch,
// forms, windows and storage can show. What a browser has no part in is tested in the others.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { inWebKit } from './in-webkit.mjs';
import { IMPORTS, startPackageSite } from './package-site.mjs';
import { SERVICES } from './services.mjs';
import { startTaoFront } from './tao-front.mjs';

const PAGE = new URL('pages/client-service.html', import.meta.url);
const LIMIT_MS = 15_000;

let playground, front;
const sites = {};

before(async () => {
    playground = await startPlayground();
    front = await startTaoFront(playground.tao);
    for (const { name, base } of SERVICES) {
        sites[name] = await startPackageSite(playground[base], async ({ pathname }) => {
            switch (pathname) {
                case '/test-page':
                    return { body: (await readFile(PAGE, 'utf8')).replace('{{imports}}', IMPORTS) };
                case '/elsewhere':
                    return { body: '<!doctype html><title>Elsewhere</title>' };
                default:
                    return undefined;
            }
        });
    }
});
after(async () => {
    await Promise.all(Object.values(sites).map(site => site.close()));
    await front?.close();
    await playground?.stop();
});

const called = wanted => SERVICES.find(({ name }) => name === wanted);

/** What came for `path` since `start`, as soon as it is `count` requests: a page need not wait for their answers. */
async function requests(site, path, count, start = 0) {
    const late = Date.now() + LIMIT_MS;
    for (;;) {
        const found = site.requests.slice(start).filter(request => request.path === path);
        if (found.length >= count) {
            return found;
        }
        assert.ok(Date.now() < late, `${found.length} of ${count} requests came for ${path}`);
        await new Promise(again => setTimeout(again, 20));
    }
}

const statuses = found => found.map(({ status }) => status);

/** Opens the page of the service's own origin; `ask` takes a step of services.mjs. */
async function open(profile, { name }, how = 'fetch') {
    const site = sites[name];
    const page = await profile.newPage();
    await page.goto(`${site.origin}/test-page?dialect=auto`);
    await page.waitForFunction('window.ready');
    const ask = async ([request, status, text = /(?:)/]) => {
        const reply = await page.evaluate(([how, request]) => window.ask(how, request), [how, request]);
        assert.equal(reply.status, status, `${request.method} ${request.path}: ${reply.text}`);
        assert.match(reply.text, text);
    };
    const logIn = async () => {
        for (const step of called(name).login) {
            await ask(step);
        }
    };
    return { site, page, ask, logIn };
}

inWebKit(({ test, sharedProfile, openProfile }) => {
    for (const service of SERVICES) {
        for (const how of ['fetch', 'XMLHttpRequest']) {
            test(`${service.name}, by ${how}: from login to logout`, async () => {
                const { ask, logIn } = await open(await sharedProfile(), service, how);
                await logIn();
                await ask(service.read);
                for (const step of [...service.write(), ...service.logout ?? []]) {
                    await ask(step);
                }
                if (service.logout) {
                    await ask(service.loggedOut);
                }
            });
        }
    }

    for (const service of SERVICES.filter(({ refreshes }) => refreshes)) {
        for (const how of ['fetch', 'XMLHttpRequest']) {
            test(`${service.name}, by ${how}: logged in anew in another window, one refusal, one retry`, async () => {
                const profile = await sharedProfile();
                const first = await open(profile, service, how);
                await first.logIn();
                await first.ask(service.read);

                await profile.clearCookies();
                const second = await open(profile, service, how);
                await second.logIn();
                const start = first.site.requests.length;
                const [write, ...undo] = service.write();
                await first.ask(write);
                const { path, method } = write[0];
                const found = await requests(first.site, path, 2, start);
                assert.deepEqual(statuses(found.filter(request => request.method === method)), [403, write[1]]);
                for (const step of undo) {
                    await second.ask(step);
                }
            });
        }
    }

    test('what needs no token is not touched', async () => {
        const { read } = called('voss');
        const { site, page, ask, logIn } = await open(await sharedProfile(), called('voss'));
        await logIn();
        const start = site.requests.length;
        const bare = async path => (await document.querySelector('iframe').contentWindow.fetch(path)).status;
        const byXhr = async read => (await window.ask('XMLHttpRequest', read)).status;
        assert.equal(await page.evaluate(bare, read[0].path), 200);
        await ask(read);
        assert.equal(await page.evaluate(byXhr, read[0]), 200);
        const [plain, ...ours] = await requests(site, read[0].path, 3, start);
        const kept = ({ headers }) => ({ ...headers, referer: undefined });
        assert.deepEqual(ours.map(kept), [kept(plain), kept(plain)]);
    });

    test('a synchronous XMLHttpRequest carries the token that is at hand', async () => {
        const { site, page, logIn } = await open(await sharedProfile(), called('voss'));
        await logIn();
        const start = site.requests.length;
        assert.equal(await page.evaluate(() => {
            const request = new XMLHttpRequest();
            request.open('POST', '/api/data/Phone/', false);
            request.setRequestHeader('Content-Type', 'application/json');
            request.send('{"name":"SEPSYNC"}');
            return request.status;
        }), 201);
        assert.deepEqual(statuses(await requests(site, '/api/data/Phone/', 1, start)), [201]);
    });

    test('a beacon carries the token', async () => {
        const { site, page, logIn } = await open(await sharedProfile(), called('voss'));
        await logIn();
        const start = site.requests.length;
        assert.equal(await page.evaluate(() => {
            const phone = new Blob(['{"name":"SEPBEACON"}'], { type: 'application/json' });
            return navigator.sendBeacon('/api/data/Phone/', phone);
        }), true);
        const [{ status, headers }] = await requests(site, '/api/data/Phone/', 1, start);
        assert.equal(status, 201);
        assert.match(headers['x-csrftoken'], /^\w{32,}$/);
    });

    for (const how of ['fetch', 'XMLHttpRequest']) {
        test(`a page that is come back to as it was has new tickets, by ${how}`, async () => {
            const { login, read } = called('tao');
            const profile = await sharedProfile();
            const { site, page, ask, logIn } = await open(profile, called('tao'), how);
            await logIn();
            await ask(read);
            await page.evaluate('window.left = true');
            await page.goto(`${site.origin}/elsewhere`);
            // What the page has is of no session any more.
            await profile.clearCookies();
            await page.goBack();
            assert.equal(await page.evaluate('window.left'), true, 'it was kept, and not loaded again');
            const start = site.requests.length;
            await ask(read);
            const found = site.requests.slice(start).map(({ path, status }) => `${status} ${path}`);
            assert.deepEqual(found, [`200 ${login[0][0].path}`, `200 ${read[0].path}`], 'none was refused');
        });
    }

    // --- request(), on a page with a strict policy ---

    async function tickets(profile, options) {
        const page = await profile.newPage();
        await page.goto(front.page);
        await page.waitForFunction('window.ready');
        await page.evaluate(options => window.setUp(options), options);
        return page;
    }
    const calls = (page, count) => page.evaluate(count => window.calls(count), count);
    const succeeded = results => results.filter(({ value }) => value?.success === true).length;
    const refused = () => front.calls().filter(({ status }) => status === 403).length;
    const sent = () => front.calls().map(({ ticket }) => ticket);

    test('request(): 50 calls at once and a pool of ten, each with a ticket of its own', async () => {
        front.reset();
        const page = await tickets(await openProfile(), {});
        assert.equal(succeeded(await calls(page, 50)), 50);
        assert.equal(new Set(sent()).size, 50);
        assert.equal(refused(), 0);
        // WebKit asks for the page's picture by itself.
        const violations = await page.evaluate('violations');
        assert.deepEqual(violations.filter(violation => !violation.endsWith('/favicon.ico')), []);
    });

    test('two windows share a pool in IndexedDB: no ticket is sent twice', async () => {
        const profile = await openProfile();
        const shared = { store: 'indexeddb' };
        const [one, two] = [await tickets(profile, shared), await tickets(profile, shared)];
        // Both are of one session.
        await one.evaluate(() => fetch('/tao/ClientConfig/config').then(reply => reply.text()).then(() => true));
        front.reset();
        const results = await Promise.all([calls(one, 50), calls(two, 50)]);
        assert.deepEqual(results.map(succeeded), [50, 50], JSON.stringify(results.flat().find(({ error }) => error)));
        assert.equal(new Set(sent()).size, 100);
        assert.equal(refused(), 0);

        const size = page => page.evaluate(() => window.handler.getQueueLength());
        assert.ok(await size(one) > 0);
        assert.equal(await size(one), await size(two));
        await one.close();
        const batches = front.batches();
        assert.equal(succeeded(await calls(two, 1)), 1);
        assert.equal(front.batches(), batches, 'its ticket was the pool\'s');
    });

    test('takes of two windows at the same time never give the same ticket', async () => {
        const profile = await openProfile();
        const [one, two] = [await tickets(profile, {}), await tickets(profile, {})];
        const values = Array.from({ length: 200 }, (_, i) => `ticket-${i}`);
        await one.evaluate(async values => {
            const store = window.pool({ store: 'indexeddb', name: 'race' });
            for (const value of values) {
                await store.put(value);
            }
        }, values);
        const take = page => page.evaluate(async () => {
            const store = window.pool({ store: 'indexeddb', name: 'race' });
            const taken = await Promise.all(Array.from({ length: 120 }, () => store.take()));
            return taken.filter(Boolean).map(({ value }) => value);
        });
        const taken = (await Promise.all([take(one), take(two)])).flat();
        assert.deepEqual(taken.sort(), values.sort());
    });
});
