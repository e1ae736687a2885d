// Pages of an app whose tokens are good only once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChromium } from './chromium.mjs';
import { startGateway } from './gateway.mjs';
import { startSite } from './site.mjs';

// Of one name, in this dialect.
const FIELD = 'X-CSRF-Token';
const HEADER = FIELD;
const LIMIT = { timeout: 60_000 };

let browser, app, gateway, sent;

const form = name => `<form id="${name}" method="post" action="/sent" target="${name}-answer">
    <input name="from" value="${name}"><button>Send</button></form><iframe name="${name}-answer"></iframe>`;
const PAGE = `<!doctype html><title>Two forms</title>${form('first')}${form('second')}`;

before(async () => {
    sent = [];
    app = await startSite(async ({ pathname }, request) => {
        let body = '';
        for await (const chunk of request.setEncoding('utf8')) {
            body += chunk;
        }
        switch (pathname) {
            case '/page':
                return { body: PAGE, headers: { 'Content-Type': 'text/html', 'Set-Cookie': 'tao_session=s; Path=/' } };
            case '/sent':
                sent.push(new URLSearchParams(body).get('from') ?? body);
                return { body: 'Thank you' };
            default:
                return undefined;
        }
    });
    gateway = await startGateway(app.origin, '--dialect', 'tao');
    browser = await startChromium();
});
after(async () => {
    await browser?.close();
    await gateway?.stop();
    await app?.close();
});

async function openPage(t) {
    sent = [];
    const profile = await browser.profile();
    t.after(() => profile.close());
    const page = await profile.newPage();
    await page.goto(`${gateway.origin}/page`);
    return page;
}

const answer = page => page.waitForResponse(`${gateway.origin}/sent`).then(reply => reply.status());

async function send(page, name) {
    const [status] = await Promise.all([answer(page), page.click(`#${name} button`)]);
    return status;
}

async function call(page) {
    const [status] = await Promise.all([
        answer(page),
        page.evaluate(() => fetch('/sent', { method: 'POST', body: 'script' })),
    ]);
    return status;
}

test('two forms have two tickets, the script a third, and each works once', LIMIT, async t => {
    const page = await openPage(t);
    const tickets = await page.evaluate(name => [
        document.querySelector('meta[name="csrf-token"]').content,
        ...Array.from(document.forms, form => form.elements[name].value),
    ], FIELD);
    assert.equal(new Set(tickets).size, 3);
    for (const ticket of tickets) {
        assert.match(ticket, /^[0-9a-f]{40}$/);
    }
    assert.equal(await send(page, 'second'), 200);
    assert.equal(await send(page, 'first'), 200);
    assert.equal(await call(page), 200);
    assert.deepEqual(sent, ['second', 'first', 'script']);

    // Once more, a form has another: its own is spent, as all three are.
    assert.equal(await send(page, 'first'), 200);
    for (const ticket of tickets) {
        const again = ([header, ticket]) =>
            fetch('/sent', { method: 'POST', body: 'again', headers: { [header]: ticket } }).then(({ status }) => status);
        assert.equal(await page.evaluate(again, [HEADER, ticket]), 403);
    }
    assert.deepEqual(sent, ['second', 'first', 'script', 'first']);
});

test('the page, loaded again, has new ones', LIMIT, async t => {
    const page = await openPage(t);
    assert.equal(await send(page, 'first'), 200);
    await page.goto(`${gateway.origin}/page`);
    assert.equal(await send(page, 'first'), 200);
    assert.equal(await send(page, 'second'), 200);
    assert.deepEqual(sent, ['first', 'first', 'second']);
});

test('a form that a script makes takes the script\'s', LIMIT, async t => {
    const page = await openPage(t);
    const make = () => {
        const form = document.createElement('form');
        Object.assign(form, { method: 'post', action: '/sent', target: 'first-answer' });
        form.innerHTML = '<input name="from" value="made">';
        document.body.append(form);
        form.requestSubmit();
    };
    const [status] = await Promise.all([answer(page), page.evaluate(make)]);
    assert.equal(status, 200);
    assert.deepEqual(sent, ['made']);
});
