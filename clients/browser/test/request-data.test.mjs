// What `data` is on the wire.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encode, toForm, withQuery } from '../src/request-data.js';

const FORM = 'application/x-www-form-urlencoded; charset=UTF-8';
const JSON_TYPE = 'application/json; charset=UTF-8';

// The nested ones as PHP's `parse_str` reads them.
const FORMS = {
    'plain values': [{ a: 1, b: 'x y', c: true }, 'a=1&b=x+y&c=true'],
    'nothing is the empty text': [{ a: null, b: undefined }, 'a=&b='],
    'a list': [{ a: [1, 2] }, 'a[]=1&a[]=2'],
    'an object': [{ a: { b: { c: 1 } } }, 'a[b][c]=1'],
    'objects in a list keep apart': [{ a: [{ b: 1, c: 2 }, { b: 3 }] }, 'a[0][b]=1&a[0][c]=2&a[1][b]=3'],
    'a function is what it returns': [{ a: () => 5 }, 'a=5'],
    'a serialized form': [[{ name: 'a', value: 1 }, { name: 'a', value: 2 }], 'a=1&a=2'],
    'letters of others': [{ 'ä&': 'ö=ü' }, '%C3%A4%26=%C3%B6%3D%C3%BC'],
    'URLSearchParams': [new URLSearchParams('a=1&a=2'), 'a=1&a=2'],
};
for (const [name, [data, expected]] of Object.entries(FORMS)) {
    test(`as a form: ${name}`, () => {
        assert.equal(toForm(data).replaceAll('%5B', '[').replaceAll('%5D', ']'), expected);
    });
}

const bytes = new Uint8Array([1, 2]);
const blob = new Blob(['x']);
const upload = new FormData();
const BODIES = {
    'an object is a form': ['POST', { a: 1 }, undefined, { body: 'a=1', type: FORM }],
    'an object is a form by name': ['PUT', { a: 1 }, 'form', { body: 'a=1', type: FORM }],
    'an object is JSON by name': ['POST', { a: 1 }, 'json', { body: '{"a":1}', type: JSON_TYPE }],
    'an object is JSON by media type': ['POST', { a: 1 }, 'application/json', { body: '{"a":1}', type: 'application/json' }],
    'an object is JSON by suffix': ['PATCH', [1], 'application/ld+json', { body: '[1]', type: 'application/ld+json' }],
    'an object is a form for a type that is not quite JSON': ['POST', { a: 1 }, 'text/jsonp', { body: 'a=1', type: 'text/jsonp' }],
    'a text stays, for it is JSON already': ['POST', '{"a":1}', 'application/json', { body: '{"a":1}', type: 'application/json' }],
    'a text without a type is a form': ['POST', 'a=1', undefined, { body: 'a=1', type: FORM }],
    'DELETE has a body': ['DELETE', { a: 1 }, undefined, { body: 'a=1', type: FORM }],
    'FormData names its own type': ['POST', upload, 'json', { body: upload, type: undefined }],
    'a Blob names its own type': ['POST', blob, undefined, { body: blob, type: undefined }],
    'a Blob with a type': ['POST', blob, 'text/csv', { body: blob, type: 'text/csv' }],
    'bytes': ['POST', bytes, false, { body: bytes, type: undefined }],
    'no data, no body': ['POST', undefined, undefined, { type: undefined }],
    'null is no data': ['POST', null, undefined, { type: undefined }],
};
for (const [name, [method, data, contentType, expected]] of Object.entries(BODIES)) {
    test(`as a body: ${name}`, () => {
        assert.deepEqual(encode(method, data, contentType), { query: '', ...expected });
    });
}

test('GET and HEAD put it into the query', () => {
    assert.equal(encode('GET', { a: 1 }).query, 'a=1');
    assert.equal(encode('HEAD', 'a=1').query, 'a=1');
    assert.equal(encode('GET', { a: 1 }).body, undefined);
});

const QUERIES = [
    ['/x', 'a=1', '/x?a=1'],
    ['/x?b=2', 'a=1', '/x?b=2&a=1'],
    ['/x#there', 'a=1', '/x?a=1#there'],
    ['/x?b=2#there?', 'a=1', '/x?b=2&a=1#there?'],
    ['/x', '', '/x'],
];
for (const [url, query, expected] of QUERIES) {
    test(`${url} with \`${query}\` is ${expected}`, () => assert.equal(withQuery(url, query), expected));
}
