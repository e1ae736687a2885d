// `request()`: what a call settles with, and where its ticket is afterwards.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { tokenHandlerFactory } from '../src/handler.js';
import { requestFactory } from '../src/request.js';
import { BASE, clock, taoServer, until } from './fakes.mjs';

const ITEMS = `${BASE}/tao/items`;

/** A page that has `tokens` tickets, and its server. */
function page({ tokens = 10, answer, pool, ...options } = {}, settings = {}) {
    const server = taoServer({ answer, pool });
    const given = Array.from({ length: tokens }, server.issue);
    const handler = tokenHandlerFactory({
        base: BASE,
        fetch: server.fetch,
        tokens: given,
        onExpired: () => 'dismiss',
        ...options,
    });
    return { server, handler, given, request: requestFactory({ handler, fetch: server.fetch, ...settings }) };
}

const rejection = promise => promise.then(
    value => assert.fail(`it resolved with ${JSON.stringify(value)}`),
    error => error,
);
const json = (value, status = 200) => () => Response.json(value, { status });
const text = (value, init) => () => new Response(value, init);

const RESOLVES = {
    '200 with its JSON': [json({ success: true, data: [1] }), {}, { success: true, data: [1] }],
    '200 with JSON that says nothing of success': [json([1, 2]), {}, [1, 2]],
    '201 with its JSON': [json({ success: true }, 201), {}, { success: true }],
    '204 with undefined': [text(null, { status: 204 }), {}, undefined],
    '200 whose body says errorCode 204 with undefined': [json({ success: true, errorCode: 204 }), {}, undefined],
    'HEAD with undefined': [text(null), { method: 'HEAD' }, undefined],
    'dataType text with the text': [text('{"a":'), { dataType: 'text' }, '{"a":'],
    'dataType html with the text': [text('<p>'), { dataType: 'html' }, '<p>'],
    'dataType text with an empty body with the empty text': [text(''), { dataType: 'text' }, ''],
};
for (const [name, [answer, options, expected]] of Object.entries(RESOLVES)) {
    test(`resolves: ${name}`, async () => {
        const { request } = page({ answer });
        assert.deepEqual(await request({ url: ITEMS, ...options }), expected);
    });
}

const REJECTS = {
    'success: false, with code and message of the body': {
        answer: json({ success: false, code: 12, message: 'Something went wrong', data: { a: 1 } }),
        error: { message: '12 : Something went wrong', code: 200, source: 'request', sent: true },
        response: { data: { a: 1 } },
    },
    'success: false, with the source that the body names': {
        answer: json({ success: false, source: 'proxy', errorMsg: 'no' }),
        error: { message: 'no', code: 200, source: 'proxy' },
    },
    'success: false, which says nothing': {
        answer: json({ success: false }),
        error: { message: 'the server has sent no message', code: 200, source: 'request' },
    },
    'a 200 whose body says errorCode 403': {
        answer: json({ success: false, errorCode: 403, errorMessage: 'Forbidden' }),
        error: { message: '403 : Forbidden', code: 200, source: 'request' },
    },
    '500 with JSON, whose words come first': {
        answer: json({ success: false, errorCode: 7, error: 'broken' }, 500),
        error: { message: '7 : broken', code: 500, source: 'network', sent: true },
        response: { code: 500, purpose: 'proxy', cause: ITEMS, type: 'error' },
    },
    '500 with a page': {
        answer: text('<h1>No</h1>', { status: 500, statusText: 'Internal Server Error' }),
        error: { message: '500 : Internal Server Error', code: 500, source: 'network' },
        response: { success: false, textStatus: 'error' },
    },
    '404 without a reason': {
        answer: text(null, { status: 404 }),
        error: { message: '404 : An error occurred!', code: 404, source: 'network' },
    },
    'a 403 with a body, which is the application\'s own and not the refusal of a ticket': {
        answer: json({ success: false, message: 'not yours' }, 403),
        error: { message: '403 : not yours', code: 403, source: 'network' },
    },
    'JSON that is none': {
        answer: text('<html>'),
        error: { code: 200, source: 'network', sent: true },
        response: { textStatus: 'parsererror' },
    },
    'an empty body where JSON was announced': {
        answer: text(''),
        error: { code: 200, source: 'network' },
        response: { textStatus: 'parsererror' },
    },
};
for (const [name, { answer, error: expected, response = {} }] of Object.entries(REJECTS)) {
    test(`rejects: ${name}`, async () => {
        const { request, handler, server } = page({ answer });
        const error = await rejection(request({ url: ITEMS }));
        assert.ok(error instanceof Error);
        for (const [key, value] of Object.entries(expected)) {
            assert.deepEqual(error[key], value, key);
        }
        for (const [key, value] of Object.entries(response)) {
            assert.deepEqual(error.response[key], value, `response.${key}`);
        }
        // Its ticket is spent, and the answer brought the next.
        assert.equal(server.seen.length, 1);
        assert.equal(await handler.getQueueLength(), 10);
    });
}

