// The rules of clients (their numbers stand in src/keeper.js), through a socket.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import { createClient } from '../src/client.js';
import { memoryStore } from '../src/store.js';
import { DOCUMENT, ONCE, startServer } from './server.mjs';

let servers = [];
const start = async answer => {
    const server = await startServer(answer);
    servers.push(server);
    return server;
};
afterEach(async () => {
    await Promise.all(servers.map(server => server.close()));
    servers = [];
});

/** Hands out `token-1`, `token-2`, .. and takes the last, or what `takes` says. */
const app = (takes = (_, last) => last) => {
    let last = 'token-0';
    let handed = 0;
    return it => {
        if (it.url === '/token') {
            handed += 1;
            last = `token-${handed}`;
            return { body: last };
        }
        const good = it.headers['x-token'] === takes(it, last);
        return good || it.method === 'GET' ? { body: 'done' } : { status: 403, body: 'no good token' };
    };
};

const client = (server, more) => createClient({ document: DOCUMENT, base: server.origin, ...more });
const post = (client, url, more) => client.send(url, { method: 'POST', ...more });

describe('1. scope', () => {
    test('another origin is sent nothing, whatever its URL looks like', async () => {
        const server = await start(app());
        const other = await start(() => ({ body: 'thank you' }));
        const mine = await client(server);
        await mine.refresh();
        const host = other.origin.replace('http://', '');
        for (const url of [
            other.origin, `http:${host}/`, `http:\\\\${host}/`, `\t${other.origin}\n`, other.origin.replace('127.0.0.1', '127.1'),
        ]) {
            await post(mine, url);
        }
        assert.equal(other.asked.length, 5);
        assert.deepEqual(other.asked.flatMap(({ headers }) => Object.values(headers)).filter(value => /token/.test(value)), []);
    });

    for (const status of [302, 303, 307, 308]) {
        test(`a redirect to another origin by ${status} fails before anything is sent there`, async () => {
            const other = await start(() => ({ body: 'thank you' }));
            const inner = app();
            const server = await start(it => it.url === '/away' ? { status, headers: { Location: other.origin } } : inner(it));
            await assert.rejects(post(await client(server), `${server.origin}/away`));
            assert.deepEqual(server.tokens('/away'), ['token-1']);
            assert.deepEqual(other.asked, []);
        });
    }

    test('without a token, redirects are the caller\'s affair', async () => {
        const server = await start(it => it.url === '/away' ? { status: 302, headers: { Location: '/there' } } : { body: it.url });
        const reply = await (await client(server)).send(`${server.origin}/away`);
        assert.equal(await reply.text(), '/there');
    });
});

test('2. need: a read goes without', async () => {
    const server = await start(app());
    await (await client(server)).send(`${server.origin}/x`);
    assert.deepEqual(server.asked.map(({ url }) => url), ['/x']);
    assert.deepEqual(server.tokens('/x'), [undefined]);
});

test('3. not twice: a token of the caller\'s is left alone, whatever its case', async () => {
    const server = await start(app(() => 'mine'));
    const reply = await post(await client(server), `${server.origin}/x`, { headers: { 'X-TOKEN': 'mine' } });
    assert.equal(reply.status, 200);
    assert.equal(server.asked.length, 1);
});

