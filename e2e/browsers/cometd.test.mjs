// npm `cometd`, unmodified, in a browser, on another origin than the genesys service.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { startChromium } from './chromium.mjs';
import { startSite } from './site.mjs';

const PACKAGE = new URL('../node_modules/cometd/', import.meta.url);
const PAGE = new URL('pages/cometd.html', import.meta.url);

let browser, playground, site;

before(async () => {
    site = await startSite(async ({ pathname }) => {
        const [, module] = /^\/cometd\/(\w+\.js)$/.exec(pathname) ?? [];
        if (module) {
            const body = await readFile(new URL(module, PACKAGE));
            return { headers: { 'Content-Type': 'text/javascript' }, body };
        }
        const page = await readFile(PAGE, 'utf8');
        return pathname === '/' ? { body: page.replace('{{baseUri}}', playground.genesys) } : undefined;
    });
    playground = await startPlayground('--trusted-origin', site.origin);
    browser = await startChromium();
});
after(async () => {
    await browser?.close();
    await playground?.stop();
    await site?.close();
});

async function open(t) {
    const profile = await browser.profile();
    t.after(() => profile.close());
    const page = await profile.newPage();
    await page.goto(site.origin);
    await page.waitForFunction('window.ready');
    return page;
}

const operate = (page, operationName, more) =>
    page.evaluate(json => window.operate(json), { operationName, ...more });
const arrived = (page, state) =>
    page.waitForFunction(state => JSON.stringify(window.events).includes(`"${state}"`), state);

test('events arrive, and go on arriving after the page was loaded anew', { timeout: 60_000 }, async t => {
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
    assert.equal(await page.evaluate('logIn()'), 200);
    const second = await page.evaluate('start()');
    assert.deepEqual(second, first, 'the same client goes on');

    assert.equal((await operate(page, 'Ready')).statusCode, 0);
    await arrived(page, 'Ready');
    const ended = await page.evaluate('new Promise(done => cometd.disconnect(done))');
    assert.equal(ended.successful, true, JSON.stringify(ended));
    assert.equal((await operate(page, 'EndContactCenterSession')).statusCode, 0);
});

test('without the token the handshake is refused with 403', { timeout: 60_000 }, async t => {
    const page = await open(t);
    assert.equal(await page.evaluate('logIn()'), 200);
    const refused = page.waitForResponse(/\/notifications/);
    assert.deepEqual(await page.evaluate('csrf = {}, start()'), { successful: false, code: 403 });
    const reply = await refused;
    assert.equal(reply.status(), 403);
    assert.deepEqual(await reply.json(), { statusCode: 5, statusMessage: 'Missing or invalid Csrf token' });
});
