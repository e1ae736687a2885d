// `install()` in pages that call the playground's services, and with the browser build of CometD.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startPlayground } from '../playground.mjs';
import { startChromium } from './chromium.mjs';
import { startSite } from './site.mjs';

const CLIENT = new URL('../../clients/browser/', import.meta.url);
const COMETD = new URL('../node_modules/cometd/', import.meta.url);
const PAGE = new URL('pages/cometd.html', import.meta.url);
const LIMIT = { timeout: 60_000 };

let browser, playground, site, profile, page;

before(async () => {
    site = await startSite(async ({ pathname }) => {
        const [, folder, path] = /^\/(client|cometd)\/([\w./-]+\.js)$/.exec(pathname) ?? [];
        if (path) {
            const body = await readFile(new URL(path, folder === 'client' ? CLIENT : COMETD));
            return { headers: { 'Content-Type': 'text/javascript' }, body };
        }
        return pathname === '/' ? { body: await pageWithoutTokens() } : undefined;
    });
    playground = await startPlayground('--trusted-origin', site.origin);
    browser = await startChromium();
});
after(async () => {
    await browser?.close();
    await playground?.stop();
    await site?.close();
});
beforeEach(async () => {
    profile = await browser.profile();
    page = await profile.newPage();
});
afterEach(() => profile.close());

/** The page of cometd.test.mjs, without a word about tokens but one. */
async function pageWithoutTokens() {
    const text = await readFile(PAGE, 'utf8');
    const without = text
        .replace(/ +window\.csrf = .*\n/, '')
        .replace(', ...window.csrf', '')
        .replace(', requestHeaders: window.csrf', '')
        .replace('const BASE', `import { install } from '/client/src/index.js';
    const BASE`)
        .replace('const PASSWORD', `install({ dialect: 'genesys', base: BASE });
    const PASSWORD`);
    assert.doesNotMatch(without, /csrf/i);
    return without.replace('{{baseUri}}', playground.genesys);
}

test('CometD, from another origin, gets its events, and nobody told it of tokens', LIMIT, async () => {
    await page.goto(site.origin);
    await page.waitForFunction('window.ready');
    assert.equal(await page.evaluate('logIn()'), 200);
    const started = await page.evaluate('start()');
    assert.equal(started.successful, true, JSON.stringify(started));
    const session = await page.evaluate(() => operate({ operationName: 'StartContactCenterSession', channels: ['voice'] }));
    assert.equal(session.statusCode, 0, JSON.stringify(session));
    await page.waitForFunction(() => JSON.stringify(window.events).includes('"NotReady"'));
    const ended = await page.evaluate('new Promise(done => cometd.disconnect(done))');
    assert.equal(ended.successful, true, JSON.stringify(ended));
});

/** Opens a page of the service's own origin, with the client in it. */
async function open(base, options) {
    const types = { js: 'text/javascript', html: 'text/html' };
    await page.route(`${base}/-/**`, async route => {
        const { pathname } = new URL(route.request().url());
        const path = pathname.slice('/-/'.length);
        await route.fulfill(path === ''
            ? { contentType: types.html, body: '<!doctype html><title>A page</title>' }
            : { contentType: types.js, body: await readFile(new URL(path, CLIENT)) });
    });
    await page.goto(`${base}/-/`);
    await page.evaluate(async options => {
        const { install } = await import('/-/src/index.js');
        await install(options).ready;
    }, options);
}

for (const [name, options] of Object.entries({ 'by its name': { dialect: 'vmanage' }, 'by its own word': {} })) {
    test(`vmanage, ${name}: reads have the token, also after logging in anew`, LIMIT, async () => {
        await open(playground.vmanage_http, options);
        const statuses = await page.evaluate(async () => {
            const logIn = () => fetch('/j_security_check', {
                method: 'POST', body: new URLSearchParams({ j_username: 'admin', j_password: 'admin' }),
            });
            const read = async () => (await fetch('/dataservice/device')).status;
            const body = JSON.stringify({
                enabled: true, from_address: 'test@example.com', protocol: 'smtp', smtp_server: 'mail.example', smtp_port: 25,
                reply_to_address: 'test@example.com', notification_use_smtp_authentication: false,
            });
            const settings = '/dataservice/settings/configuration/emailNotificationSettings';
            const write = async () => {
                const headers = { 'Content-Type': 'application/json' };
                return (await fetch(settings, { method: 'POST', headers, body })).status;
            };
            await logIn();
            const first = [await read(), await write()];
            await logIn();
            return [...first, await read(), await write()];
        });
        assert.deepEqual(statuses, [200, 200, 200, 200]);
    });
}

test('tao: fifty calls at once with a pool of ten', LIMIT, async () => {
    await open(playground.tao, { dialect: 'tao' });
    const statuses = await page.evaluate(() => Promise.all(
        Array.from({ length: 50 }, () => fetch('/tao/items').then(reply => reply.status)),
    ));
    assert.deepEqual(statuses, Array(50).fill(200));
});

test('redback: the token that logging in brought', LIMIT, async () => {
    await open(playground.redback, { dialect: 'redback' });
    const statuses = await page.evaluate(async () => {
        const base = '/restServices/redbackServices';
        const login = await fetch(`${base}/loginService/logIn`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ username: 'admin', password: 'admin1' }),
        });
        const users = new XMLHttpRequest();
        const seen = new Promise(done => { users.onload = () => done(users.status); });
        users.open('GET', `${base}/userService/getUsers`);
        users.send();
        return [login.status, await seen];
    });
    assert.deepEqual(statuses, [200, 200]);
});

test('voss: logging in and out by forms that a script makes', LIMIT, async () => {
    await open(playground.voss, { dialect: 'voss' });
    const [reply] = await Promise.all([
        page.waitForResponse(reply => reply.request().method() === 'POST'),
        page.evaluate(() => {
            const form = document.createElement('form');
            Object.assign(form, { method: 'post', action: '/login/' });
            form.innerHTML = '<input name="username" value="joe"><input name="password" value="bloggs"><input name="next" value="/">';
            document.body.append(form);
            form.submit();
        }),
    ]);
    assert.equal(reply.status(), 302);
});

test('the example of the package', LIMIT, async t => {
    const script = fileURLToPath(new URL('example/install/serve.mjs', CLIENT));
    const serve = spawn(process.execPath, [script, playground.vmanage_http], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => serve.kill());
    const [url] = await once(createInterface({ input: serve.stdout }), 'line');
    await page.goto(url);
    await page.getByText('Show them without a token').click();
    await page.getByText('The service said 403.').waitFor();
    await page.getByText('Show them', { exact: true }).click();
    await page.getByText(/^[1-9]\d* devices\.$/).waitFor();
});