describe('4. take', () => {
    test('a hundred callers, one fetch', async () => {
        const server = await start(app());
        const mine = await client(server);
        const replies = await Promise.all(Array.from({ length: 100 }, () => post(mine, `${server.origin}/x`)));
        assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
        assert.equal(server.tokens('/token').length, 1);
    });

    test('the first that works', async () => {
        const inner = app();
        const server = await start(it => it.url === '/broken' ? { status: 500, body: 'oops' } : inner(it));
        const document = { ...DOCUMENT, obtain: [{ request: 'GET /broken', from: 'text' }, ...DOCUMENT.obtain] };
        await post(await client(server, { document }), `${server.origin}/x`);
        assert.deepEqual(server.asked.map(({ url }) => url), ['/broken', '/token', '/x']);
    });

    test('where the request goes, if the document says so', async () => {
        const server = await start(it => it.method === 'HEAD'
            ? { headers: it.headers['x-token'] === 'Fetch' ? { 'X-Token': 'a' } : {} }
            : { body: it.headers['x-token'] });
        const document = { ...DOCUMENT, obtain: [{ request: 'HEAD *', headers: { 'X-Token': 'Fetch' }, from: { header: 'X-Token' } }] };
        const reply = await post(await client(server, { document }), `${server.origin}/orders?a=b`);
        assert.equal(await reply.text(), 'a');
        assert.deepEqual(server.asked.map(({ method, url }) => `${method} ${url}`), ['HEAD /orders?a=b', 'POST /orders?a=b']);
    });

    test('an unsafe request that brings one is not made by itself', async () => {
        const server = await start(() => ({ body: 'x' }));
        const document = { ...DOCUMENT, obtain: [{ request: 'POST /login', from: 'text' }] };
        await post(await client(server, { document }), `${server.origin}/x`);
        assert.deepEqual(server.asked.map(({ url }) => url), ['/x']);
    });

    test('none to be had: the request goes without, and its answer is the answer', async () => {
        const inner = app();
        const server = await start(it => it.url === '/token' ? { status: 500 } : inner(it));
        const reply = await post(await client(server), `${server.origin}/x`);
        assert.equal(reply.status, 403);
        assert.deepEqual(server.asked.map(({ url }) => url), ['/token', '/x']);
    });

    test('one that is too old is not taken', async () => {
        let now = 0;
        const server = await start(app());
        const document = { ...DOCUMENT, token: { header: 'X-Token', lifetime: 60 } };
        const mine = await client(server, { document, now: () => now });
        for (const at of [0, 54, 55]) {
            now = at * 1000;
            await post(mine, `${server.origin}/x`);
        }
        assert.deepEqual(server.tokens('/x'), ['token-1', 'token-1', 'token-2']);
    });
});

describe('6. learn', () => {
    test('the name of the header is what the server says last', async () => {
        const server = await start(it => it.method === 'GET'
            ? { headers: { 'X-Name': 'X-Renamed', 'X-Renamed': 'fresh' } }
            : { body: it.headers['x-renamed'] ?? 'nothing' });
        const document = { ...DOCUMENT, deliver: { 'X-Name': '{header}', 'X-Token': '{token}' } };
        const mine = await client(server, { document });
        await mine.send(`${server.origin}/any`);
        assert.equal(await (await post(mine, `${server.origin}/x`)).text(), 'fresh');
        assert.equal(mine.header, 'X-Renamed');
    });

    test('nothing is learned from another origin', async () => {
        const other = await start(() => ({ headers: { 'X-Token': 'theirs' }, body: 'theirs' }));
        const inner = app();
        const server = await start(it => it.url === '/away'
            ? { status: 302, headers: { Location: `${other.origin}/token` } }
            : inner(it));
        const document = { ...DOCUMENT, deliver: { 'X-Token': '{token}' } };
        const mine = await client(server, { document });
        await mine.send(`${server.origin}/away`);
        await mine.send(`${other.origin}/token`);
        await mine.learn({ method: 'GET', url: `${server.origin}/token` }, await fetch(`${other.origin}/token`));
        assert.equal(mine.takeNow(), undefined);
    });
});

