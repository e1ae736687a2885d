// Runs in the browser: the same call, made in several ways.

import axios from '/node_modules/axios/dist/esm/axios.min.js';

import { tokenHandlerFactory } from '/src/handler.js';
import { requestFactory } from '/src/request.js';
import { tokenStore } from '/src/store.js';

const URL_ = '/tao/items';
const data = { label: 'Geography, grade 5', description: 'x'.repeat(200) };

const viaRequest = (options, call) => {
    const request = requestFactory({ handler: tokenHandlerFactory(options) });
    return () => request({ url: URL_, method: 'POST', contentType: 'json', data, ...call });
};
const barely = send => async () => {
    const response = await send(URL_, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json; charset=UTF-8', Accept: 'application/json' },
        body: JSON.stringify(data),
    });
    return response.json();
};
const bareXhr = () => new Promise((done, failed) => {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', URL_);
    xhr.setRequestHeader('Content-Type', 'application/json; charset=UTF-8');
    xhr.onload = () => done(JSON.parse(xhr.responseText));
    xhr.onerror = failed;
    xhr.send(JSON.stringify(data));
});
const viaAxios = adapter => {
    const client = axios.create({ adapter, xsrfCookieName: 'XSRF-TOKEN', xsrfHeaderName: 'X-XSRF-TOKEN' });
    return async () => (await client.post(URL_, data)).data;
};


/** Stands in for `fetch` where only what happens in the page is measured: it makes the request, and sends nothing. */
let made = 0;
const issue = () => String(++made).padStart(40, '0');
const stub = async (input, init) => {
    const { url, headers } = new Request(input, init);
    if (url.endsWith('/tao/ClientConfig/config')) {
        const tokens = Array.from({ length: 10 }, issue);
        return new Response(`require.config(${JSON.stringify({ config: { 'core/tokenHandler': { tokens } } })});`);
    }
    const passed = headers.has('X-CSRF-Token');
    return Response.json({ success: true, data: { passed } }, { headers: { 'X-CSRF-Token': issue() } });
};

const ALONE = {
    'fetch, bare': barely(stub),
    'request(), tickets in memory': viaRequest({ fetch: stub }),
    'request(), tickets in IndexedDB': viaRequest({ fetch: stub, store: tokenStore({ store: 'indexeddb', name: 'alone' }) }),
};
const WAYS = {
    'fetch, bare': barely((url, init) => fetch(url, init)),
    'XMLHttpRequest, bare': bareXhr,
    'request(), noToken': viaRequest({}, { noToken: true }),
    'request(), tickets in memory': viaRequest({}),
    'request(), tickets in IndexedDB': viaRequest({ store: 'indexeddb' }),
    'axios, xsrf option (XMLHttpRequest)': viaAxios('xhr'),
    'axios, xsrf option (fetch)': viaAxios('fetch'),
};

const WARM_UP = 5;

/**
 * Measures every way once per round, each round beginning with another, so that what changes on the machine
 * meets all alike.
 *
 * @param {{rounds: number, calls: number, together?: boolean, alone?: boolean}} options - `calls` in a row, or at once
 * @returns for each way, ms per call of each round
 */
window.measure = async ({ rounds, calls, together, alone }) => {
    const ways = alone ? ALONE : WAYS;
    const names = Object.keys(ways);
    const times = Object.fromEntries(names.map(name => [name, []]));
    for (let round = -WARM_UP; round < rounds; round++) {
        for (let i = 0; i < names.length; i++) {
            const name = names[(i + round + WARM_UP) % names.length];
            const call = ways[name];
            const start = performance.now();
            let last;
            if (together) {
                [last] = await Promise.all(Array.from({ length: calls }, call));
            } else {
                for (let n = 0; n < calls; n++) {
                    last = await call();
                }
            }
            const time = (performance.now() - start) / calls;
            if (last?.success !== true || last.data.passed !== name.startsWith('request(), tickets')) {
                throw new Error(`\`${name}\` did not do what it is measured for: ${JSON.stringify(last)}`);
            }
            if (round >= 0) {
                times[name].push(time);
            }
        }
    }
    return times;
};
window.ready = true;
