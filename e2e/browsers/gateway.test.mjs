// The bank behind the gateway, for somebody who uses it as it was meant. Everything is done at the bank itself
// too: what works there must work behind a gateway, unchanged.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { logIn, openBooks, openWatched, sendLogin } from './bank.mjs';
import { startChromium } from './chromium.mjs';
import { startStrictGateway } from './gateway.mjs';

const FIELD = 'csrf_token';
const LIMIT = { timeout: 60_000 };

let browser, playground, strict, bare, alice, bob;

before(async () => {
    playground = await startPlayground();
    strict = await startStrictGateway(playground.bank);
    bare = await startStrictGateway(playground.bank, '');
    browser = await startChromium();
    [alice, bob] = await Promise.all(['alice', 'bob'].map(name => openBooks(playground.bank, name)));
});
after(async () => {
    await browser?.close();
    await bare?.stop();
    await strict?.stop();
    await playground?.stop();
});

const ENTRANCES = {
    'the bank itself': () => playground.bank,
    'behind the gateway': () => playground.gateway,
    'behind a gateway that insists on tokens': () => strict.origin,
};

async function openProfile(t) {
    const profile = await browser.profile();
    t.after(() => profile.close());
    return profile;
}

const transferForm = 'form[action="/transfer"]';
const quickForm = 'form[data-quick]';
const live = page => page.locator('[data-live]');
const shownBalance = (page, cents) => {
    const euros = new Intl.NumberFormat('en', { minimumFractionDigits: 2 }).format(cents / 100);
    return page.locator('[data-balance]', { hasText: new RegExp(`(^|\\D)${euros.replace('.', '\\.')}`) }).waitFor();
};

async function fillTransfer(page, to, euros, note = '') {
    await page.fill(`${transferForm} [name="to"]`, to);
    await page.fill(`${transferForm} [name="amount"]`, euros);
    await page.fill(`${transferForm} [name="note"]`, note);
}

async function sendTransfer(page, to, euros, note) {
    await fillTransfer(page, to, euros, note);
    await page.click(`${transferForm} button`);
    await page.getByText('The money has been sent.').waitFor();
}

async function quickly(page, how, cents) {
    await page.fill(`${quickForm} [name="cents"]`, String(cents));
    await page.click(`${quickForm} [value="${how}"]`);
    const status = page.locator(`${quickForm} [role="status"]`);
    await status.filter({ hasText: /\S/ }).waitFor();
    return status.textContent();
}

const fileStatement = async (page, bytes) => {
    await page.setInputFiles('[name="file"]', {
        name: 'report.txt', mimeType: 'text/plain', buffer: Buffer.alloc(bytes, 'x'),
    });
    await page.click('form[action="/statements"] button');
};

/** What an answer to a form or a script did to the money. */
async function moved(books, act) {
    const before = await books.cents();
    await act();
    return await books.cents() - before;
}