describe('7. retry once', () => {
    test('with another token and the same body', async () => {
        const server = await start(app());
        const mine = await client(server);
        await mine.put('stale');
        for (const body of ['text', new Blob(['text']), new TextEncoder().encode('text')]) {
            await mine.drop();
            await mine.put('stale');
            const reply = await post(mine, `${server.origin}/x`, { body });
            assert.equal(reply.status, 200);
            assert.deepEqual(server.asked.filter(({ url }) => url === '/x').slice(-2).map(({ body }) => body), ['text', 'text']);
        }
    });

    test('fifty calls with a stale token fetch one new', async () => {
        const server = await start(app());
        const mine = await client(server);
        await mine.put('stale');
        const replies = await Promise.all(Array.from({ length: 50 }, () => post(mine, `${server.origin}/x`)));
        assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
        assert.equal(server.tokens('/token').length, 1);
    });

    test('the token that the refusal itself brings', async () => {
        const server = await start(({ headers }) => headers['x-token'] === 'right'
            ? { body: 'done' }
            : { status: 409, headers: { 'X-Token': 'right' } });
        const document = { ...DOCUMENT, obtain: [], refusal: { status: 409, token: { header: 'X-Token' } } };
        const reply = await post(await client(server, { document }), `${server.origin}/x`, { body: 'b' });
        assert.equal(await reply.text(), 'done');
        assert.deepEqual(server.tokens('/x'), [undefined, 'right']);
    });

    test('never a second time', async () => {
        const server = await start(app(() => 'what nobody has'));
        assert.equal((await post(await client(server), `${server.origin}/x`)).status, 403);
        assert.deepEqual(server.tokens('/x'), ['token-1', 'token-2']);
    });

    test('not with the same token', async () => {
        const server = await start(it => it.url === '/token' ? { body: 'same' } : { status: 403, body: 'no good token' });
        const reply = await post(await client(server), `${server.origin}/x`);
        assert.equal(await reply.text(), 'no good token');
        assert.deepEqual(server.tokens('/x'), ['same']);
    });

    test('not another answer, whatever its status', async () => {
        const server = await start(it => it.url === '/token' ? { body: 'a' } : { status: 403, body: 'you may not' });
        assert.equal(await (await post(await client(server), `${server.origin}/x`)).text(), 'you may not');
        assert.equal(server.tokens('/x').length, 1);
    });

    test('not what was made while it was sent', async () => {
        const server = await start(app(() => 'what nobody has'));
        async function* body() {
            yield new TextEncoder().encode('once');
        }
        const reply = await post(await client(server), `${server.origin}/x`, { body: body(), duplex: 'half' });
        assert.equal(reply.status, 403);
        assert.deepEqual(server.asked.filter(({ url }) => url === '/x').map(({ body }) => body), ['once']);
    });

    test('not what was a stream', async () => {
        const server = await start(app(() => 'what nobody has'));
        const body = new ReadableStream({
            start(stream) {
                stream.enqueue(new TextEncoder().encode('once'));
                stream.close();
            },
        });
        const reply = await post(await client(server), `${server.origin}/x`, { body, duplex: 'half' });
        assert.equal(reply.status, 403);
        assert.deepEqual(server.asked.filter(({ url }) => url === '/x').map(({ body }) => body), ['once']);
    });
});

test('8. session: logging in drops what was held before', async () => {
    const inner = app();
    const server = await start(it => it.url === '/login' ? { body: 'welcome' } : inner(it));
    const mine = await client(server);
    await mine.put('before');
    await post(mine, `${server.origin}/login`);
    assert.equal(mine.takeNow(), undefined);
});

