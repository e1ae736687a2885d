// `install()` of the browser client, where only a browser shows what it does: fetch, beacons, sockets, workers.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { DOCUMENT, useApp } from './client-app.mjs';

const LIMIT = { timeout: 30_000 };
const it = useApp();
const { open, header, arrives } = it;
const HEADER = 'x-app-token';

describe('fetch', () => {
    test('a hundred calls at once fetch one token', LIMIT, async () => {
        await open();
        const statuses = await it.page.evaluate(() => Promise.all(
            Array.from({ length: 100 }, (_, at) => fetch(`/own?${at}`, { method: 'POST' }).then(reply => reply.status)),
        ));
        assert.deepEqual(new Set(statuses), new Set([200]));
        assert.equal(it.app.tokens, 1);
    });

    test('a refusal is followed by one more try, with the body again', LIMIT, async () => {
        await open();
        const status = await it.page.evaluate(async () => {
            await csrf.refresh();
            return 0;
        });
        assert.equal(status, 0);
        it.app.good = 'another';
        const reply = await it.page.evaluate(async () => {
            const reply = await fetch('/own', { method: 'POST', body: new Blob(['hello']) });
            return [reply.status, await reply.json()];
        });
        assert.deepEqual(reply, [200, { done: true }]);
        assert.deepEqual(it.app.for('/own').map(({ body, headers }) => [body, headers[HEADER]]), [
            ['hello', 'token-1'], ['hello', 'token-2'],
        ]);
    });

    test('what was cancelled meanwhile is not sent', LIMIT, async () => {
        await open();
        let go;
        it.app.slow = new Promise(done => { go = done; });
        const name = await it.page.evaluate(async () => {
            const abort = new AbortController();
            const call = fetch('/own', { method: 'POST', signal: abort.signal });
            abort.abort();
            return call.catch(error => error.name);
        });
        go();
        assert.equal(name, 'AbortError');
        // The token that it waited for has come.
        await it.page.evaluate(() => csrf.refresh());
        await arrives('/tick');
        assert.equal(it.app.for('/own').length, 0);
    });

    test('a redirect to another origin fails before anything is sent there', LIMIT, async () => {
        await open();
        for (const status of [302, 303, 307, 308]) {
            const ended = await it.page.evaluate(status => fetch(`/away?status=${status}`, { method: 'POST' })
                .then(() => 'answered', error => error.name), status);
            assert.equal(ended, 'TypeError', `${status}`);
        }
        assert.equal(it.eavesdropper.heard(), '');
    });

    test('nothing else shows that a call was made to stay', LIMIT, async () => {
        await it.page.goto(`${it.app.origin}/page`);
        const look = async () => {
            const reply = await fetch('/own', { method: 'POST', body: 'x' });
            const { type, url, redirected, status } = reply;
            return { type, url, redirected, status, length: (await reply.text()).length };
        };
        it.app.good = 'x';
        const plain = await it.page.evaluate(look);
        const [{ headers: before }] = it.app.for('/own');
        await open();
        it.app.reset();
        assert.deepEqual(await it.page.evaluate(look), plain);
        const [{ headers: now }] = it.app.for('/own');
        const differ = Object.keys({ ...before, ...now }).filter(name => before[name] !== now[name]);
        assert.deepEqual(differ.sort(), ['sec-fetch-mode', HEADER]);
        assert.deepEqual([before['sec-fetch-mode'], now['sec-fetch-mode']], ['cors', 'same-origin']);
    });
});

describe('beacons and sockets', () => {
    test('a beacon carries the token', LIMIT, async () => {
        await open();
        assert.equal(await it.page.evaluate(() => navigator.sendBeacon('/own', 'tick')), true);
        const [{ body, headers }] = await arrives('/own');
        assert.deepEqual([body, headers[HEADER]], ['tick', 'token-1']);
    });

    test('one that is too long is not taken, as ever', LIMIT, async () => {
        await open();
        assert.equal(await it.page.evaluate(() => navigator.sendBeacon('/own', 'x'.repeat(70_000))), false);
    });

    test('a WebSocket has it in its query, where the document wants it', LIMIT, async () => {
        await open();
        await it.page.evaluate(() => csrf.refresh());
        const urls = await it.page.evaluate(origin => ['/live', `${origin}/live`].map(url => {
            const socket = new WebSocket(url.replace('http', 'ws'));
            socket.close();
            return new URL(socket.url).search;
        }), it.eavesdropper.origin);
        assert.deepEqual(urls, ['?app_token=token-1', '']);
    });
});