test('success: false resolves where the page asks for it, as in TAO 3.6', async () => {
    const { request } = page({ answer: json({ success: false }) }, { failures: 'resolve' });
    assert.deepEqual(await request({ url: ITEMS }), { success: false });
});

const WRONG = {
    'no url': [{}, /`url`/],
    'an empty url': [{ url: '' }, /`url`/],
    'a dataType that runs the answer': [{ url: ITEMS, dataType: 'script' }, /`script`/],
    'a GET with a body': [{ url: ITEMS, data: new FormData() }, /GET request has no body/],
};
for (const [name, [options, message]] of Object.entries(WRONG)) {
    test(`throws at once: ${name}`, () => {
        const { request } = page();
        assert.throws(() => request(options), error => error instanceof TypeError && message.test(error.message));
    });
}

test('no argument changes after the call what a queued call sends', async () => {
    const { request, server } = page();
    const data = { label: 'before' };
    const options = { url: ITEMS, method: 'POST', contentType: 'json', data, sequential: true };
    const done = request(options);
    data.label = 'after';
    options.method = 'DELETE';
    await done;
    assert.equal(server.seen[0].line, 'POST /tao/items');
    assert.deepEqual(await server.seen[0].request.json(), { label: 'before' });
});

test('the oldest ticket goes first, and the answer\'s is the last', async () => {
    const { request, server, given } = page({ tokens: 2 });
    for (let i = 0; i < 3; i++) {
        await request({ url: ITEMS });
    }
    assert.deepEqual(server.seen.map(({ ticket }) => ticket).slice(0, 2), given);
    assert.equal(server.refused + server.batches, 0);
});

test('calls of one tick take different tickets', async () => {
    const { request, server } = page();
    await Promise.all(Array.from({ length: 10 }, () => request({ url: ITEMS })));
    assert.equal(new Set(server.seen.map(({ ticket }) => ticket)).size, 10);
    assert.equal(server.refused, 0);
});

test('a hundred calls of one tick and no ticket: one batch of ten, and all succeed', async () => {
    const { request, server } = page({ tokens: 0 });
    await Promise.all(Array.from({ length: 100 }, (_, i) => request({ url: `${ITEMS}/${i}` })));
    assert.equal(server.batches, 1);
    assert.equal(server.refused, 0);
    assert.equal(new Set(server.seen.map(({ ticket }) => ticket)).size, 100);
});

test('a long poll keeps the ticket of others from coming for a second, then a batch is fetched', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const held = [];
    const { request, server } = page({
        pool: 1,
        maxSize: 1,
        tokens: 1,
        answer: ({ url }) => (url.endsWith('/poll') ? new Promise(answer => held.push(answer)) : undefined),
    });
    const poll = request({ url: `${ITEMS}/poll` });
    await until(() => held.length > 0);
    const other = request({ url: ITEMS });
    await new Promise(setImmediate);
    assert.equal(server.seen.length, 1);
    t.mock.timers.tick(1000);
    await other;
    assert.equal(server.batches, 1);
    held[0]();
    await poll;
    assert.equal(server.refused, 0);
});

test('the refusal of a ticket: the pool is dropped, a batch fetched, the call sent once more', async () => {
    const { request, server, given, handler } = page();
    server.forget();
    const label = { label: 'Geography' };
    assert.deepEqual(await request({ url: ITEMS, method: 'POST', contentType: 'json', data: label }), { success: true });
    assert.equal(server.batches, 1);
    assert.equal(server.seen.length, 2);
    assert.deepEqual(await server.seen[1].request.json(), label);
    // Of the old session none is left.
    for (let i = 0; i < 10; i++) {
        assert.ok(!given.includes(await handler.getToken()));
    }
});

