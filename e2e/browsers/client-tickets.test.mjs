// `@countersign/browser`'s request() and its pools of tickets, in a page of the tao service under a strict
// Content-Security-Policy.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startPlayground } from '../playground.mjs';
import { startChromium } from './chromium.mjs';
import { startTaoFront } from './tao-front.mjs';

const POOL = 10;
const LIMIT = { timeout: 60_000 };
const LIFETIME_MS = 24 * 60_000;

let browser, playground, front;

before(async () => {
    playground = await startPlayground();
    front = await startTaoFront(playground.tao);
    browser = await startChromium();
});
after(async () => {
    await browser?.close();
    await front?.close();
    await playground?.stop();
});

/** A profile of its own; `open()` opens a tab in it. */
async function newProfile(t) {
    front.reset();
    const profile = await browser.profile();
    t.after(() => profile.close());
    return {
        profile,
        async open(options) {
            const page = await profile.newPage();
            await page.goto(front.page);
            await page.waitForFunction(() => window.ready);
            if (options) {
                await page.evaluate(options => window.setUp(options), options);
            }
            return page;
        },
    };
}

const call = (page, options) => page.evaluate(options => window.call(options), options);
const calls = (page, count, options) =>
    page.evaluate(([count, options]) => window.calls(count, options), [count, options]);

/** The tickets that a load of TAO's page brings. */
const freshTickets = page => page.evaluate(async () => {
    const script = await (await fetch('/tao/ClientConfig/config')).text();
    return script.match(/\b[0-9a-f]{40}\b/g);
});

const succeeded = results => results.filter(({ value }) => value?.success === true).length;
const tickets = () => front.calls().map(({ ticket }) => ticket);
const refusals = () => front.calls().filter(({ status }) => status === 403).length;

test('an item is made, listed and deleted; an application error reaches the caller', LIMIT, async t => {
    const { open } = await newProfile(t);
    const page = await open({});
    const label = 'Geography, grade 5';
    const made = await call(page, { method: 'POST', contentType: 'json', data: { label } });
    assert.equal(made.value?.data.label, label, JSON.stringify(made));
    const listed = await call(page);
    assert.ok(listed.value.data.some(item => item.label === label));

    const id = made.value.data.uri.split(/[/#]/).at(-1);
    assert.deepEqual(await call(page, { url: `/tao/items/${id}`, method: 'DELETE' }), { value: undefined });

    const { error } = await call(page, { url: '/tao/items/fail', method: 'POST' });
    assert.match(error.message, /Something went wrong$/);
    assert.equal(error.response.success, false);
    assert.equal(error.source === 'request' || error.source === 'network', true);
    assert.equal(refusals(), 0);
    assert.equal(front.batches(), 1);
    assert.deepEqual(await page.evaluate(() => window.violations), []);
});

test('50 calls at once and a pool of ten: all succeed, each with a ticket of its own', LIMIT, async t => {
    const { open } = await newProfile(t);
    const page = await open({});
    assert.equal(succeeded(await calls(page, 50)), 50);
    assert.equal(new Set(tickets()).size, 50);
    assert.equal(refusals(), 0);
});

test('100 calls at once: one batch of tickets is fetched', LIMIT, async t => {
    const { open } = await newProfile(t);
    const page = await open({});
    assert.equal(succeeded(await calls(page, 100)), 100);
    assert.equal(front.batches(), 1);
    assert.equal(refusals(), 0);
});

test('two tabs share a pool: no ticket is sent twice, and what one brings the other takes', LIMIT, async t => {
    const { open } = await newProfile(t);
    const [one, two] = [await open({ store: 'indexeddb' }), await open({ store: 'indexeddb' })];
    // Both are of one session.
    await freshTickets(one);
    front.reset();
    const results = await Promise.all([calls(one, 50), calls(two, 50)]);
    assert.deepEqual(results.map(succeeded), [50, 50], JSON.stringify(results.flat().find(({ error }) => error)));
    assert.equal(new Set(tickets()).size, 100);
    assert.equal(refusals(), 0);

    // The first tab closes; the second goes on with its tickets.
    const batches = front.batches();
    const size = page => page.evaluate(() => window.handler.getQueueLength());
    assert.ok(await size(two) > 0);
    assert.equal(await size(one), await size(two));
    await one.close();
    assert.equal(succeeded([await call(two)]), 1);
    assert.equal(front.batches(), batches);
});

test('two tabs with `install()` and one pool, 50 calls at once in each: none is refused, no ticket is sent twice', LIMIT, async t => {
    const { open } = await newProfile(t);
    const tabs = [await open(), await open()];
    // Both are of one session.
    await freshTickets(tabs[0]);
    front.reset();
    await Promise.all(tabs.map(tab => tab.evaluate(() => window.setUpInstall())));
    const statuses = await Promise.all(tabs.map(tab => tab.evaluate(() => window.fetches(50))));
    assert.deepEqual(statuses, [Array(50).fill(200), Array(50).fill(200)]);
    assert.equal(tickets().length, 100, 'none was sent again');
    assert.equal(new Set(tickets()).size, 100);
    assert.equal(refusals(), 0);
});

test('takes of two tabs at the same time never give the same ticket', LIMIT, async t => {
    const { open } = await newProfile(t);
    const [one, two] = [await open(), await open()];
    const values = Array.from({ length: 200 }, (_, i) => `ticket-${i}`);
    await one.evaluate(async values => {
        window.shared = window.pool({ store: 'indexeddb', name: 'race' });
        for (const value of values) {
            await window.shared.put(value);
        }
    }, values);
    const take = page => page.evaluate(async () => {
        const store = window.pool({ store: 'indexeddb', name: 'race' });
        const taken = await Promise.all(Array.from({ length: 120 }, () => store.take()));
        return taken.filter(Boolean).map(({ value }) => value);
    });
    const taken = (await Promise.all([take(one), take(two)])).flat();
    assert.equal(taken.length, 200);
    assert.deepEqual(taken.toSorted(), values.toSorted());
});

test('a page of the own tab keeps the pool of the shared store over a reload', LIMIT, async t => {
    const { open } = await newProfile(t);
    const page = await open({ store: 'indexeddb' });
    await call(page);
    await page.reload();
    await page.waitForFunction(() => window.ready);
    await page.evaluate(() => window.setUp({ store: 'indexeddb' }));
    assert.equal(succeeded([await call(page)]), 1);
    assert.equal(front.batches(), 1);
    assert.equal(refusals(), 0);
});

test('where IndexedDB is blocked the page works, and the console names no ticket', LIMIT, async t => {
    const { profile, open } = await newProfile(t);
    await profile.addInitScript(() => {
        Object.defineProperty(window, 'indexedDB', {
            get() { throw new DOMException('the operation is insecure', 'SecurityError'); },
        });
    });
    const said = [];
    profile.on('console', message => said.push(message.text()));
    const page = await open({ store: 'indexeddb' });
    assert.equal(succeeded(await calls(page, 20)), 20);
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0], /kept in this tab only/);
    assert.doesNotMatch(said[0], /[0-9a-f]{40}/);
});

