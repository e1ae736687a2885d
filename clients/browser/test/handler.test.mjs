// The token handler: seed 004's `tokenHandlerFactory()`, and when it asks for a reload.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { createClient } from '../src/client.js';
import { tokenHandlerFactory } from '../src/handler.js';
import { memoryStore } from '../src/store.js';
import tao from '../dialects/tao.js';
import { BASE, clock, taoServer, until } from './fakes.mjs';

const MINUTE = 60_000;
const TICKETS = ['a', 'b', 'c'];

function handlerOf(options = {}) {
    const server = taoServer();
    const now = clock();
    const onExpired = mock.fn(() => 'dismiss');
    const reload = mock.fn();
    const handler = tokenHandlerFactory({ base: BASE, fetch: server.fetch, now, onExpired, reload, ...options });
    return { server, now, onExpired, reload, handler };
}

const NONE = { name: 'RequestError', message: 'No tokens available. Please refresh the page.', source: 'token' };

test('a ticket that was set can be got, once', async () => {
    const { handler } = handlerOf({ refill: false });
    assert.equal(await handler.setToken('mytoken'), true);
    assert.equal(await handler.getToken(), 'mytoken');
    await assert.rejects(handler.getToken(), NONE);
});

test('the page\'s own tickets come first, in their order', async () => {
    const { handler } = handlerOf({ tokens: TICKETS, initialToken: 'first' });
    await handler.setToken('last');
    const got = [];
    for (let i = 0; i < 5; i++) {
        got.push(await handler.getToken());
    }
    assert.deepEqual(got, ['first', ...TICKETS, 'last']);
});

test('a string is the first ticket', async () => {
    globalThis.location = { href: `${BASE}/`, origin: BASE };
    try {
        assert.equal(await tokenHandlerFactory('mytoken').getToken(), 'mytoken');
    } finally {
        delete globalThis.location;
    }
});

test('a ticket may be set with the time at which it came, as TAO keeps it', async () => {
    const { handler, now } = handlerOf({ refill: false });
    await handler.setToken({ value: 'old', receivedAt: now.time - 24 * MINUTE });
    await handler.setToken({ value: 'young', receivedAt: now.time - 24 * MINUTE + 1 });
    assert.equal(await handler.getToken(), 'young');
});

const LIMITS = {
    '24 minutes unless said': [{}, 24 * MINUTE],
    'as long as the page says': [{ tokenTimeLimit: 1000 }, 1000],
};
for (const [name, [options, limit]] of Object.entries(LIMITS)) {
    test(`the age limit is ${name}`, async () => {
        const { handler, now } = handlerOf({ tokens: TICKETS, refill: false, ...options });
        now.time += limit - 1;
        assert.equal(await handler.getToken(), 'a');
        now.time += 1;
        await assert.rejects(handler.getToken(), NONE);
    });
}

test('no age limit where the page says 0', async () => {
    const { handler, now } = handlerOf({ tokens: TICKETS, tokenTimeLimit: 0 });
    now.time += 1e12;
    assert.equal(await handler.getToken(), 'a');
});

test('above maxSize the oldest go; 10 unless said', async () => {
    const many = Array.from({ length: 12 }, (_, i) => `ticket-${i}`);
    const usual = handlerOf({ tokens: many }).handler;
    assert.equal(await usual.getQueueLength(), 10);
    assert.equal(await usual.getToken(), 'ticket-2');
    const small = handlerOf({ tokens: many, maxSize: 2 }).handler;
    assert.equal(await small.getToken(), 'ticket-10');
    await usual.setMaxSize(3);
    assert.equal(await usual.getQueueLength(), 3);
    await usual.setMaxSize(0);
    assert.equal(await usual.getQueueLength(), 3);
});

test('cleared, it has none of the old tickets', async () => {
    const { handler } = handlerOf({ tokens: TICKETS });
    assert.equal(await handler.clearStore(), true);
    assert.equal(await handler.getQueueLength(), 0);
    assert.match(await handler.getToken(), /^0{38}/);
});

test('twenty callers and no ticket: two batches of ten, and no ticket twice', async () => {
    const { handler, server } = handlerOf();
    const got = await Promise.all(Array.from({ length: 20 }, () => handler.getToken()));
    assert.equal(new Set(got).size, 20);
    assert.equal(server.batches, 2);
});