test('ten calls refused at once: one batch, and all succeed', async () => {
    const { request, server } = page();
    server.forget();
    await Promise.all(Array.from({ length: 10 }, () => request({ url: ITEMS })));
    assert.equal(server.batches, 1);
    assert.equal(server.refused, 10);
});

test('refused once more, it rejects, and is not sent a third time', async () => {
    const { request, server } = page();
    const issue = server.issue;
    server.issue = () => { const ticket = issue(); server.forget(); return ticket; };
    server.forget();
    const error = await rejection(request({ url: ITEMS }));
    assert.equal(error.code, 403);
    assert.equal(error.message, '403 : Unable to process your request');
    assert.equal(server.seen.length, 2);
});

test('with no ticket to be had, and none that expired, it is sent without: the refusal is the answer', async () => {
    const { request, server } = page({ tokens: 0, refill: false });
    const error = await rejection(request({ url: ITEMS }));
    assert.equal(error.code, 403);
    assert.deepEqual(server.seen.map(({ ticket }) => ticket), [null]);
});

test('offline: it rejects, and the ticket is the next one again', async () => {
    const { request, server, given } = page();
    server.online = false;
    const error = await rejection(request({ url: ITEMS }));
    assert.deepEqual([error.code, error.sent, error.source], [0, false, 'network']);
    assert.equal(error.response.textStatus, 'error');
    server.online = true;
    await request({ url: ITEMS });
    assert.equal(server.seen[0].ticket, given[0]);
});

test('timeout: it rejects after that many seconds, and the ticket does not come back', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const asked = [];
    const { request, server, given } = page({
        answer: ({ signal }) => new Promise((_, failed) => {
            asked.push(1);
            signal.addEventListener('abort', () => failed(signal.reason));
        }),
    });
    let settled = false;
    const failing = rejection(request({ url: ITEMS, timeout: 2 })).finally(() => { settled = true; });
    await until(() => asked.length > 0);
    t.mock.timers.tick(1999);
    await new Promise(setImmediate);
    assert.equal(settled, false);
    t.mock.timers.tick(1);
    const error = await failing;
    assert.deepEqual([error.code, error.sent, error.source, error.message], [0, false, 'network', 'timeout']);
    assert.equal(error.response.textStatus, 'timeout');

    server.answer = () => undefined;
    await request({ url: ITEMS });
    assert.equal(server.seen[1].ticket, given[1]);
});

test('a timeout counts until the body is read', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let pulled;
    const reading = new Promise(read => { pulled = read; });
    const { request } = page({
        answer: ({ signal }) => new Response(new ReadableStream({
            pull(body) {
                pulled();
                return new Promise(() => signal.addEventListener('abort', () => body.error(signal.reason)));
            },
        })),
    });
    const failing = rejection(request({ url: ITEMS, timeout: 1 }));
    await reading;
    await new Promise(setImmediate);
    t.mock.timers.tick(1000);
    assert.equal((await failing).response.textStatus, 'timeout');
});

test('sequential calls run one at a time, in order, and a failure stops nobody', async () => {
    let running = 0;
    const { request, server } = page({
        answer: async ({ url }) => {
            running += 1;
            assert.equal(running, 1);
            await new Promise(setImmediate);
            running -= 1;
            return url.endsWith('/1') ? Response.json({ success: false }) : undefined;
        },
    });
    const calls = [0, 1, 2].map(i => request({ url: `${ITEMS}/${i}`, sequential: true }));
    const results = await Promise.allSettled(calls);
    assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']);
    assert.deepEqual(server.seen.map(({ line }) => line), [0, 1, 2].map(i => `GET /tao/items/${i}`));
});

for (const [name, options, settings] of [
    ['of the call', { noToken: true }, {}],
    ['of all calls', {}, { noToken: true }],
]) {
    test(`noToken ${name}: no ticket is sent, and none is taken`, async () => {
        const { request, server, handler } = page({}, settings);
        assert.equal((await rejection(request({ url: ITEMS, ...options }))).code, 403);
        assert.deepEqual(server.seen.map(({ ticket }) => ticket), [null]);
        assert.equal(await handler.getQueueLength(), 10);
    });
}

