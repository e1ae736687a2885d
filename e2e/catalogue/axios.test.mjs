// axios in a page, with nothing set, against the server side of the dialect `laravel`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { JSDOM } from 'jsdom';

import { startGuarded } from './app.mjs';

let guarded;
let page;
let axios;

before(async () => {
    guarded = await startGuarded('laravel');
    page = await JSDOM.fromURL(`${guarded.origin}/`);
    // It looks for a browser when it is loaded.
    for (const name of ['window', 'document', 'XMLHttpRequest', 'FormData', 'Blob']) {
        globalThis[name] = name === 'window' ? page.window : page.window[name];
    }
    ({ default: axios } = await import('axios'));
    axios.defaults.adapter = 'xhr';
});
after(() => {
    page?.window.close();
    return guarded?.stop();
});

test('the page has the token in a cookie that scripts can read', () => {
    assert.match(page.window.document.cookie, /(^|; )XSRF-TOKEN=[0-9A-Za-z]{40}(;|$)/);
});

test('without the header a change is refused', async () => {
    const refused = await axios.post('/notes', {}, { xsrfHeaderName: null, validateStatus: () => true });
    assert.equal(refused.status, 419);
    assert.deepEqual(guarded.reached, []);
});

test('axios sends it back by itself', async () => {
    const passed = await axios.post('/notes', { text: 'hello' });
    assert.equal(passed.status, 200);
    assert.deepEqual(guarded.reached, ['POST /notes']);
});
