// npm `cometd`, unmodified and told nothing of tokens, on a page of the genesys service's own that calls
// `install()`.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before } from 'node:test';

import { login, operate as operateByHand } from '../genesys.mjs';
import { startPlayground } from '../playground.mjs';
import { inBothBrowsers } from './both.mjs';
import { IMPORTS, startPackageSite } from './package-site.mjs';

const PACKAGE = new URL('../node_modules/cometd/', import.meta.url);
const PAGE = new URL('pages/client-cometd.html', import.meta.url);
const EVENTS = '/api/v2/notifications';

let playground, site;

before(async () => {
    playground = await startPlayground();
    site = await startPackageSite(playground.genesys, async ({ pathname }) => {
        const [, module] = /^\/cometd\/(\w+\.js)$/.exec(pathname) ?? [];
        if (module) {
            const body = await readFile(new URL(module, PACKAGE));
            return { headers: { 'Content-Type': 'text/javascript' }, body };
        }
        const page = await readFile(PAGE, 'utf8');
        return pathname === '/events' ? { body: page.replace('{{imports}}', IMPORTS) } : undefined;
    });
});
after(async () => {
    await site?.close();
    await playground?.stop();
});

inBothBrowsers(({ test, openPage }) => {
    async function open(t) {
        const page = await openPage();
        await page.goto(`${site.origin}/events`);
        await page.waitForFunction('window.ready');
        // The agent is the same for all tests.
        t.after(async () => {
            await operateByHand(playground.genesys, await login(playground.genesys), 'EndContactCenterSession');
        });
        return page;
    }
    const operate = (page, operationName, more) =>
        page.evaluate(json => window.operate(json), { operationName, ...more });
    const arrived = (page, state) =>
        page.waitForFunction(state => JSON.stringify(window.events).includes(`"${state}"`), state);
    const exchanges = start => site.requests.slice(start).filter(({ path }) => path.startsWith(EVENTS));

    test('events arrive, and go on arriving after the page was loaded anew', async t => {
        const start = site.requests.length;
        const page = await open(t);
        assert.equal(await page.evaluate('logIn()'), 200);
        const first = await page.evaluate('start()');
        assert.equal(first.successful, true, JSON.stringify(first));
        const started = await operate(page, 'StartContactCenterSession', { channels: ['voice'] });
        assert.equal(started.statusCode, 0, JSON.stringify(started));
        await arrived(page, 'NotReady');

        await page.evaluate('cometd.reload()');
        await page.reload();
        await page.waitForFunction('window.ready');
        // The session's cookie is still there, and there is no token yet.
        const second = await page.evaluate('start()');
        assert.deepEqual(second, first, 'the same client goes on');
        assert.equal((await operate(page, 'Ready')).statusCode, 0);
        await arrived(page, 'Ready');
        const ended = await page.evaluate('new Promise(done => cometd.disconnect(done))');
        assert.equal(ended.successful, true, JSON.stringify(ended));
        assert.deepEqual(await page.evaluate('failures'), []);
        assert.ok(exchanges(start).every(({ headers }) => headers['x-csrf-token']), 'each of its requests had a token');
    });

    test('with its token gone stale, it goes on as if nothing had been', async t => {
        const page = await open(t);
        assert.equal(await page.evaluate('logIn()'), 200);
        const first = await page.evaluate('start()');
        assert.equal(first.successful, true, JSON.stringify(first));

        // The header is one that this session was never given.
        await page.evaluate('client.put("00000000-0000-4000-8000-000000000000")');
        const start = site.requests.length;
        const published = await page.evaluate(
            'new Promise(done => cometd.subscribe("/v2/me/calls", () => {}, done))',
        );
        assert.equal(published.successful, true, JSON.stringify(published));
        // Its own exchanges: the long poll, which may set out at the same time, has a path of its own.
        const [refused, taken, ...more] = exchanges(start).filter(({ path }) => path === `${EVENTS}/`);
        assert.deepEqual([refused.status, taken.status, more], [403, 200, []]);
        assert.notEqual(refused.headers['x-csrf-token'], taken.headers['x-csrf-token']);

        const started = await operate(page, 'StartContactCenterSession', { channels: ['voice'] });
        assert.equal(started.statusCode, 0, JSON.stringify(started));
        await arrived(page, 'NotReady');
        assert.deepEqual(await page.evaluate('failures'), [], 'it was told of no refusal');
        assert.equal(await page.evaluate('cometd.getClientId()'), first.clientId, 'nor had to shake hands again');
    });

    test('logged in anew in another tab, it is told that its client is unknown, and shakes hands again', async t => {
        const page = await open(t);
        assert.equal(await page.evaluate('logIn()'), 200);
        const first = await page.evaluate('start()');
        assert.equal(first.successful, true, JSON.stringify(first));
        await page.context().clearCookies();
        const other = await page.context().newPage();
        await other.goto(`${site.origin}/events`);
        await other.waitForFunction('window.ready');
        assert.equal(await other.evaluate('logIn()'), 200);

        const started = await operate(page, 'StartContactCenterSession', { channels: ['voice'] });
        assert.equal(started.statusCode, 0, JSON.stringify(started));
        await page.evaluate('cometd.disconnect(), start()').then(({ successful }) => assert.ok(successful));
        assert.equal((await operate(page, 'Ready')).statusCode, 0);
        await arrived(page, 'Ready');
    });
});
