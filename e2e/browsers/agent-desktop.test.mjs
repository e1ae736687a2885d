// An integrator's page with jQuery 1.11 and CometD's jQuery binding, both unmodified, on another origin than
// the genesys service.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { login, operate } from '../genesys.mjs';
import { startPlayground } from '../playground.mjs';
import { startChromium } from './chromium.mjs';
import { startSite } from './site.mjs';

const { resolve } = createRequire(import.meta.url);
const SCRIPTS = {
    '/jquery.js': resolve('jquery/dist/jquery.js'),
    '/org/cometd.js': resolve('cometd-jquery/org/cometd.js'),
    '/org/cometd/ReloadExtension.js': resolve('cometd-jquery/org/cometd/ReloadExtension.js'),
    '/jquery.cometd.js': resolve('cometd-jquery/jquery/jquery.cometd.js'),
};
const PAGE = new URL('pages/agent-desktop.html', import.meta.url);

let browser, trusted, stranger, playground;

before(async () => {
    const answer = async ({ pathname }) => {
        if (pathname in SCRIPTS) {
            const body = await readFile(SCRIPTS[pathname]);
            return { headers: { 'Content-Type': 'text/javascript' }, body };
        }
        const page = await readFile(PAGE, 'utf8');
        return pathname === '/' ? { body: page.replace('{{baseUri}}', playground.genesys) } : undefined;
    };
    trusted = await startSite(answer);
    stranger = await startSite(answer);
    playground = await startPlayground('--trusted-origin', trusted.origin);
    browser = await startChromium();
});
after(async () => {
    await browser?.close();
    await playground?.stop();
    await trusted?.close();
    await stranger?.close();
});

/** Opens the page; `press` clicks a button, `hears` waits until the page has said so. */
async function open(t, site) {
    const profile = await browser.profile();
    t.after(() => profile.close());
    const page = await profile.newPage();
    const heard = [];
    let wake = () => {};
    page.on('console', message => { heard.push(message.text()); wake(); });
    page.on('pageerror', error => { heard.push(`error ${error}`); wake(); });
    const hears = what => new Promise((done, failed) => {
        const giveUp = () => failed(new Error(`never heard ${what} in:\n${heard.join('\n')}`));
        const late = setTimeout(giveUp, 15_000);
        wake = () => {
            const found = heard.find(text => what.test(text));
            if (found) {
                clearTimeout(late);
                done(found);
            }
        };
        wake();
    });
    await page.goto(site.origin);
    return { page, hears, press: button => page.click(`#${button}`) };
}

test('on a trusted origin all six buttons work and an event arrives', { timeout: 90_000 }, async t => {
    const { press, hears } = await open(t, trusted);

    await press('getMe');
    assert.match(await hears(/^me /), /"statusCode":0.*"userName":"paveld@redwings\.com"/);
    await press('startCometd');
    await hears(/^subscribed true/);
    await hears(/^connected true/);
    await press('startSession');
    assert.match(await hears(/^StartContactCenterSession /), /"statusCode":0/);
    await press('ready');
    assert.match(await hears(/^Ready /), /"statusCode":0/);
    const event = await hears(/^event .*"Ready"/);
    assert.match(event, /"channel":"\/v2\/me\/devices"/);
    assert.match(event, /"messageType":"DeviceStateChangeMessage"/);
    await press('stopCometd');
    await hears(/^disconnected true/);
    await press('endSession');
    assert.match(await hears(/^EndContactCenterSession /), /"statusCode":0/);
});

test('on a trusted origin a button before Get Me is refused', { timeout: 60_000 }, async t => {
    const { page, press, hears } = await open(t, trusted);
    const refused = page.waitForResponse(reply => reply.request().method() === 'POST');
    await press('startSession');
    await hears(/^StartContactCenterSession failed 403/);
    const reply = await refused;
    assert.equal(reply.status(), 403);
    assert.deepEqual(await reply.json(), { statusCode: 5, statusMessage: 'Missing or invalid Csrf token' });
});

test('on any other origin the page learns no token and changes nothing', { timeout: 60_000 }, async t => {
    const { page, press, hears } = await open(t, stranger);
    await press('getMe');
    await hears(/^me failed 0/);
    assert.deepEqual(await page.evaluate('csrf'), {});
    await press('startSession');
    await hears(/^StartContactCenterSession failed 0/);

    const session = await login(playground.genesys);
    const ready = await operate(playground.genesys, session, 'Ready');
    assert.equal(ready.body.statusCode, 2, 'no contact center session was started');
});