describe('9. one-time tickets', () => {
    const pool = () => {
        let serial = 0;
        const good = new Set();
        return it => {
            const ticket = () => {
                serial += 1;
                good.add(`t${serial}`);
                return `t${serial}`;
            };
            if (it.url === '/pool') {
                return { body: `require.config(${JSON.stringify({ tokens: Array.from({ length: 10 }, ticket) })})` };
            }
            if (it.url === '/gone') {
                return undefined;
            }
            return good.delete(it.headers['x-token'])
                ? { headers: { 'X-Token': ticket() }, body: 'done' }
                : { status: 403, body: 'no good token' };
        };
    };

    test('fifty calls at once with pools of ten all succeed, each with a ticket of its own', async () => {
        const server = await start(pool());
        const mine = await client(server, { document: ONCE });
        const replies = await Promise.all(Array.from({ length: 50 }, () => post(mine, `${server.origin}/x`)));
        assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
        const sent = server.tokens('/x');
        assert.equal(new Set(sent).size, 50);
        assert.ok(server.tokens('/pool').length <= 5);
    });

    test('as many batches as it takes, while somebody gets a ticket of each', async () => {
        const server = await start(pool());
        const mine = await client(server, { document: ONCE });
        const taken = await Promise.all(Array.from({ length: 155 }, () => mine.take()));
        assert.equal(new Set(taken.map(ticket => ticket?.value)).size, 155);
        assert.equal(server.tokens('/pool').length, 16);
    });

    test('a batch that others take out of a shared store is fetched again, and not for ever', async () => {
        for (const [lost, value, batches] of [[9, 't91', 10], [10, undefined, 10]]) {
            const server = await start(pool());
            const store = memoryStore();
            const { put } = store;
            store.put = async (...given) => {
                // What another tab has taken at once is as good as never put.
                if (server.tokens('/pool').length > lost) {
                    await put(...given);
                }
            };
            const mine = await client(server, { document: ONCE, store });
            assert.equal((await mine.take())?.value, value);
            assert.equal(server.tokens('/pool').length, batches);
        }
    });

    const TOO_OLD = {
        'in memory': () => ({ document: { ...ONCE, token: { ...ONCE.token, lifetime: 5 } } }),
        'in a store': () => {
            let time = 0;
            const now = () => time++;
            return { document: ONCE, store: memoryStore({ limit: 1, now }), now };
        },
    };
    for (const [where, options] of Object.entries(TOO_OLD)) {
        test(`what comes too old is not fetched again, ${where}`, async () => {
            const server = await start(pool());
            const mine = await client(server, options());
            const taken = await Promise.all([mine.take(), mine.take(), mine.take()]);
            assert.deepEqual(taken, [undefined, undefined, undefined]);
            assert.equal(server.tokens('/pool').length, 1);
        });
    }

    test('a ticket whose request had no answer is the next', async () => {
        const server = await start(pool());
        const mine = await client(server, { document: ONCE });
        await assert.rejects(post(mine, `${server.origin}/gone`));
        await post(mine, `${server.origin}/x`);
        const [lost] = server.tokens('/gone');
        assert.deepEqual(server.tokens('/x'), [lost]);
    });

    test('one whose request was cancelled on its way is not', async () => {
        const abort = new AbortController();
        const inner = pool();
        const server = await start(it => {
            if (it.url === '/slow') {
                abort.abort();
                return new Promise(() => {});
            }
            return inner(it);
        });
        const mine = await client(server, { document: ONCE });
        await assert.rejects(post(mine, `${server.origin}/slow`, { signal: abort.signal }), { name: 'AbortError' });
        const [spent] = server.tokens('/slow');
        assert.notEqual(mine.takeNow()?.value, spent);
    });

    test('one that came too late to be sent is kept', async () => {
        const abort = new AbortController();
        const app = pool();
        const server = await start(it => {
            abort.abort();
            return app(it);
        });
        const mine = await client(server, { document: ONCE });
        await assert.rejects(post(mine, `${server.origin}/x`, { signal: abort.signal }), { name: 'AbortError' });
        await mine.refresh();
        assert.deepEqual(server.tokens('/x'), []);
        assert.equal(mine.takeNow()?.value, 't1');
    });
});

describe('10. secrets', () => {
    test('an error says no token', async () => {
        const server = await start(it => it.url === '/token' ? { body: 'secret' } : undefined);
        const error = await post(await client(server), `${server.origin}/x`).catch(error => error);
        assert.doesNotMatch(`${error.stack} ${error.cause?.stack} ${JSON.stringify(error)}`, /secret/);
    });
});

describe('documents', () => {
    test('the server\'s own', async () => {
        const inner = app();
        const server = await start(it => it.url === '/.well-known/csrf' ? { body: JSON.stringify(DOCUMENT) } : inner(it));
        const mine = await createClient({ base: server.origin });
        assert.deepEqual(mine.document, DOCUMENT);
        assert.equal((await post(mine, `${server.origin}/x`)).status, 200);
    });

    test('by the name of a dialect', async () => {
        const mine = await createClient({ dialect: 'genesys', base: 'https://gws.example' });
        assert.equal(mine.header, 'X-CSRF-TOKEN');
        assert.equal(mine.need('POST', 'https://gws.example/api/v2/me'), 'token');
    });

    for (const [name, document] of Object.entries({
        'another version': { ...DOCUMENT, version: 2 },
        'something else': ['version', 1],
        'no header for its token': { ...DOCUMENT, token: {} },
    })) {
        test(`not ${name}`, async () => {
            await assert.rejects(createClient({ document, base: 'https://app.example' }), /no client document of version 1/);
        });
    }

    test('not where the server has none', async () => {
        const server = await start(() => ({ status: 404 }));
        await assert.rejects(createClient({ base: server.origin }), /no client document/);
    });

    for (const dialect of ['klingon', '../../package', '']) {
        test(`not of \`${dialect}\``, async () => {
            await assert.rejects(createClient({ dialect, base: 'https://app.example' }), /dialect/);
        });
    }
});
