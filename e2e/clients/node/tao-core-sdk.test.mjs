// npm `@oat-sa/tao-core-sdk`, unmodified, against the tao service; and its tickets by hand.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startPlayground } from '../../playground.mjs';
import { openTaoPage } from './tao-page.mjs';

const POOL = 10;
const TICKET = /^[0-9a-f]{40}$/;

let playground;
let items;

before(async () => {
    playground = await startPlayground();
    items = `${playground.tao}/tao/items`;
});
after(() => playground?.stop());

async function withPage(use, config) {
    const page = await openTaoPage(playground.tao, config);
    try {
        // The SDK's known race: calls of one tick take the same ticket, unless they queue.
        return await use(options => page.request({ sequential: true, ...options }), page.sent);
    } finally {
        page.close();
    }
}

test('more requests than the pool has tickets succeed, each with a ticket of its own', () =>
    withPage(async (request, sent) => {
        for (let i = 0; i < 2 * POOL; i++) {
            const { success, data } = await request({ url: items });
            assert.equal(success, true);
            assert.ok(Array.isArray(data));
        }
        assert.equal(new Set(sent).size, 2 * POOL);
        for (const ticket of sent) {
            assert.match(ticket, TICKET);
        }
    }));

test('requests fired together queue up and all succeed', () =>
    withPage(async (request, sent) => {
        const replies = await Promise.all(Array.from({ length: POOL }, () => request({ url: items })));
        assert.ok(replies.every(reply => reply.success));
        assert.equal(new Set(sent).size, POOL);
    }));

test('an item is made by POST, and DELETE answers 204, which the client takes as no data', () =>
    withPage(async request => {
        const made = await request({
            url: items,
            method: 'POST',
            contentType: 'application/json',
            data: JSON.stringify({ label: 'Geography, grade 5' }),
        });
        assert.equal(made.success, true);
        assert.equal(made.data.label, 'Geography, grade 5');
        const labels = async () => (await request({ url: items })).data.map(item => item.label);
        assert.ok((await labels()).includes('Geography, grade 5'));

        const id = made.data.uri.split(/[/#]/).at(-1);
        assert.equal(await request({ url: `${items}/${id}`, method: 'DELETE' }), undefined);
        assert.ok(!(await labels()).includes('Geography, grade 5'));
    }));

test('an application error reaches the caller, and its reply brings the next ticket', () =>
    withPage(async (request, sent) => {
        // The client resolves or rejects by the reply's status; what it hands over is the same.
        const answer = await request({ url: `${items}/fail`, method: 'POST' })
            .catch(error => error.response);
        assert.equal(answer.success, false);
        assert.equal(answer.message, 'Something went wrong');

        for (let i = 0; i < POOL; i++) {
            assert.equal((await request({ url: items })).success, true);
        }
        assert.equal(new Set(sent).size, POOL + 1);
    }));

for (const [name, options, config] of [
    ['a page that was given no tickets is refused', {}, { tokens: [] }],
    ['a request that opts out of its ticket is refused', { noToken: true }, undefined],
]) {
    test(`${name}: 403 without a body, and no ticket`, () =>
        withPage(async request => {
            const error = await request({ url: items, ...options }).then(
                reply => assert.fail(`it passed: ${JSON.stringify(reply)}`),
                error => error,
            );
            assert.equal(error.code, 403);
            assert.match(error.message, /Unable to process your request/);
            // The refusal brought no ticket to go on with.
            await assert.rejects(request({ url: items, ...options }), config ? /No tokens available/ : /403/);
        }, config));
}

/** A session by hand: its cookie and its tickets. */
async function openSession() {
    const reply = await fetch(`${playground.tao}/tao/ClientConfig/config`);
    assert.equal(reply.status, 200);
    assert.match(reply.headers.get('Content-Type'), /^application\/javascript/);
    let config;
    new Function('require', await reply.text())({ config: given => { config = given.config; } });
    const cookie = reply.headers.getSetCookie().map(value => value.split(';')[0]).join('; ');
    return { cookie, tickets: config['core/tokenHandler'].tokens };
}

const get = (cookie, ticket) =>
    fetch(items, { headers: { Cookie: cookie, ...(ticket && { 'X-CSRF-Token': ticket }) } });

test('the configuration brings a full pool, and another load brings other tickets', async () => {
    const { cookie, tickets } = await openSession();
    assert.equal(tickets.length, POOL);
    assert.ok(tickets.every(ticket => TICKET.test(ticket)));

    const again = await fetch(`${playground.tao}/tao/ClientConfig/config`, { headers: { Cookie: cookie } });
    const text = await again.text();
    assert.ok(tickets.every(ticket => !text.includes(ticket)));
});

test('a ticket works once and its reply brings the next one', async () => {
    const { cookie, tickets: [ticket] } = await openSession();
    const passed = await get(cookie, ticket);
    assert.equal(passed.status, 200);
    assert.equal(passed.headers.get('Content-Type'), 'application/json; charset=UTF-8');
    assert.equal((await passed.json()).success, true);
    const next = passed.headers.get('X-CSRF-Token');
    assert.match(next, TICKET);
    assert.equal((await get(cookie, next)).status, 200);
    await assertRefused(await get(cookie, ticket));
});

test('of two requests with one ticket at the same moment exactly one passes', async () => {
    const { cookie, tickets } = await openSession();
    for (const ticket of tickets) {
        const replies = await Promise.all([get(cookie, ticket), get(cookie, ticket)]);
        assert.deepEqual(replies.map(reply => reply.status).sort(), [200, 403]);
        await assertRefused(replies.find(reply => reply.status === 403));
    }
});

for (const [name, present] of [
    ['no ticket', () => undefined],
    ['an unknown ticket', () => '0'.repeat(40)],
    ['a ticket cut short', ({ tickets: [ticket] }) => ticket.slice(1)],
    ['another session\'s ticket', (_, { tickets: [ticket] }) => ticket],
]) {
    test(`${name} is refused: 403 without a body, and no ticket`, async () => {
        const [mine, another] = [await openSession(), await openSession()];
        await assertRefused(await get(mine.cookie, present(mine, another)));
    });
}

async function assertRefused(reply) {
    assert.equal(reply.status, 403);
    assert.equal(reply.statusText, 'Unable to process your request');
    assert.equal(await reply.text(), '');
    assert.equal(reply.headers.get('X-CSRF-Token'), null);
}