for (const [entrance, base] of Object.entries(ENTRANCES)) {
    describe(entrance, () => {
        /** A test by somebody who is logged in, in whose browser nothing may be complained of. */
        const customer = (name, run) => test(name, LIMIT, async t => {
            const profile = await openProfile(t);
            const { page, complaints } = await openWatched(profile);
            await logIn(page, base());
            await run(page, profile);
            assert.deepEqual(complaints, []);
        });

        customer('logging in, the account, and logging out', async page => {
            await shownBalance(page, await alice.cents());
            await page.click('form[action="/logout"] button');
            await page.waitForURL(`${base()}/login`);
            await page.goto(`${base()}/account`);
            assert.equal(page.url(), `${base()}/login`);
        });

        test('a wrong password is told of, and the form that follows works', LIMIT, async t => {
            const profile = await openProfile(t);
            const page = await profile.newPage();
            await page.goto(base());
            assert.equal(page.url(), `${base()}/login`);
            await sendLogin(page, 'alice', 'looking-glass');
            await page.getByRole('alert').waitFor();
            await sendLogin(page, 'alice');
            await page.waitForURL(`${base()}/account`);
        });

        customer('the transfer form', async page => {
            assert.equal(await moved(alice, () => sendTransfer(page, 'bob', '1.25', 'tea')), -125);
            const [{ to, note }] = await alice.transfers();
            assert.deepEqual({ to, note }, { to: 'bob', note: 'tea' });
        });

        test('a transfer form with a mistake is shown again, and works then', LIMIT, async t => {
            const profile = await openProfile(t);
            const page = await profile.newPage();
            await logIn(page, base());
            await fillTransfer(page, 'nobody', '1.00', 'again');
            await page.click(`${transferForm} button`);
            await page.getByRole('alert').waitFor();
            assert.equal(await page.inputValue(`${transferForm} [name="note"]`), 'again');
            assert.equal(await moved(alice, () => sendTransfer(page, 'bob', '1.00', 'again')), -100);
        });

        customer('the form with a file', async page => {
            const filed = await alice.statements();
            // Longer than what a gateway searches for a token.
            await fileStatement(page, 1_000_000);
            await page.getByText('The statement has been filed.').waitFor();
            await page.getByText('1000000 bytes').first().waitFor();
            assert.equal(await alice.statements(), filed + 1);
        });

        customer('money sent by fetch, and taken back by DELETE', async page => {
            const sent = await moved(alice, async () => {
                assert.match(await quickly(page, 'fetch', 300), /Sent .*3\.00 to bob/);
            });
            assert.equal(sent, -300);
            const [{ id }] = await alice.transfers();
            await page.reload();
            assert.equal(await moved(alice, async () => {
                const button = page.locator(`[data-take-back="${id}"]`);
                await button.click();
                await button.waitFor({ state: 'detached' });
            }), 300);
        });

        customer('the balance moves by itself, and money is sent, over the WebSocket', async page => {
            await live(page).getByText('Live, over a WebSocket.').waitFor();
            await bob.send('alice', 200);
            await shownBalance(page, await alice.cents());
            assert.equal(await moved(alice, async () => {
                assert.match(await quickly(page, 'socket', 400), /Sent .*4\.00 to bob/);
            }), -400);
        });

        customer('without WebSockets, server-sent events move it', async page => {
            await page.addInitScript(() => {
                window.WebSocket = class extends EventTarget {
                    constructor() {
                        super();
                        queueMicrotask(() => this.dispatchEvent(new Event('close')));
                    }
                };
            });
            await page.reload();
            await live(page).getByText('Live, over server-sent events.').waitFor();
            await bob.send('alice', 150);
            await shownBalance(page, await alice.cents());
        });

        customer('the search has nothing in its address but what was searched', async page => {
            await alice.send('bob', 1, 'a rare word');
            await page.fill('[name="q"]', 'rare word');
            await page.click('form[role="search"] button');
            await page.getByText('Show all').waitFor();
            assert.equal(page.url(), `${base()}/search?q=rare+word`);
            assert.ok(await page.getByText('a rare word').count() > 0);
        });

        customer('what is given elsewhere takes nothing along', async (page, profile) => {
            let given;
            await profile.route('http://donations.example/**', route => {
                given = route.request();
                return route.fulfill({ contentType: 'text/html', body: '<!doctype html><p>Thank you' });
            });
            await page.click('form[action^="http://donations.example"] button');
            await page.getByText('Thank you').waitFor();
            assert.equal(given.method(), 'POST');
            assert.equal(given.postData(), 'amount=5.00');
            const headers = Object.keys(await given.allHeaders());
            assert.deepEqual(headers.filter(name => /csrf|cookie/.test(name)), []);
        });

        customer('back, and sent once more', async page => {
            await sendTransfer(page, 'bob', '1.00', 'first');
            await page.goBack();
            assert.equal(await moved(alice, () => sendTransfer(page, 'bob', '2.00', 'second')), -200);
        });

        customer('two tabs, by turns', async (page, profile) => {
            const other = await profile.newPage();
            await other.goto(`${base()}/account`);
            const sent = await moved(alice, async () => {
                await sendTransfer(page, 'bob', '1.00');
                await sendTransfer(other, 'bob', '1.00');
                assert.match(await quickly(page, 'fetch', 100), /Sent/);
                assert.match(await quickly(other, 'fetch', 100), /Sent/);
            });
            assert.equal(sent, -400);
        });

        test('logged in in another tab, the first one needs no more than a reload', LIMIT, async t => {
            const profile = await openProfile(t);
            const page = await profile.newPage();
            await page.goto(`${base()}/login`);
            await logIn(await profile.newPage(), base());
            await page.goto(`${base()}/account`);
            assert.equal(await moved(alice, () => sendTransfer(page, 'bob', '1.00')), -100);
        });
    });
}

