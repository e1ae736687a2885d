// `install()` of the browser client: forms.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DOCUMENT, useApp } from './client-app.mjs';

const LIMIT = { timeout: 30_000 };
const it = useApp();
const { open, arrives } = it;

const CASES = {
    'a form that comes later': () => {
        document.body.insertAdjacentHTML('beforeend',
            '<form method="post" action="/own" target="frame"><input name="a" value="b"><button>Send</button></form>');
        document.querySelector('button').click();
    },
    'a form that is made, sent and cleared away': () => {
        const form = document.createElement('form');
        Object.assign(form, { method: 'post', action: '/own', target: 'frame' });
        form.innerHTML = '<input name="a" value="b">';
        document.body.append(form);
        form.submit();
        form.remove();
    },
    'a form in a shadow root': () => {
        const host = document.createElement('div');
        document.body.append(host);
        const root = host.attachShadow({ mode: 'closed' });
        root.innerHTML = '<form method="post" action="/own" target="frame"><input name="a" value="b"><button>Send</button></form>';
        root.querySelector('button').click();
    },
    'a form in a shadow root of the markup': () => {
        const host = document.createElement('div');
        host.setHTMLUnsafe(`<div><template shadowrootmode="open">
            <form method="post" action="/own" target="frame"><input name="a" value="b"><button>Send</button></form>
            </template></div>`);
        document.body.append(host);
        host.firstChild.shadowRoot.querySelector('button').click();
    },
    'a button that sends its form here': () => {
        document.body.insertAdjacentHTML('beforeend', `<form action="//evil.example"><input name="a" value="b">
            <button formmethod="post" formaction="/own" formtarget="frame">Send</button></form>`);
        document.querySelector('button').click();
    },
};
for (const [name, send] of Object.entries(CASES)) {
    for (const held of [true, false]) {
        test(`${name}, ${held ? 'when a token is held' : 'when there is none yet'}`, LIMIT, async () => {
            await open();
            if (held) {
                await it.page.evaluate(() => csrf.refresh());
            }
            const [sent] = await Promise.all([it.page.waitForRequest(`${it.app.origin}/own`), it.page.evaluate(send)]);
            assert.deepEqual([...new URLSearchParams(sent.postData())], [['app_token', 'token-1'], ['a', 'b']]);
            const reply = await sent.response();
            assert.equal(reply.status(), 200);
        });
    }
}

test('handlers are asked once, also when the form has to wait', LIMIT, async () => {
    await open();
    await it.page.evaluate(() => {
        document.body.insertAdjacentHTML('beforeend',
            '<form method="post" action="/own" target="frame"><button name="which" value="this">Send</button></form>');
        window.asked = 0;
        document.forms[0].addEventListener('submit', () => { window.asked += 1; });
        document.querySelector('button').click();
    });
    const [{ body }] = await arrives('/own');
    assert.equal(await it.page.evaluate(() => window.asked), 1);
    assert.equal(body, 'app_token=token-1&which=this');
});

test('in a form with a file the token comes first', LIMIT, async () => {
    await open();
    await it.page.evaluate(() => document.body.insertAdjacentHTML('beforeend', `<form method="post" action="/own"
        enctype="multipart/form-data" target="frame"><input type="file" name="file"><button>Send</button></form>`));
    await it.page.setInputFiles('[type="file"]', { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.alloc(10, 'x') });
    const answered = it.page.waitForResponse(`${it.app.origin}/own`);
    await it.page.click('button');
    assert.equal((await answered).status(), 200);
    const [{ body }] = it.app.for('/own');
    assert.ok(body.indexOf('token-1') < body.indexOf('xxxxxxxxxx'), body);
});

test('a one-time ticket out of a store that has to be waited for, and another for the next time', LIMIT, async () => {
    const once = { ...DOCUMENT, token: { ...DOCUMENT.token, once: true }, obtain: [] };
    await it.page.goto(`${it.app.origin}/page`);
    await it.page.evaluate(async document => {
        const { install, memoryStore } = await import('/client/src/index.js');
        const store = memoryStore();
        await store.put('first');
        await store.put('second');
        await install({ document, store }).ready;
        window.document.body.innerHTML += '<form method="post" action="/own" target="frame"><button>Send</button></form>';
    }, once);
    for (const ticket of ['first', 'second']) {
        const [sent] = await Promise.all([it.page.waitForRequest(`${it.app.origin}/own`), it.page.click('button')]);
        assert.equal(sent.postData(), `app_token=${ticket}`);
        await sent.response();
    }
});