describe('install', () => {
    test('what is sent before the document has come waits for it', LIMIT, async () => {
        await it.page.goto(`${it.app.origin}/page`);
        const statuses = await it.page.evaluate(async () => {
            const { install } = await import('/client/src/index.js');
            install();
            const request = new XMLHttpRequest();
            const seen = new Promise(done => { request.onload = () => done(request.status); });
            request.open('POST', '/own');
            request.send();
            return [(await fetch('/own', { method: 'POST' })).status, await seen];
        });
        assert.deepEqual(statuses, [200, 200]);
        assert.equal(it.app.tokens, 1);
    });

    test('a dialect that there is not says so', LIMIT, async () => {
        await it.page.goto(`${it.app.origin}/page`);
        const said = await it.page.evaluate(async () => {
            const { install } = await import('/client/src/index.js');
            return install({ dialect: 'klingon' }).ready.catch(error => error.message);
        });
        assert.match(said, /no dialect `klingon`/);
    });

    test('uninstalled, everything is as it was', LIMIT, async () => {
        await it.page.goto(`${it.app.origin}/page`);
        const same = await it.page.evaluate(async options => {
            const { install } = await import('/client/src/index.js');
            const all = () => [fetch, XMLHttpRequest, WebSocket, navigator.sendBeacon, Element.prototype.attachShadow,
                ...['open', 'send', 'abort', 'setRequestHeader'].map(name => XMLHttpRequest.prototype[name]),
                ...['submit', 'requestSubmit'].map(name => HTMLFormElement.prototype[name])];
            const before = all();
            const csrf = install(options);
            const changed = all().filter((it, at) => it !== before[at]).length;
            csrf.uninstall();
            return [changed, all().filter((it, at) => it !== before[at]).length];
        }, { document: DOCUMENT });
        assert.deepEqual(same, [11, 0]);
    });

    test('a page that comes back from the cache of pages starts anew', LIMIT, async () => {
        await open();
        await it.page.evaluate(async () => {
            await csrf.refresh();
            dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
            await fetch('/own', { method: 'POST' });
        });
        assert.equal(header('/own'), 'token-2');
    });

    test('a page in a sandbox is of no origin, and its requests go as they would', LIMIT, async () => {
        await Promise.all([it.page.waitForRequest(`${it.app.origin}/own`), it.page.goto(`${it.app.origin}/sandboxed`)]);
        await arrives('/own');
        assert.deepEqual(it.app.for('/own').map(({ headers }) => [headers.origin, headers[HEADER]]), [['null', undefined]]);
    });

    test('a service worker has tokens too', LIMIT, async () => {
        await it.page.goto(`${it.app.origin}/page`);
        const status = await it.page.evaluate(async () => {
            const { promise, resolve } = Promise.withResolvers();
            navigator.serviceWorker.addEventListener('message', ({ data }) => resolve(data));
            await navigator.serviceWorker.register('/worker.js', { type: 'module' });
            const { active } = await navigator.serviceWorker.ready;
            active.postMessage('go');
            return promise;
        });
        assert.equal(status, 200);
        assert.equal(header('/own'), 'token-1');
    });
});

describe('the script for pages, where nothing stands in the page', () => {
    test('asks the server for its document', LIMIT, async () => {
        await it.page.goto(`${it.app.origin}/page`);
        await it.page.addScriptTag({ url: '/client/dist/csrf.js' });
        assert.equal(await it.page.evaluate(() => fetch('/own', { method: 'POST' }).then(reply => reply.status)), 200);
        assert.equal(header('/own'), 'token-1');
    });
});