test('tickets are fetched where the page says', async () => {
    const asked = [];
    const { handler } = handlerOf({
        configUrl: '/portal/tao/ClientConfig/config',
        fetch: async url => {
            asked.push(String(url));
            return new Response(`require.config({"config":{"core/tokenHandler":{"tokens":["x"]}}});`);
        },
    });
    assert.equal(await handler.getToken(), 'x');
    assert.deepEqual(asked, [`${BASE}/portal/tao/ClientConfig/config`]);
});

test('where tickets are not validated there may be none: no fetch, no prompt', async () => {
    const { handler, server, now, onExpired } = handlerOf({ validateTokens: false, tokens: ['a'] });
    now.time += 24 * MINUTE;
    assert.equal(await handler.getToken(), null);
    await handler.setToken('b');
    assert.equal(await handler.getToken(), 'b');
    assert.equal(server.batches + onExpired.mock.callCount(), 0);
});

test('all expired, none to be had: one prompt for all who wait, and all are rejected', async () => {
    let answer;
    const onExpired = mock.fn(() => new Promise(choose => { answer = choose; }));
    const { handler, now, reload } = handlerOf({ tokens: TICKETS, refill: false, onExpired });
    now.time += 24 * MINUTE;
    const waiting = Promise.allSettled(Array.from({ length: 5 }, () => handler.getToken()));
    await until(() => answer);
    answer('dismiss');
    const results = await waiting;
    assert.ok(results.every(({ reason }) => reason?.source === 'token'));
    assert.equal(onExpired.mock.callCount(), 1);
    assert.equal(reload.mock.callCount(), 0);
});

test('the prompt comes once, and again only after there were tickets', async () => {
    const { handler, now, onExpired } = handlerOf({ tokens: TICKETS, refill: false });
    const expire = async () => {
        now.time += 24 * MINUTE;
        await assert.rejects(handler.getToken(), NONE);
        await assert.rejects(handler.getToken(), NONE);
    };
    await expire();
    assert.equal(onExpired.mock.callCount(), 1);
    await handler.setToken('d');
    await expire();
    assert.equal(onExpired.mock.callCount(), 2);
});

test('`reload` loads the page again, and the call is rejected all the same', async () => {
    const { handler, now, reload } = handlerOf({ tokens: TICKETS, refill: false, onExpired: async () => 'reload' });
    now.time += 24 * MINUTE;
    await assert.rejects(handler.getToken(), NONE);
    assert.equal(reload.mock.callCount(), 1);
});

test('all expired, and offline: the prompt', async () => {
    const { handler, server, now, onExpired } = handlerOf({ tokens: TICKETS });
    now.time += 24 * MINUTE;
    server.online = false;
    await assert.rejects(handler.getToken(), NONE);
    assert.equal(onExpired.mock.callCount(), 1);
});

test('used up, and offline: no prompt, as nothing has expired', async () => {
    const { handler, server, onExpired } = handlerOf({ tokens: ['a'] });
    await handler.getToken();
    server.online = false;
    await assert.rejects(handler.getToken(), NONE);
    assert.equal(onExpired.mock.callCount(), 0);
});

test('with a client that is there already, both use one pool', async () => {
    const server = taoServer();
    const store = memoryStore();
    const client = await createClient({ document: tao, base: BASE, store, fetch: server.fetch });
    const handler = tokenHandlerFactory({ client: Promise.resolve(client), store });
    await handler.setToken('a');
    await client.put('b');
    assert.equal((await client.take()).value, 'a');
    assert.equal(await handler.getToken(), 'b');
});

test('a batch that other tabs take first is fetched again, and not for ever', async () => {
    for (const [taken, expected] of [[9, /^\d{40}$/], [10, undefined]]) {
        const server = taoServer();
        const store = memoryStore();
        const { put } = store;
        store.put = async (...given) => {
            // What an other tab has taken at once is as good as never put.
            if (server.batches > taken) {
                await put(...given);
            }
        };
        const handler = tokenHandlerFactory({ base: BASE, fetch: server.fetch, store });
        if (expected) {
            assert.match(await handler.getToken(), expected);
        } else {
            await assert.rejects(handler.getToken(), NONE);
        }
        assert.equal(server.batches, 10);
    }
});

test('with a client, the store must be named', () => {
    const client = createClient({ document: tao, base: BASE, store: memoryStore(), fetch: async () => Response.error() });
    assert.throws(() => tokenHandlerFactory({ client }), /needs the `store`/);
});
