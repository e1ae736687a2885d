// The adapter for axios, as it is installed from npm.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import axios from 'axios';

import { attach } from '../src/axios.js';
import { createClient } from '../src/client.js';
import { DOCUMENT, ONCE, startServer } from './server.mjs';

let servers = [];
afterEach(async () => {
    await Promise.all(servers.map(server => server.close()));
    servers = [];
});

const answer = good => it => it.url === '/token' ? { body: 'token-1' }
    : it.headers['x-token'] === good ? { headers: { 'Content-Type': 'application/json' }, body: '{"done":true}' }
    : { status: 403, headers: { 'Content-Type': 'application/json' }, body: '{"error":"no good token"}' };

async function open(reply, { document = DOCUMENT, ...config } = {}) {
    const server = await startServer(reply);
    servers.push(server);
    const client = await createClient({ document, base: server.origin });
    const http = axios.create({ baseURL: server.origin, proxy: false, ...config });
    return { server, client, http, detach: attach(http, client) };
}

for (const adapter of ['http', 'fetch']) {
    test(`${adapter}: what writes has a token, what reads has none`, async () => {
        const { http, server } = await open(answer('token-1'), { adapter });
        assert.deepEqual((await http.post('/x', { a: 1 })).data, { done: true });
        await http.get('/y', { validateStatus: () => true });
        assert.deepEqual(server.tokens('/x'), ['token-1']);
        assert.deepEqual(server.tokens('/y'), [undefined]);
    });

    test(`${adapter}: one more try after a refusal, with the same body`, async () => {
        const { http, server, client } = await open(answer('token-1'), { adapter });
        await client.put('stale');
        assert.equal((await http.post('/x', { a: 1 })).status, 200);
        assert.deepEqual(server.asked.filter(({ url }) => url === '/x').map(({ headers, body }) => [headers['x-token'], body]), [
            ['stale', '{"a":1}'], ['token-1', '{"a":1}'],
        ]);
    });

    test(`${adapter}: and no more`, async () => {
        let serial = 0;
        const { http, server } = await open(it => {
            serial += 1;
            return it.url === '/token' ? { body: `token-${serial}` } : answer('never')(it);
        }, { adapter });
        const error = await http.post('/x').catch(error => error);
        assert.equal(error.response.status, 403);
        assert.equal(server.tokens('/x').length, 2);
    });
}

test('another origin is sent nothing, however axios comes to it', async () => {
    const { http, client } = await open(answer('token-1'));
    await client.refresh();
    const other = await startServer(() => ({ body: 'thank you' }));
    servers.push(other);
    await http.post(`${other.origin}/a`);
    await http.post('/b', undefined, { baseURL: other.origin });
    http.interceptors.request.use(config => ({ ...config, baseURL: other.origin }));
    await http.post('/c');
    assert.deepEqual(other.asked.map(({ url }) => url), ['/a', '/b', '/c']);
    assert.deepEqual(other.asked.filter(({ headers }) => headers['x-token']), []);
});

test('an interceptor that runs later and sends it elsewhere takes no token along', async () => {
    const server = await startServer(answer('token-1'));
    const other = await startServer(() => ({ body: 'thank you' }));
    servers.push(server, other);
    const http = axios.create({ baseURL: server.origin, proxy: false });
    // What was added first runs last.
    http.interceptors.request.use(config => ({ ...config, url: `${other.origin}/x` }));
    attach(http, await createClient({ document: DOCUMENT, base: server.origin }));
    await http.post('/x');
    assert.deepEqual(other.tokens('/x'), [undefined]);
});

test('a redirect to another origin takes no token along', async () => {
    const other = await startServer(() => ({ body: 'thank you' }));
    servers.push(other);
    const { http, server } = await open(it => it.url === '/away'
        ? { status: 307, headers: { Location: `${other.origin}/taken` } } : answer('token-1')(it));
    await http.post('/away', 'x');
    assert.deepEqual(server.tokens('/away'), ['token-1']);
    assert.deepEqual(other.tokens('/taken'), [undefined]);
});

test('what the app sees of a request holds no token', async () => {
    const { http } = await open(answer('token-1'));
    const { config } = await http.post('/x');
    assert.doesNotMatch(JSON.stringify(config), /token-1/);
    const error = await http.post('/x', '', { adapter: 'http', headers: { 'X-Token': 'mine' } }).catch(error => error);
    assert.equal(error.response.status, 403);
});

test('one-time tickets are learned from answers, and given back where there was none', async () => {
    let serial = 0;
    const { http, server, client } = await open(it => {
        serial += 1;
        return it.url === '/pool' ? { body: 'require.config({"tokens":["first"]})' }
            : it.url === '/gone' ? undefined : { headers: { 'X-Token': `next-${serial}` } };
    }, { document: ONCE });
    await assert.rejects(http.post('/gone'));
    await http.post('/x');
    await http.post('/x');
    assert.deepEqual(server.tokens('/gone'), ['first']);
    assert.deepEqual(server.tokens('/x'), ['first', 'next-3']);
    assert.equal(client.takeNow().value, 'next-4');
});

test('detached, it is as it was', async () => {
    const { http, server, detach } = await open(answer('token-1'));
    detach();
    await assert.rejects(http.post('/x'));
    assert.deepEqual(server.tokens('/x'), [undefined]);
});