test('a new session: the tickets of the old one are dropped, and the calls succeed', LIMIT, async t => {
    const { profile, open } = await newProfile(t);
    const page = await open({});
    const old = await freshTickets(page);
    await page.evaluate(tokens => window.setUp({ tokens }), old);
    await profile.clearCookies();
    await freshTickets(page);
    front.reset();
    assert.equal(succeeded(await calls(page, 20)), 20);
    assert.equal(front.batches(), 1);
    const passed = front.calls().filter(({ status }) => status === 200);
    assert.equal(passed.length, 20);
    assert.ok(passed.every(({ ticket }) => !old.includes(ticket)));
});

test('offline a call fails, and its ticket is the next one again', LIMIT, async t => {
    const { profile, open } = await newProfile(t);
    const page = await open();
    const given = await freshTickets(page);
    await page.evaluate(tokens => window.setUp({ tokens }), given);
    front.reset();
    await profile.setOffline(true);
    const { error } = await call(page);
    assert.deepEqual([error.code, error.sent, error.source], [0, false, 'network']);
    assert.equal(error.response.textStatus, 'error');
    await profile.setOffline(false);
    assert.equal(succeeded([await call(page)]), 1);
    assert.deepEqual(tickets(), [given[0]]);
});

test('a timeout fails the call, and its ticket is not sent again', LIMIT, async t => {
    const { open } = await newProfile(t);
    const page = await open();
    const given = await freshTickets(page);
    await page.evaluate(tokens => window.setUp({ tokens }), given);
    front.reset();
    let release;
    front.late = new Promise(resolve => { release = resolve; });
    const { error } = await call(page, { timeout: 1 });
    assert.deepEqual([error.code, error.sent, error.message], [0, false, 'timeout']);
    release();
    // The service has spent it, or will: sent again, it would be refused.
    const [late] = front.calls();
    while (!late.status) {
        await new Promise(setImmediate);
    }
    assert.equal(late.status, 200);
    assert.equal(succeeded(await calls(page, POOL)), POOL);
    assert.equal(tickets()[0], given[0]);
    assert.ok(!tickets().slice(1).includes(given[0]));
    assert.equal(refusals(), 0);
});

