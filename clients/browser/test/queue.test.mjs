// How calls wait for one another.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { taskQueue, turnstile } from '../src/queue.js';

const settled = () => new Promise(setImmediate);

/** Tasks that end when they are told to. */
function tasks(enter) {
    const running = [];
    return {
        running,
        start: name => enter(() => new Promise((done, failed) => running.push({ name, done, failed }))),
    };
}
const names = running => running.map(({ name }) => name);

test('a queue runs one task at a time, in order, past those that fail and throw', async () => {
    const join = taskQueue();
    const { running, start } = tasks(join);
    const first = start('first');
    const thrown = join(() => { throw new Error('thrown'); });
    const last = start('last');
    await settled();
    assert.deepEqual(names(running), ['first']);
    running[0].failed(new Error('failed'));
    await assert.rejects(first, /failed/);
    await assert.rejects(thrown, /thrown/);
    await settled();
    assert.deepEqual(names(running), ['first', 'last']);
    running[1].done(5);
    assert.equal(await last, 5);
});

test('a turnstile lets so many in, and the next when one leaves, in order', async () => {
    const { running, start } = tasks(turnstile({ width: 2, patience: 60_000 }));
    const all = ['a', 'b', 'c', 'd'].map(start);
    await settled();
    assert.deepEqual(names(running), ['a', 'b']);
    running[1].failed(new Error('failed'));
    await assert.rejects(all[1]);
    await settled();
    assert.deepEqual(names(running), ['a', 'b', 'c']);
    running[0].done();
    await settled();
    assert.deepEqual(names(running), ['a', 'b', 'c', 'd']);
    running[2].done();
    running[3].done();
    await Promise.all([all[0], all[2], all[3]]);

    // All are out: two more fit.
    ['e', 'f', 'g'].forEach(start);
    await settled();
    assert.deepEqual(names(running).slice(4), ['e', 'f']);
    running.slice(4).forEach(({ done }) => done());
    await settled();
    running.at(-1).done();
});

test('who takes longer than the patience keeps nobody waiting, and gives no second place away', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { running, start } = tasks(turnstile({ width: 1, patience: 1000 }));
    ['poll', 'b', 'c'].forEach(start);
    await settled();
    t.mock.timers.tick(999);
    await settled();
    assert.deepEqual(names(running), ['poll']);
    t.mock.timers.tick(1);
    await settled();
    assert.deepEqual(names(running), ['poll', 'b']);
    running[0].done();
    await settled();
    assert.deepEqual(names(running), ['poll', 'b'], 'b is still inside');
    running[1].done();
    await settled();
    assert.deepEqual(names(running), ['poll', 'b', 'c']);
    running[2].done();
});

test('many that wait are no reason to let more in, as long as those inside leave', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { running, start } = tasks(turnstile({ width: 1, patience: 1000 }));
    ['a', 'b', 'c', 'd'].forEach(start);
    for (let i = 0; i < 4; i++) {
        await settled();
        assert.equal(running.length, i + 1);
        t.mock.timers.tick(900);
        running[i].done();
    }
});
