// The TAO form in a browser: its hidden ticket lets it through once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { startChromium } from './chromium.mjs';

const FIELD = 'input[name="X-CSRF-Token"]';

let browser, playground, form;

before(async () => {
    playground = await startPlayground();
    form = `${playground.tao}/tao/form`;
    browser = await startChromium();
});
after(async () => {
    await browser?.close();
    await playground?.stop();
});

async function openForm(t) {
    const profile = await browser.profile();
    t.after(() => profile.close());
    const page = await profile.newPage();
    await page.goto(form);
    return page;
}

/** Sends the form as it stands. */
async function submit(page, label) {
    await page.fill('input[name="label"]', label);
    const [reply] = await Promise.all([
        page.waitForResponse(reply => reply.url() === form && reply.request().method() === 'POST'),
        page.click('form button'),
    ]);
    await page.waitForLoadState();
    return reply;
}

const ticket = page => page.inputValue(FIELD);
const count = async (page, label) => {
    await page.goto(form);
    return page.getByText(label, { exact: true }).count();
};

test('the form works, and the one that follows has another ticket', { timeout: 60_000 }, async t => {
    const page = await openForm(t);
    const first = await ticket(page);
    assert.match(first, /^[0-9a-f]{40}$/);
    assert.equal((await submit(page, 'Fractions, easy')).status(), 200);
    assert.notEqual(await ticket(page), first);
    assert.equal((await submit(page, 'Fractions, hard')).status(), 200);
    assert.equal(await count(page, 'Fractions, easy'), 1);
    assert.equal(await count(page, 'Fractions, hard'), 1);
});

test('back and sent again, it is shown again with a message, and works from there', { timeout: 60_000 }, async t => {
    const page = await openForm(t);
    const first = await ticket(page);
    assert.equal((await submit(page, 'Decimals')).status(), 200);
    await page.goBack();
    // Whether the browser kept the page or loaded it anew: what a stale page sends is the first ticket.
    await page.locator(FIELD).evaluate((field, value) => { field.value = value; }, first);
    const refused = await submit(page, 'Decimals');
    assert.equal(refused.status(), 403);
    assert.notEqual((await page.locator('[role="alert"]').textContent()).trim(), '');
    assert.notEqual(await ticket(page), first);

    assert.equal((await submit(page, 'Percentages')).status(), 200);
    assert.equal(await count(page, 'Decimals'), 1);
    assert.equal(await count(page, 'Percentages'), 1);
});

test('with its ticket taken out, it is shown again with a message', { timeout: 60_000 }, async t => {
    const page = await openForm(t);
    await page.locator(FIELD).evaluate(field => field.remove());
    const refused = await submit(page, 'Roots');
    assert.equal(refused.status(), 403);
    assert.notEqual((await page.locator('[role="alert"]').textContent()).trim(), '');
    assert.equal(await count(page, 'Roots'), 0);
});
