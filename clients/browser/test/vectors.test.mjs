// What every client must do, as the rows of vectors/ say it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { createKeeper } from '../src/keeper.js';
import { needOf } from '../src/rules.js';
import { isToken, readCookie } from '../src/source.js';

const read = path => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const DIALECTS = read('../../dialects.json');
const BASE = 'https://app.example';

/** Runs every row of a file; one without rows is a failure. */
function rows(file, run) {
    describe(file, () => {
        const all = read(`../../../vectors/${file}`);
        assert.ok(all.length > 0);
        for (const row of all) {
            test(row.name, () => run(row));
        }
    });
}

const keep = (document, more) =>
    createKeeper(document, { base: BASE, fetch: () => Promise.reject(new Error('nothing is fetched here')), ...more });

const respond = ({ status, headers, body }) => new Response(body || null, { status, headers });
const answerOf = response => ({
    url: BASE,
    status: response.status,
    header: name => response.headers.get(name),
    text: () => response.clone().text(),
});

rows('needs.json', ({ dialect, method, path, need }) => {
    // As it stands in the row: a URL would have no dot segments any more.
    assert.equal(needOf(DIALECTS[dialect], method, path), need);
});

rows('origins.json', ({ base, url, same }) => {
    const keeper = keep(DIALECTS.genesys, { base });
    assert.equal(keeper.isOwn(url), same);
    assert.equal(keeper.need('POST', url), same ? 'token' : 'none');
});

rows('responses.json', async ({ dialect, request, response, tokens, header }) => {
    const keeper = keep(DIALECTS[dialect]);
    const [method, path] = request.split(' ');
    const came = await keeper.learn({ method, url: BASE + path }, answerOf(respond(response)));
    assert.equal(came, tokens.length > 0);
    const taken = tokens.map(() => keeper.takeNow()?.value);
    assert.deepEqual(taken, tokens);
    if (DIALECTS[dialect].token.once) {
        assert.equal(keeper.takeNow(), undefined);
    }
    if (header) {
        assert.equal(keeper.header, header);
    }
});

rows('cookies.json', ({ dialect, cookies, token }) => {
    // As `document.cookie` says them.
    const text = cookies.map(([name, value]) => `${name}=${value}`).join('; ');
    const found = (DIALECTS[dialect].obtain ?? []).map(({ from }) => readCookie(text, from.cookie)).filter(isToken);
    assert.equal(found[0] ?? null, token);
});

rows('refusals.json', async ({ dialect, response, refused }) => {
    assert.equal(await keep(DIALECTS[dialect]).isRefusal(answerOf(respond(response))), refused);
});

rows('pool.json', ({ lifetime, steps }) => {
    let now = 0;
    const document = { ...DIALECTS.tao, token: { ...DIALECTS.tao.token, lifetime } };
    const keeper = keep(document, { now: () => now });
    const taken = new Map();
    for (const { at, put, take, give_back: back } of steps) {
        now = at * 1000;
        put?.forEach(value => keeper.put(value));
        if (back) {
            keeper.giveBack(taken.get(back));
        } else if (take !== undefined) {
            const ticket = keeper.takeNow();
            assert.equal(ticket?.value ?? null, take, `at second ${at}`);
            taken.set(take, ticket);
        }
    }
});