const ELSEWHERE = [
    'https://evil.example/tao/items',
    'http://tao.example/tao/items',
    'https://tao.example:8443/tao/items',
    'https://tao.example.evil.example/tao/items',
    'https:evil.example/tao/items',
    '\\\\evil.example/tao/items',
];
for (const url of ELSEWHERE) {
    test(`another origin gets no ticket: ${url}`, async t => {
        // Relative to the page, as in a browser.
        globalThis.location = { href: 'http://page.example/', origin: 'http://page.example' };
        t.after(() => { delete globalThis.location; });
        const { request, server, handler } = page();
        await rejection(request({ url }));
        assert.deepEqual(server.seen.map(({ ticket }) => ticket), [null]);
        assert.equal(server.seen[0].request.headers.get('X-Requested-With'), null);
        assert.equal(await handler.getQueueLength(), 10);
    });
}

test('the own origin is told that a script asks, and which types it reads', async () => {
    const { request, server } = page();
    await request({ url: ITEMS });
    const { headers } = server.seen[0].request;
    assert.equal(headers.get('X-Requested-With'), 'XMLHttpRequest');
    assert.match(headers.get('Accept'), /^application\/json\b/);
});

test('headers of the caller come first, and those without a value are not sent', async () => {
    const { request, server } = page();
    const headers = { Accept: 'text/csv', 'X-Own': '1', 'X-None': undefined };
    await request({ url: ITEMS, headers });
    const sent = server.seen[0].request.headers;
    assert.deepEqual(['Accept', 'X-Own', 'X-None'].map(name => sent.get(name)), ['text/csv', '1', null]);
});

test('a ticket that the caller has set is sent as it is, and none is taken', async () => {
    const { request, server, handler } = page();
    const own = server.issue();
    await request({ url: ITEMS, headers: { 'x-csrf-token': own } });
    assert.equal(server.seen[0].ticket, own);
    // The answer's is one too many for the pool.
    assert.equal(await handler.getQueueLength(), 10);
});

test('onStart and onStop frame the calls under way; background calls have none', async () => {
    const said = [];
    const { request } = page({}, { onStart: () => said.push('start'), onStop: () => said.push('stop') });
    await request({ url: ITEMS, background: true });
    assert.deepEqual(said, []);
    await Promise.all([request({ url: ITEMS }), request({ url: ITEMS, sequential: true })]);
    assert.deepEqual(said, ['start', 'stop']);
    await rejection(request({ url: ITEMS, noToken: true }));
    assert.deepEqual(said, ['start', 'stop', 'start', 'stop']);
});

test('when every ticket has expired and none can be fetched: asked once, and nothing is sent', async () => {
    const now = clock();
    const contexts = [];
    const onExpired = mock.fn(context => { contexts.push(context); return 'dismiss'; });
    const { request, server } = page({ now, refill: false, onExpired });
    now.time += 24 * 60_000;
    const errors = await Promise.all([1, 2, 3].map(() => rejection(request({ url: ITEMS, background: true }))));
    for (const error of errors) {
        assert.deepEqual([error.code, error.sent, error.source], [0, false, 'token']);
    }
    assert.equal(server.seen.length, 0);
    assert.deepEqual(contexts, [{ url: ITEMS, method: 'GET' }]);
});

test('the prompt is due again once a call has got through in between', async () => {
    const now = clock();
    const onExpired = mock.fn(() => 'dismiss');
    const { request, server } = page({ now, refill: false, onExpired });
    const expire = async () => {
        now.time += 24 * 60_000;
        await rejection(request({ url: ITEMS }));
        await rejection(request({ url: ITEMS }));
    };
    await expire();
    assert.equal(onExpired.mock.callCount(), 1);
    // Somebody else on the page brings a ticket.
    await request({ url: ITEMS, headers: { 'X-CSRF-Token': server.issue() } });
    await request({ url: ITEMS });
    await expire();
    assert.equal(onExpired.mock.callCount(), 2);
});

test('when every ticket has expired and a batch can be fetched, nobody is asked', async () => {
    const now = clock();
    const onExpired = mock.fn();
    const { request, server } = page({ now, onExpired });
    now.time += 24 * 60_000;
    await request({ url: ITEMS });
    assert.equal(server.batches, 1);
    assert.equal(onExpired.mock.callCount(), 0);
});

test('no ticket stands in an error', async () => {
    const { request, server, given } = page();
    const errors = [await rejection(request({ url: `${ITEMS}`, dataType: 'json', noToken: true }))];
    server.online = false;
    errors.push(await rejection(request({ url: ITEMS })));
    const seen = errors.map(error => `${error.stack} ${error.cause?.stack} ${JSON.stringify(error)}`).join();
    assert.ok(given.every(ticket => !seen.includes(ticket)));
});
