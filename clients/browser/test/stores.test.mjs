// The pools of tickets. Each rule runs against both backends; that tabs share one is for a real browser to
// show (e2e/browsers/client-tickets.test.mjs).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mock, test } from 'node:test';

import { IDBFactory } from 'fake-indexeddb';

import { indexedDbStore, memoryStore, tokenStore } from '../src/store.js';
import { clock } from './fakes.mjs';

const MINUTE = 60_000;

const BACKENDS = {
    memory: options => memoryStore(options),
    indexeddb: options => indexedDbStore({ indexedDB: new IDBFactory(), ...options }),
};

const RULES = {
    'the oldest ticket comes first, with the time it was put': async make => {
        const now = clock();
        const store = make({ now });
        await store.put('a');
        now.time += 1;
        await store.put('b');
        assert.deepEqual(await store.take(), { value: 'a', ts: now.time - 1 });
        assert.deepEqual(await store.take(), { value: 'b', ts: now.time });
        assert.equal(await store.take(), undefined);
    },
    'takes of one tick get different tickets': async make => {
        const store = make();
        const values = Array.from({ length: 10 }, (_, i) => `ticket-${i}`);
        await Promise.all(values.map(value => store.put(value)));
        const taken = await Promise.all(Array.from({ length: 12 }, () => store.take()));
        assert.deepEqual(taken.map(ticket => ticket?.value), [...values, undefined, undefined]);
    },
    'a ticket as old as the limit is not handed out, one a moment younger is': async make => {
        const now = clock();
        const store = make({ now, limit: 24 * MINUTE });
        await store.put('old');
        now.time += 1;
        await store.put('young');
        now.time += 24 * MINUTE - 1;
        assert.equal(await store.size(), 1);
        assert.equal((await store.take()).value, 'young');
        assert.equal(await store.take(), undefined);
    },
    'unless a limit is said, a ticket is good for 24 minutes less five seconds': async make => {
        const now = clock();
        const store = make({ now });
        await store.put('a');
        now.time += 24 * MINUTE - 5001;
        assert.equal(await store.size(), 1);
        now.time += 1;
        assert.equal(await store.size(), 0);
    },
    'without a limit no ticket is too old': async make => {
        const now = clock();
        const store = make({ now, limit: 0 });
        await store.put('a');
        now.time += 1e12;
        assert.equal((await store.take()).value, 'a');
        assert.equal(await store.hadExpired(), false);
    },
    'a pool that ran empty by age says so, until something is put': async make => {
        const now = clock();
        const store = make({ now, limit: MINUTE });
        await store.put('a');
        await store.put('b');
        assert.equal(await store.hadExpired(), false);
        now.time += MINUTE;
        assert.equal(await store.take(), undefined);
        assert.equal(await store.hadExpired(), true);
        await store.put('c');
        assert.equal(await store.hadExpired(), false);
    },
    'a pool that was used up, or cleared, has not expired': async make => {
        const now = clock();
        const store = make({ now, limit: MINUTE });
        await store.put('a');
        await store.take();
        now.time += MINUTE;
        assert.equal(await store.hadExpired(), false);
        await store.put('b');
        now.time += MINUTE;
        assert.equal(await store.hadExpired(), true);
        await store.clear();
        assert.equal(await store.hadExpired(), false);
    },
    'a ticket given back is the next one, no younger than before': async make => {
        const now = clock();
        const store = make({ now, limit: MINUTE });
        await store.put('a');
        now.time += MINUTE - 1;
        await store.put('b');
        const taken = await store.take();
        await store.giveBack(taken);
        assert.deepEqual(await store.take(), taken);
        await store.giveBack(taken);
        now.time += 1;
        assert.equal((await store.take()).value, 'b');
    },
    'a ticket given back to an empty pool stays in front of what comes later': async make => {
        const store = make();
        await store.put('a');
        await store.giveBack(await store.take());
        await store.put('b');
        assert.equal((await store.take()).value, 'a');
        assert.equal((await store.take()).value, 'b');
    },
    'above the largest size the oldest go': async make => {
        const store = make({ max: 2 });
        for (const value of ['a', 'b', 'c']) {
            await store.put(value);
        }
        assert.equal(await store.size(), 2);
        await store.setMax(1);
        assert.equal((await store.take()).value, 'c');
        assert.equal(await store.take(), undefined);
    },
    'a ticket given back to a full pool is the one too many': async make => {
        const store = make({ max: 2 });
        await store.put('a');
        const taken = await store.take();
        await store.put('b');
        await store.put('c');
        await store.giveBack(taken);
        assert.equal(await store.size(), 2);
        assert.equal((await store.take()).value, 'b');
    },
    'a ticket that is in the pool is not put twice': async make => {
        const store = make();
        await store.put('a');
        await store.put('a');
        await store.giveBack({ value: 'a', ts: 1 });
        assert.equal(await store.size(), 1);
    },
    'cleared is empty': async make => {
        const store = make();
        await store.put('a');
        await store.clear();
        assert.equal(await store.size(), 0);
        assert.equal(await store.take(), undefined);
    },
};

