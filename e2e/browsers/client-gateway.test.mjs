// `install()` on a page of an app that knows nothing of tokens, behind a gateway that lets nothing through without
// one.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before } from 'node:test';

import { inBothBrowsers } from './both.mjs';
import { startStrictGateway } from './gateway.mjs';
import { IMPORTS, packageFile } from './package-site.mjs';
import { startSite } from './site.mjs';

const PAGE = new URL('pages/client-service.html', import.meta.url);

let app, gateway;
/** What got through to the app and changes something. */
let done = [];

before(async () => {
    app = await startSite(answer);
    gateway = await startStrictGateway(app.origin, '');
});
after(async () => {
    await gateway?.stop();
    await app?.close();
});

async function answer(url, { method }) {
    const { pathname } = url;
    const file = await packageFile(url);
    if (file) {
        return file;
    }
    if (method === 'GET' && pathname === '/page') {
        return { body: (await readFile(PAGE, 'utf8')).replace('{{imports}}', IMPORTS) };
    }
    if (method !== 'GET') {
        done.push(`${method} ${pathname}`);
    }
    // A session is what the app says it is, and every login begins another.
    const cookie = { 'Set-Cookie': `bank_session=${randomBytes(8).toString('hex')}; Path=/; HttpOnly` };
    return {
        headers: { 'Content-Type': 'text/html', ...pathname === '/login' && cookie },
        body: '<!doctype html><title>Done</title>',
    };
}

inBothBrowsers(({ test, openPage }) => {
    async function open() {
        done = [];
        const page = await openPage();
        await page.goto(`${gateway.origin}/page?dialect=auto`);
        await page.waitForFunction('window.ready');
        const ask = (how, method, path) =>
            page.evaluate(([how, request]) => window.ask(how, request).then(({ status }) => status), [how, { method, path }]);
        return { page, ask };
    }

    for (const how of ['fetch', 'XMLHttpRequest']) {
        test(`by ${how}: before a login, after it, and after another`, async () => {
            const { page, ask } = await open();
            assert.equal(await ask(how, 'GET', '/a'), 200);
            assert.equal(await ask(how, 'POST', '/a'), 200);
            for (let times = 0; times < 2; times++) {
                assert.equal(await ask(how, 'POST', '/login'), 200);
                assert.equal(await ask(how, 'PUT', '/b'), 200);
                assert.equal(await ask(how, 'DELETE', '/c'), 200);
            }
            const once = ['POST /login', 'PUT /b', 'DELETE /c'];
            assert.deepEqual(done, ['POST /a', ...once, ...once]);
            assert.equal(await page.evaluate('client.document.obtain[0].request'), 'GET /.countersign/token');
        });

        test(`by ${how}: a token that is not this session's is replaced`, async () => {
            const { page, ask } = await open();
            assert.equal(await ask(how, 'POST', '/login'), 200);
            await page.evaluate('client.put("of-another-session")');
            assert.equal(await ask(how, 'POST', '/a'), 200);
            assert.deepEqual(done, ['POST /login', 'POST /a']);
        });
    }

    test('without the client the gateway lets nothing through', async () => {
        const { page } = await open();
        const status = await page.evaluate(
            () => document.querySelector('iframe').contentWindow.fetch('/a', { method: 'POST' }).then(({ status }) => status),
        );
        assert.equal(status, 403);
        assert.deepEqual(done, []);
    });

    test('a form that a script makes', async () => {
        const { page } = await open();
        await page.evaluate(() => window.sendForm('/form', { a: 'b' }));
        await page.waitForFunction('document.title === "Done"');
        assert.deepEqual(done, ['POST /form']);
    });
});
