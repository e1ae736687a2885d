// SAP's Cloud SDK, unmodified, against the server side of the dialect `sap-odata`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { executeHttpRequest } from '@sap-cloud-sdk/http-client';
import { setGlobalLogLevel } from '@sap-cloud-sdk/util';

import { startGuarded } from './app.mjs';

const NOTES = '/sap/opu/odata/sap/NOTES_SRV/Notes';

let guarded;
before(async () => {
    // What it has to say of a refusal is what the test is about.
    setGlobalLogLevel('error');
    guarded = await startGuarded('sap-odata');
});
after(() => guarded?.stop());

const change = (method, options) =>
    executeHttpRequest({ url: guarded.origin }, { method, url: NOTES, data: {} }, options);

test('a change without a token is refused, in the words that its clients know', async () => {
    await assert.rejects(change('post', { fetchCsrfToken: false }), error => {
        const { response } = error.cause ?? error;
        assert.equal(response.status, 403);
        assert.equal(response.headers['x-csrf-token'], 'Required');
        return true;
    });
    assert.deepEqual(guarded.reached, []);
});

test('the SDK fetches a token and gets through', async () => {
    for (const method of ['post', 'put', 'patch', 'delete']) {
        const { status } = await change(method);
        assert.equal(status, 200, method);
    }
    const methods = guarded.reached.map(line => line.split(' ')[0]);
    assert.deepEqual(methods, ['POST', 'PUT', 'PATCH', 'DELETE']);
});