// The rows that every language's pool must keep to.
const VECTORS = JSON.parse(readFileSync(new URL('../../../vectors/pool.json', import.meta.url), 'utf8'));
assert.ok(VECTORS.length > 0);
for (const { name, lifetime, steps } of VECTORS) {
    RULES[`pool.json: ${name}`] = async make => {
        const now = clock();
        const start = now.time;
        // A ticket is given up five seconds before its end: it may need them on its way.
        const store = make({ now, limit: (lifetime - 5) * 1000 });
        const held = new Map();
        for (const { at, put, take, give_back } of steps) {
            now.time = start + at * 1000;
            for (const value of put ?? []) {
                await store.put(value);
            }
            if (take !== undefined) {
                const ticket = await store.take();
                assert.equal(ticket?.value ?? null, take);
                held.set(take, ticket);
            }
            if (give_back !== undefined) {
                await store.giveBack(held.get(give_back));
            }
        }
    };
}

for (const [backend, make] of Object.entries(BACKENDS)) {
    for (const [rule, check] of Object.entries(RULES)) {
        test(`${backend}: ${rule}`, () => check(make));
    }
}

test('indexeddb: stores of one name share the tickets, and those of another do not', async () => {
    const indexedDB = new IDBFactory();
    const [one, two, other] = ['a', 'a', 'b'].map(name => indexedDbStore({ indexedDB, name }));
    for (let i = 0; i < 20; i++) {
        await one.put(`ticket-${i}`);
    }
    assert.equal(await other.size(), 0);
    const taken = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).take()));
    assert.equal(new Set(taken.map(ticket => ticket.value)).size, 20);
});

test('indexeddb: that the pool expired is known to all who share it', async () => {
    const now = clock();
    const indexedDB = new IDBFactory();
    const [one, two] = [1, 2].map(() => indexedDbStore({ indexedDB, now, limit: MINUTE }));
    await one.put('a');
    now.time += MINUTE;
    assert.equal(await one.take(), undefined);
    assert.equal(await two.hadExpired(), true);
});

test('indexeddb: a database deleted in another tab is made anew', async () => {
    const indexedDB = new IDBFactory();
    const store = indexedDbStore({ indexedDB, name: 'pool' });
    await store.put('a');
    await new Promise((done, failed) => {
        Object.assign(indexedDB.deleteDatabase('pool'), { onsuccess: done, onerror: failed });
    });
    assert.equal(await store.take(), undefined);
    await store.put('b');
    assert.equal((await store.take()).value, 'b');
});

test('a store by another name is an error that says which there are', () => {
    assert.throws(() => tokenStore({ store: 'localstorage' }), /`localstorage`.*`memory` or `indexeddb`/);
});

const SECRET = 'c8cd47bab63e1a6c4a9a9017252b1166131e996f';
const BLOCKED = {
    'absent': { indexedDB: null },
    'forbidden': { indexedDB: { open() { throw new DOMException(SECRET, 'SecurityError'); } } },
    'silent': { indexedDB: { open: () => ({}) }, patience: 1 },
};
for (const [how, options] of Object.entries(BLOCKED)) {
    test(`where IndexedDB is ${how}, the pool goes on in memory, and one warning names no ticket`, async t => {
        const warn = mock.method(console, 'warn', () => {});
        t.after(() => warn.mock.restore());
        const store = tokenStore({ store: 'indexeddb', ...options });
        await Promise.all([store.put(SECRET), store.put('b')]);
        assert.equal(await store.size(), 2);
        assert.equal((await store.take()).value, SECRET);
        assert.equal(warn.mock.callCount(), 1);
        const said = warn.mock.calls[0].arguments.join(' ');
        assert.match(said, /IndexedDB failed/);
        assert.ok(!said.includes(SECRET), said);
    });
}