test('sequential calls reach the server one at a time and in order, past one that fails', LIMIT, async t => {
    const { open } = await newProfile(t);
    const page = await open({});
    await call(page);
    front.reset();
    front.answer = ({ search }) => (search === '?3' ? { status: 500, body: 'no' } : undefined);
    const results = await calls(page, 20, { sequential: true });
    assert.equal(succeeded(results), 19);
    assert.equal(results[3].error.code, 500);
    assert.equal(front.most, 1);
    assert.deepEqual(front.calls().map(({ line }) => line), Array.from({ length: 20 }, (_, i) => `GET /tao/items?${i}`));

    // Without it they overlap: what was seen above is the queue's doing.
    front.reset();
    await calls(page, 20);
    assert.ok(front.most > 1);
});

test('request(), fetch and XMLHttpRequest take from one pool beside install()', LIMIT, async t => {
    const { open } = await newProfile(t);
    const page = await open();
    await page.evaluate(() => window.setUpBoth());
    const statuses = await page.evaluate(() => {
        const byXhr = url => new Promise((done, failed) => {
            const xhr = new XMLHttpRequest();
            xhr.open('GET', url);
            xhr.onload = () => done(xhr.status);
            xhr.onerror = failed;
            xhr.send();
        });
        return Promise.all(Array.from({ length: 20 }, (_, i) => [
            fetch(`/tao/items?fetch-${i}`).then(({ status }) => status),
            byXhr(`/tao/items?xhr-${i}`),
            window.call({ url: `/tao/items?request-${i}` }).then(({ value }) => (value?.success ? 200 : 0)),
        ]).flat());
    });
    assert.deepEqual(statuses, Array.from({ length: 60 }, () => 200));
    assert.equal(new Set(tickets()).size, 60);
    assert.equal(refusals(), 0);
});

test('the example of docs/tao.md lists, adds, deletes, and calls 50 times at once', LIMIT, async t => {
    const serve = fileURLToPath(new URL('../../clients/browser/example/tao/serve.mjs', import.meta.url));
    const server = spawn(process.execPath, [serve, playground.tao], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => server.kill());
    const [url] = await once(createInterface({ input: server.stdout }), 'line');
    const { profile } = await newProfile(t);
    const page = await profile.newPage();
    await page.goto(url);
    const says = text => page.getByRole('status').getByText(text, { exact: true }).waitFor();
    await says('Ready');
    await page.getByLabel('Label').fill('Rivers of Asia');
    await page.getByRole('button', { name: 'Add' }).click();
    await says('Added');
    const item = page.getByRole('listitem').filter({ hasText: 'Rivers of Asia' });
    await item.getByRole('button', { name: 'Delete' }).click();
    await says('Deleted');
    assert.equal(await item.count(), 0);
    await page.getByRole('button', { name: '50 times' }).click();
    await says('50 of 50');
});

