// Two clients, one server: what npm `@oat-sa/tao-core-sdk`'s `core/request` and `@countersign/browser`'s
// `request()` make of the same answers. Whoever moves from one to the other sees what is said here, and
// nothing else.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { tokenHandlerFactory } from '../../../clients/browser/src/handler.js';
import { requestFactory } from '../../../clients/browser/src/request.js';
import { startSite } from '../../browsers/site.mjs';
import { openTaoPage } from './tao-page.mjs';

const JSON_TYPE = 'application/json; charset=UTF-8';
const TOKENS = ['a'.repeat(40), 'b'.repeat(40)];

const json = (body, status = 200) => ({ status, headers: { 'Content-Type': JSON_TYPE }, body: JSON.stringify(body) });

/** What the server answers; and where the two part, what ours does instead, and why. */
const ANSWERS = {
    'data': { reply: json({ success: true, data: [1, 2] }) },
    'JSON that says nothing of success': { reply: json({ a: 1 }) },
    'a JSON list': { reply: json([1]) },
    '204': { reply: { status: 204, body: '' } },
    'errorCode 204': { reply: json({ success: true, errorCode: 204 }) },
    'errorCode 403': { reply: json({ success: false, errorCode: 403, message: 'no' }) },
    'errorCode 403 without a message': { reply: json({ errorCode: 403 }) },
    '201 that says success': { reply: json({ success: true, data: 1 }, 201) },
    '500 with a page': { reply: { status: 500, body: '<h1>No</h1>' } },
    '500 with code and message': { reply: json({ success: false, code: 5, message: 'broken' }, 500) },
    '500 with errorCode and errorMsg': { reply: json({ success: false, errorCode: 6, errorMsg: 'broken' }, 500) },
    '500 with an error and a source': { reply: json({ error: 'broken', source: 'proxy' }, 500) },
    '404 empty': { reply: { status: 404, body: '' } },
    '412 with JSON of another kind': { reply: json({ type: 'exception' }, 412) },
    '403 with a message': { reply: json({ success: false, message: 'not yours' }, 403) },
    '200 empty': { reply: { body: '' } },
    '200 with a page': { reply: { body: '<html>' } },
    'no answer': { reply: undefined, differs: ['message'], why: 'jQuery says `error`' },
    'success: false': {
        reply: json({ success: false, code: 12, message: 'Something went wrong' }),
        differs: ['value', 'code', 'message', 'sent', 'source'],
        why: 'theirs resolves; `failures: \'resolve\'` does too',
        settings: { failures: 'resolve' },
    },
    '201 that says nothing of success': {
        reply: json({ a: 1 }, 201),
        differs: ['value', 'code', 'message', 'sent', 'source'],
        why: 'theirs rejects what it takes for an empty answer',
    },
};

let site;

before(async () => {
    site = await startSite(async ({ pathname, searchParams }, request) => {
        const name = searchParams.get('answer');
        if (name !== null) {
            if (!ANSWERS[name].reply) {
                request.socket.destroy();
            }
            return ANSWERS[name].reply;
        }
        if (pathname === '/tao/ClientConfig/config') {
            const config = { 'core/tokenHandler': { tokens: TOKENS, maxSize: 100, validateTokens: true } };
            return { headers: { 'Content-Type': 'text/javascript' }, body: `require.config(${JSON.stringify({ config })});` };
        }
        return undefined;
    });
});
after(() => site?.close());

/** What a call settles with, as far as callers look at it. */
async function outcome(call) {
    try {
        const value = await call();
        // A page in jsdom has an `Object` of its own.
        return { value: value && structuredClone(value) };
    } catch ({ message, code, source, sent }) {
        return { message, code, source, sent };
    }
}

const ask = (request, name) => outcome(() => request({ url: `${site.origin}/x?answer=${encodeURIComponent(name)}` }));

async function askTheirs(t, name) {
    const page = await openTaoPage(site.origin);
    t.after(() => page.close());
    return ask(page.request, name);
}

function askOurs(name, settings) {
    const handler = tokenHandlerFactory({ base: site.origin, tokens: TOKENS });
    return ask(requestFactory({ handler, ...settings }), name);
}

for (const [name, { differs = [], why, settings }] of Object.entries(ANSWERS)) {
    test(`${name}: ${why ? `they part, as ${why}` : 'the same from both'}`, async t => {
        const [their, our] = [await askTheirs(t, name), await askOurs(name)];
        const parts = Object.keys({ ...their, ...our }).filter(key => {
            try {
                assert.deepEqual(our[key], their[key]);
                return false;
            } catch {
                return true;
            }
        });
        assert.deepEqual(parts.toSorted(), differs.toSorted(), JSON.stringify({ their, our }));
        if (settings) {
            assert.deepEqual(await askOurs(name, settings), their);
        }
    });
}