for (const entrance of ['the bank itself', 'behind the gateway']) {
    test(`${entrance}: a login form from before a login in another tab still works`, LIMIT, async t => {
        const base = ENTRANCES[entrance]();
        const profile = await openProfile(t);
        const page = await profile.newPage();
        await page.goto(`${base}/login`);
        await logIn(await profile.newPage(), base);
        await sendLogin(page, 'bob');
        await page.waitForURL(`${base}/account`);
        await page.locator('header').getByText('bob').waitFor();
    });
}

describe('what the gateway adds', () => {
    const fields = page => page.locator(`input[name="${FIELD}"]`).evaluateAll(inputs =>
        inputs.map(input => [input.form.getAttribute('action'), input.type, input.value !== '']));

    test('a session of its own before the login, and a field in its form', LIMIT, async t => {
        const profile = await openProfile(t);
        const page = await profile.newPage();
        await page.goto(`${playground.gateway}/login`);
        const [{ name, httpOnly, sameSite }, ...more] = await profile.cookies();
        assert.deepEqual({ name, httpOnly, sameSite }, { name: 'countersign', httpOnly: true, sameSite: 'Lax' });
        assert.deepEqual(more, []);
        assert.deepEqual(await fields(page), [['/login', 'hidden', true]]);
    });

    test('a field in each form that posts to the bank, and in no other', LIMIT, async t => {
        const profile = await openProfile(t);
        const page = await profile.newPage();
        await logIn(page, playground.gateway);
        const carrying = (await fields(page)).map(([action]) => action).sort();
        assert.deepEqual(carrying, ['/logout', '/statements', '/transfer']);
        assert.equal(await page.locator('form').count(), 6);
    });

    test('a page without them can send nothing, so it is they that let the others through', LIMIT, async t => {
        const profile = await openProfile(t);
        const page = await profile.newPage();
        const refused = async act => {
            const [reply] = await Promise.all([
                page.waitForResponse(reply => reply.request().method() !== 'GET'),
                act(),
            ]);
            assert.equal(reply.status(), 403, reply.url());
        };
        await page.goto(`${bare.origin}/login`);
        await refused(() => sendLogin(page, 'alice'));

        // Cookies do not tell ports apart: this is a login for all entrances.
        await logIn(page, playground.bank);
        const cents = await moved(alice, async () => {
            await page.goto(`${bare.origin}/account`);
            await refused(() => page.click(`${quickForm} [value="fetch"]`));
            await fillTransfer(page, 'bob', '1.00');
            await refused(() => page.click(`${transferForm} button`));
            await page.goto(`${bare.origin}/account`);
            await refused(() => fileStatement(page, 10));
        });
        assert.equal(cents, 0);
    });

    test('a page of a session that has ended sends nothing, and works again after a reload', LIMIT, async t => {
        const profile = await openProfile(t);
        const page = await profile.newPage();
        await logIn(page, strict.origin);
        await logIn(await profile.newPage(), strict.origin);
        assert.equal(await moved(alice, async () => {
            await fillTransfer(page, 'bob', '1.00');
            const [reply] = await Promise.all([
                page.waitForResponse(`${strict.origin}/transfer`),
                page.click(`${transferForm} button`),
            ]);
            assert.equal(reply.status(), 403);
        }), 0);
        await page.goto(`${strict.origin}/account`);
        assert.equal(await moved(alice, () => sendTransfer(page, 'bob', '1.00')), -100);
    });
});
