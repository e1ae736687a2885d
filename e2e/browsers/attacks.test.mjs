// An attacker's page against each service, in the browser of somebody who is logged in there.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { startChromium } from './chromium.mjs';
import { ATTACKS, attackPage } from './pages/attacks.mjs';
import { startSite } from './site.mjs';
import { startTap } from './tap.mjs';
import { VICTIMS } from './victims.mjs';

let browser, playground, attacker;

before(async () => {
    attacker = await startSite(attackPage);
    playground = await startPlayground();
    browser = await startChromium();
});
after(async () => {
    await browser?.close();
    await playground?.stop();
    await attacker?.close();
});

/** Where the attacker sits: on another site, or beside the victim, where `SameSite` cookies help nobody. */
const SEATS = {
    'another site': () => `http://evil.localhost:${attacker.port}`,
    'the same site': () => attacker.origin,
};

/** Opens the attacker's page and waits until its request has been answered. */
async function strike(t, profile, base, { kind, path, body }, seat) {
    const tap = await startTap(base);
    t.after(() => tap.close());
    const page = await profile.newPage();
    const query = new URLSearchParams({ kind, target: tap.origin + path, body });
    await page.goto(`${SEATS[seat]()}/?${query}`, { waitUntil: 'commit' });
    return tap.exchange(path);
}

async function openProfile(t) {
    const profile = await browser.profile();
    t.after(() => profile.close());
    return profile;
}

/** A frame without an origin gets no `SameSite` cookies; every other attacker on the site gets them all. */
const carriesCookies = (kind, seat) => seat === 'the same site' && kind !== 'a form in a sandboxed frame';

describe('without protection the attacks land, so those below are real', () => {
    for (const kind of Object.keys(ATTACKS)) {
        test(kind, { timeout: 60_000 }, async t => {
            let received = '';
            const victim = await startSite(async ({ pathname }, request) => {
                for await (const chunk of request.setEncoding('utf8')) {
                    received += chunk;
                }
                const headers = pathname === '/login' ? { 'Set-Cookie': 'session=1; Path=/' } : {};
                return { body: 'done', headers };
            });
            t.after(() => victim.close());
            const profile = await openProfile(t);
            await profile.request.get(`${victim.origin}/login`);

            const attack = { kind, path: '/change', body: '{"a":"b"}' };
            const { status, sent } = await strike(t, profile, victim.origin, attack, 'the same site');
            assert.equal(status, 200);
            if (carriesCookies(kind, 'the same site')) {
                assert.equal(sent.cookie, 'session=1');
            } else {
                assert.equal(sent.origin, 'null');
            }
            if (kind !== 'an image') {
                assert.equal(JSON.parse(received).a, 'b');
            }
        });
    }
});

for (const victim of VICTIMS) {
    describe(`${victim.service}: refused, and nothing is changed`, () => {
        for (const attack of victim.attacks) {
            for (const seat of Object.keys(SEATS)) {
                test(`${attack.kind} from ${seat}: ${attack.path}`, { timeout: 60_000 }, async t => {
                    const base = playground[victim.base];
                    const profile = await openProfile(t);
                    const logOut = await victim.logIn(profile.request, base);
                    t.after(() => logOut?.());
                    const state = await victim.state(profile.request, base);

                    const exchange = await strike(t, profile, base, attack, seat);
                    const hasSession = victim.cookie.test(exchange.sent.cookie ?? '');
                    if (carriesCookies(attack.kind, seat)) {
                        assert.ok(hasSession, 'the browser sent the session along');
                    }
                    victim.assertRefused(exchange, hasSession);
                    assert.deepEqual(await victim.state(profile.request, base), state);
                });
            }
        }
    });
}