test('another origin sees no ticket, asked straight or by a redirect', LIMIT, async t => {
    const other = await startTaoFront(playground.tao);
    t.after(() => other.close());
    other.answer = (_, incoming) => ({
        status: incoming.method === 'OPTIONS' ? 204 : 200,
        headers: { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' },
        body: '{}',
    });
    const { open } = await newProfile(t);
    const page = await open();
    await page.goto(front.openPage);
    await page.waitForFunction(() => window.ready);
    await page.evaluate(() => window.setUp({}));
    assert.equal(succeeded([await call(page)]), 1);

    assert.deepEqual(await call(page, { url: `${other.origin}/tao/items` }), { value: {} });
    front.answer = ({ pathname }) => (pathname === '/tao/items/away'
        ? { status: 307, headers: { Location: `${other.origin}/tao/items` }, body: '' }
        : undefined);
    const { error } = await call(page, { url: '/tao/items/away' });
    assert.equal(error.code, 0);
    assert.equal(other.exchanges.length, 1);
    assert.deepEqual(other.exchanges.map(({ ticket }) => ticket), [undefined]);
});

// --- When every ticket has expired ---

const dialog = page => page.getByRole('alertdialog');

/** A page whose tickets have all expired, and that can fetch none. */
async function openExpired(t, options = {}) {
    const { open } = await newProfile(t);
    const page = await open();
    const tokens = await freshTickets(page);
    await page.evaluate(options => window.setUp(options), { tokens, refill: false, ...options });
    await page.locator('#label').focus();
    await page.evaluate(late => { window.later = late; }, LIFETIME_MS);
    front.reset();
    return page;
}

test('the calls of an expired page bring one dialog, and nothing is sent', LIMIT, async t => {
    const page = await openExpired(t);
    const results = calls(page, 5);
    await dialog(page).waitFor();
    assert.equal(await dialog(page).count(), 1);
    assert.equal(await page.locator('countersign-prompt').count(), 1);
    await page.getByRole('button', { name: 'Not now' }).click();
    for (const { error } of await results) {
        assert.deepEqual([error.code, error.sent, error.source], [0, false, 'token']);
    }
    assert.deepEqual(front.exchanges, []);
    // Who does not want it now is not asked again by the next call.
    assert.equal((await call(page)).error.source, 'token');
    assert.equal(await page.locator('countersign-prompt').count(), 0);
    assert.deepEqual(await page.evaluate(() => window.violations), []);
});

test('a moment before, the calls still go through', LIMIT, async t => {
    const page = await openExpired(t);
    await page.evaluate(late => { window.later = late; }, LIFETIME_MS - 30_000);
    assert.equal(succeeded([await call(page)]), 1);
});

test('where tickets can be fetched, an expired page fetches them and asks nobody', LIMIT, async t => {
    const page = await openExpired(t, { refill: true });
    assert.equal(succeeded(await calls(page, 5)), 5);
    assert.equal(front.batches(), 1);
    assert.equal(await page.locator('countersign-prompt').count(), 0);
});

test('the dialog has name, description and focus; Escape is "not now", and gives the focus back', LIMIT, async t => {
    const page = await openExpired(t);
    const result = call(page);
    await dialog(page).waitFor();
    await page.getByRole('alertdialog', { name: 'This page has expired', exact: true }).waitFor();
    const described = await page.evaluate(() => {
        const tree = document.querySelector('countersign-prompt').shadowRoot;
        const found = tree.querySelector('dialog');
        return {
            text: tree.getElementById(found.getAttribute('aria-describedby')).textContent,
            modal: found.matches(':modal'),
            focus: tree.activeElement.tagName,
        };
    });
    assert.match(described.text, /not saved/);
    assert.equal(described.modal, true);
    // Whoever was typing chooses nothing by it.
    assert.equal(described.focus, 'H2');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Space');
    assert.equal(await dialog(page).count(), 1);

    await page.keyboard.press('Escape');
    assert.equal((await result).error.source, 'token');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'label');
});

test('Tab reaches both buttons and never the page behind', LIMIT, async t => {
    const page = await openExpired(t);
    const result = call(page);
    await dialog(page).waitFor();
    const reached = [];
    for (let i = 0; i < 6; i++) {
        await page.keyboard.press('Tab');
        reached.push(await page.evaluate(() =>
            document.activeElement.shadowRoot?.activeElement?.textContent ?? document.activeElement.tagName));
    }
    assert.ok(reached.includes('Load again') && reached.includes('Not now'), reached.join());
    assert.ok(!reached.includes('INPUT'), reached.join());
    await page.keyboard.press('Escape');
    await result;
});

test('"Load again" loads the page again, and then calls succeed', LIMIT, async t => {
    const page = await openExpired(t);
    await page.evaluate(() => { window.old = true; void window.call(); });
    await dialog(page).waitFor();
    await Promise.all([
        page.waitForEvent('load'),
        page.getByRole('button', { name: 'Load again' }).click(),
    ]);
    await page.waitForFunction(() => window.ready && !window.old);
    await page.evaluate(() => window.setUp({}));
    assert.equal(succeeded([await call(page)]), 1);
});

test('the dialog speaks the page\'s language', LIMIT, async t => {
    const texts = { title: 'Diese Seite ist abgelaufen', text: 'Bitte neu laden.', reload: 'Neu laden', dismiss: 'Später' };
    const page = await openExpired(t, { texts });
    const result = call(page);
    await page.getByRole('alertdialog', { name: texts.title }).waitFor();
    await page.getByRole('button', { name: texts.reload }).waitFor();
    await page.getByRole('button', { name: texts.dismiss }).click();
    await result;
});
