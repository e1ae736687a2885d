// `install()` of the browser client: XMLHttpRequest, whose events must stay what they were.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DOCUMENT, useApp } from './client-app.mjs';

const LIMIT = { timeout: 30_000 };
const it = useApp();
const { open, header, arrives } = it;
const HEADER = 'x-app-token';

/** Runs in the page: sends by XMLHttpRequest, and what it saw. */
const watch = ({ url, type = '', sync = false, late = false, abort = false, body = 'x' }) => new Promise(done => {
    const seen = [];
    const request = new XMLHttpRequest();
    const listen = () => {
        for (const type of ['loadstart', 'load', 'error', 'abort', 'loadend']) {
            request.addEventListener(type, event => {
                seen.push([type, event.isTrusted, request.readyState]);
                if (type === 'loadend') {
                    done({ seen, status: request.status, response: type ? request.response : request.responseText });
                }
            });
        }
        request.onreadystatechange = event => seen.push(['state', event.isTrusted, request.readyState]);
    };
    if (!late) {
        listen();
    }
    request.open('POST', url, !sync);
    if (late) {
        listen();
    }
    if (type) {
        request.responseType = type;
    }
    request.setRequestHeader('X-Mine', 'mine');
    request.send(body);
    if (abort) {
        request.abort();
    }
});

for (const [name, how] of Object.entries({
    'in the background': {},
    'whose listeners come late': { late: true },
    'that waits': { sync: true },
    'for JSON': { type: 'json' },
})) {
    test(`${name}: has a token, and the events that it would have`, LIMIT, async () => {
        await it.page.goto(`${it.app.origin}/page`);
        it.app.good = undefined;
        const plain = await it.page.evaluate(watch, { ...how, url: '/tick', body: 'undefined' });
        await open();
        if (how.sync) {
            await it.page.evaluate(() => csrf.refresh());
        }
        const now = await it.page.evaluate(watch, { ...how, url: '/own' });
        assert.deepEqual(now, plain);
        assert.equal(header('/own'), 'token-1');
    });

    test(`${name}: a refusal is followed by one more try, and is not seen`, LIMIT, async () => {
        await it.page.goto(`${it.app.origin}/page`);
        const plain = await it.page.evaluate(watch, { ...how, url: '/tick', body: 'undefined' });
        await open({ document: { ...DOCUMENT, refusal: { ...DOCUMENT.refusal, token: { json: '/next' } } } });
        await it.page.evaluate(() => csrf.refresh());
        it.app.good = 'another';
        const now = await it.page.evaluate(watch, { ...how, url: '/own' });
        assert.deepEqual(now, plain);
        assert.deepEqual(it.app.for('/own').map(({ body, headers }) => [body, headers[HEADER], headers['x-mine']]), [
            ['x', 'token-1', 'mine'], ['x', 'another', 'mine'],
        ]);
    });
}

test('a refusal that brings no token: another is fetched', LIMIT, async () => {
    await open();
    await it.page.evaluate(() => csrf.refresh());
    it.app.good = 'another';
    assert.equal((await it.page.evaluate(watch, { url: '/own' })).status, 200);
    assert.deepEqual(it.app.for('/own').map(({ headers }) => headers[HEADER]), ['token-1', 'token-2']);
});

test('that waits has no time for it, and hands the refusal over', LIMIT, async () => {
    await open();
    await it.page.evaluate(() => csrf.refresh());
    it.app.good = 'another';
    assert.equal((await it.page.evaluate(watch, { url: '/own', sync: true })).status, 403);
    assert.equal(it.app.for('/own').length, 1);
});

test('a refusal without end is handed over, with all of its events', LIMIT, async () => {
    const refuses = { ...DOCUMENT, refusal: { status: 403 } };
    await it.page.goto(`${it.app.origin}/page`);
    const plain = await it.page.evaluate(watch, { url: '/empty-refusal' });
    await open({ document: { ...refuses, obtain: [] } });
    const { seen, ...rest } = await it.page.evaluate(watch, { url: '/empty-refusal' });
    assert.deepEqual(rest, { status: plain.status, response: plain.response });
    const names = seen => seen.map(([type, , state]) => `${type} ${state}`);
    // That headers had come was not said while it was not certain what of.
    assert.deepEqual(names(seen), names(plain.seen).filter(name => name !== 'state 2'));
});

test('cancelled while the token comes: nothing is sent, and the events say so', LIMIT, async () => {
    await it.page.goto(`${it.app.origin}/page`);
    const plain = await it.page.evaluate(watch, { url: '/tick', abort: true });
    await open();
    let go;
    it.app.slow = new Promise(done => { go = done; });
    const now = await it.page.evaluate(watch, { url: '/own', abort: true });
    go();
    // The browser has not been told yet that it began.
    const begun = ([type]) => type === 'loadstart';
    assert.deepEqual(now.seen, plain.seen.filter(event => !begun(event)));
    // The token that it waited for has come.
    await it.page.evaluate(() => csrf.refresh());
    await arrives('/tick', 2);
    assert.equal(it.app.for('/own').length, 0);
});

test('sent twice while the token comes: the second is a mistake, as ever', LIMIT, async () => {
    await open();
    const name = await it.page.evaluate(() => {
        const request = new XMLHttpRequest();
        request.open('POST', '/own');
        request.send();
        try {
            request.send();
        } catch (error) {
            return error.name;
        }
        return 'sent';
    });
    assert.equal(name, 'InvalidStateError');
    assert.equal((await arrives('/own')).length, 1);
});

test('memory that the page goes on with is sent as it was', LIMIT, async () => {
    await open();
    await it.page.evaluate(() => {
        const bytes = new TextEncoder().encode('first');
        const request = new XMLHttpRequest();
        request.open('POST', '/own');
        request.send(bytes);
        bytes.fill(0);
    });
    const [{ body }] = await arrives('/own');
    assert.equal(body, 'first');
});

test('it cannot help: Chromium keeps the header where the app sends a request on', LIMIT, async () => {
    await open();
    const heard = it.eavesdropper.hears(heard => heard.includes('token-1'));
    await it.page.evaluate(() => new Promise(done => {
        const request = new XMLHttpRequest();
        request.onloadend = done;
        request.open('POST', '/away?status=307');
        request.send();
    }));
    await heard;
    // It asks there first, and the eavesdropper permits everything.
    assert.match(it.eavesdropper.heard(), /^OPTIONS \/taken/m);
});
