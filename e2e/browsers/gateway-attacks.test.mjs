// The playground's attacker page, in the browser of somebody who is logged in at the bank: what it takes from
// the bank itself, and that it takes nothing from the bank behind the gateway. The bank's own books count.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { logIn, openBooks } from './bank.mjs';
import { startChromium } from './chromium.mjs';

const PRIZE = 1000;
const LIMIT = { timeout: 60_000 };

let browser, playground, alice, mallory;

before(async () => {
    playground = await startPlayground();
    browser = await startChromium();
    alice = await openBooks(playground.bank, 'alice');
    mallory = await openBooks(playground.bank, 'mallory');
});
after(async () => {
    await browser?.close();
    await playground?.stop();
});

/** Where the attacker sits. Browsers hold some cookies back from another site, and none from a sister. */
const SEATS = {
    'another site': () => playground.attacker,
    'a sister site': () => playground.attacker.replace('//localhost', '//127.0.0.1'),
};

const EVERYWHERE = ['another site', 'a sister site'];
const SISTER = ['a sister site'];

/**
 * What each attack sends, from where it works at a bank that nothing guards, what it takes there, and what the
 * gateway answers.
 */
const ATTACKS = {
    form: { path: '/transfer', lands: EVERYWHERE, takes: { cents: PRIZE }, guarded: 403 },
    fetch: { path: '/api/transfers', lands: SISTER, takes: { cents: PRIZE }, guarded: 403 },
    // Reading is free, and the bank changes nothing for it.
    image: { path: '/transfer', lands: [], takes: {} },
    socket: { path: '/live', lands: SISTER, takes: { cents: PRIZE }, guarded: 403 },
    upload: { path: '/statements', lands: EVERYWHERE, takes: { statements: 1 }, guarded: 403 },
    login: { path: '/login', lands: EVERYWHERE, takes: { owner: 'mallory' }, guarded: 403 },
};

/** What the bank has in its books, and whom it takes the victim's browser for. */
async function state(profile) {
    const reply = await profile.request.get(`${playground.bank}/api/accounts`);
    assert.equal(reply.status(), 200);
    const [{ owner }] = await reply.json();
    return {
        owner,
        alice: await alice.cents(),
        mallory: await mallory.cents(),
        transfers: (await alice.transfers()).length,
        statements: await alice.statements(),
    };
}

const robbed = (state, { cents = 0, statements = 0, owner = state.owner }) => ({
    owner,
    alice: state.alice - cents,
    mallory: state.mallory + cents,
    transfers: state.transfers + (cents ? 1 : 0),
    statements: state.statements + statements,
});

/** Somebody who is logged in, and looks at the attacker's page, whose time stands still. */
async function openVictim(t, seat) {
    const profile = await browser.profile();
    t.after(() => profile.close());
    const bank = await profile.newPage();
    // A cookie counts for a host, whatever the port: this is a login behind the gateway too.
    await logIn(bank, playground.bank);
    await bank.close();
    const page = await profile.newPage();
    await page.clock.install();
    await page.goto(`${SEATS[seat]()}/`);
    return { profile, page };
}

/** Presses a button of the attacker's page, and waits until what it sent has been answered. */
async function press(profile, page, attack, target) {
    const url = playground[target] + ATTACKS[attack].path;
    const answered = attack === 'socket'
        ? await listenForHandshake(profile, page, url.replace('http', 'ws'))
        : listenForAnswer(profile, url);
    const button = page.locator(`[data-attack="${attack}"][data-target="${target}"]`);
    await button.click();
    return { status: await answered(), cell: button.locator('xpath=..').getByRole('status'), button };
}

/** The status of the answer; none for what is no picture, which Chromium shows to nobody. */
function listenForAnswer(profile, url) {
    const isIt = it => it.url().split('?')[0] === url;
    const answered = profile.waitForEvent('response', isIt).then(response => response.status());
    const hidden = profile.waitForEvent('requestfailed', isIt).then(() => undefined);
    return () => Promise.any([answered, hidden]);
}

/** Hands back, once it listens, what waits for the status of a WebSocket's handshake. */
async function listenForHandshake(profile, page, url) {
    const tools = await profile.newCDPSession(page);
    await tools.send('Network.enable');
    const answered = new Promise(found => {
        let id;
        tools.on('Network.webSocketCreated', socket => { id = socket.url === url ? socket.requestId : id; });
        tools.on('Network.webSocketHandshakeResponseReceived', ({ requestId, response }) => {
            if (requestId === id) {
                found(response.status);
            }
        });
        tools.on('Network.webSocketFrameError', ({ requestId, errorMessage }) => {
            if (requestId === id) {
                found(Number(errorMessage.match(/response code: (\d+)/)?.[1]));
            }
        });
    });
    return () => answered;
}

/** Lets the attacker's page wait as long as it likes, in no time. */
async function outcome(page, cell, button, text) {
    const said = cell.getByText(text);
    while (!await said.count()) {
        assert.ok(await button.isDisabled() || await said.count(), `the page said \`${await cell.textContent()}\``);
        await page.clock.fastForward(1000);
    }
}

const SEEN = ['form', 'fetch', 'image', 'socket'];
const ARRIVED = 'have arrived at mallory\'s account';
const NOTHING = 'Nothing has arrived.';

for (const seat of EVERYWHERE) {
    describe(`from ${seat}`, () => {
        for (const [attack, { lands, takes, guarded }] of Object.entries(ATTACKS)) {
            const works = lands.includes(seat);

            test(`${attack} at the bank: ${works ? 'lands' : 'the browser does not let it'}`, LIMIT, async t => {
                const { profile, page } = await openVictim(t, seat);
                const before = await state(profile);
                const { cell, button } = await press(profile, page, attack, 'bank');
                if (SEEN.includes(attack)) {
                    await outcome(page, cell, button, works ? ARRIVED : NOTHING);
                }
                assert.deepEqual(await state(profile), robbed(before, works ? takes : {}));
            });

            test(`${attack} at the bank behind the gateway: nothing`, LIMIT, async t => {
                const { profile, page } = await openVictim(t, seat);
                const before = await state(profile);
                const { status, cell, button } = await press(profile, page, attack, 'gateway');
                if (guarded) {
                    assert.equal(status, guarded);
                }
                if (SEEN.includes(attack)) {
                    await outcome(page, cell, button, NOTHING);
                    assert.doesNotMatch(await cell.textContent(), /arrived at|told this page/);
                }
                assert.deepEqual(await state(profile), before);
            });
        }
    });
}

test('a login form from elsewhere logs nobody in who was not yet', LIMIT, async t => {
    for (const [target, cookies] of [['gateway', []], ['bank', ['bank_session']]]) {
        const profile = await browser.profile();
        t.after(() => profile.close());
        const page = await profile.newPage();
        await page.goto(`${playground.attacker}/`);
        await press(profile, page, 'login', target);
        assert.deepEqual((await profile.cookies(playground.bank)).map(({ name }) => name), cookies, target);
    }
});
