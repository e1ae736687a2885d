// npm `cometd` in Node.js, unmodified, against the genesys service.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { CometD } from 'cometd';
import { adapt } from 'cometd-nodejs-client';

import { login, operate } from '../../genesys.mjs';
import { startPlayground } from '../../playground.mjs';

const REFUSAL = { statusCode: 5, statusMessage: 'Missing or invalid Csrf token' };
const VOICE = { channels: ['voice'] };

let playground;
const clients = [];

before(async () => {
    adapt();
    playground = await startPlayground();
});
after(() => playground?.stop());
// A client that was refused tries again by itself until it is told to stop.
afterEach(() => { for (const cometd of clients.splice(0)) cometd.disconnect(); });

/** A client that sends what a script would configure it to send. */
function client(requestHeaders) {
    const cometd = new CometD();
    cometd.unregisterTransport('websocket');
    cometd.configure({
        url: `${playground.genesys}/api/v2/notifications`,
        requestHeaders,
        logLevel: 'error',
    });
    clients.push(cometd);
    return cometd;
}

const handshake = cometd => new Promise(done => cometd.handshake(done));
const disconnect = cometd => new Promise(done => cometd.disconnect(done));

/** The next message on a channel, and the subscription's own reply. */
function subscribe(cometd, channel) {
    const messages = [];
    let wake = () => {};
    const confirmed = new Promise(done => {
        cometd.subscribe(channel, message => { messages.push(message); wake(); }, done);
    });
    const first = matches => new Promise(done => {
        wake = () => { const found = messages.find(matches); if (found) done(found); };
        wake();
    });
    return { confirmed, first };
}

test('with the token, an agent\'s Ready arrives as an event', { timeout: 30_000 }, async () => {
    const session = await login(playground.genesys);
    const cometd = client({ Cookie: session.cookie, [session.header]: session.token });

    const shaken = await handshake(cometd);
    assert.equal(shaken.successful, true, JSON.stringify(shaken));

    const events = subscribe(cometd, '/v2/me/*');
    assert.equal((await events.confirmed).successful, true);

    const started = await operate(playground.genesys, session, 'StartContactCenterSession', VOICE);
    assert.deepEqual([started.status, started.body.statusCode], [200, 0]);
    const ready = await operate(playground.genesys, session, 'Ready');
    assert.deepEqual([ready.status, ready.body.statusCode], [200, 0]);

    const event = await events.first(({ data }) => /"Ready"/.test(JSON.stringify(data)));
    assert.equal(event.channel, '/v2/me/devices');
    assert.equal(event.data.messageType, 'DeviceStateChangeMessage');

    assert.equal((await disconnect(cometd)).successful, true);
    await operate(playground.genesys, session, 'EndContactCenterSession');
});

test('without the token the handshake is refused with 403', { timeout: 30_000 }, async () => {
    const session = await login(playground.genesys);
    await assertHandshakeRefused({ Cookie: session.cookie });
});

test('with another session\'s token the handshake is refused with 403', { timeout: 30_000 }, async () => {
    const [mine, another] = [await login(playground.genesys), await login(playground.genesys)];
    await assertHandshakeRefused({ Cookie: mine.cookie, [mine.header]: another.token });
});

test('with a token but without its cookie the handshake is refused with 403', { timeout: 30_000 }, async () => {
    const session = await login(playground.genesys);
    await assertHandshakeRefused({ [session.header]: session.token });
});

test('an operation without the token is refused and changes nothing', async () => {
    const session = await login(playground.genesys);
    const { cookie } = session;
    assert.deepEqual(await operate(playground.genesys, { cookie }, 'StartContactCenterSession', VOICE), {
        status: 403,
        body: REFUSAL,
    });
    // Had the refused call started the session, Ready would be in order now.
    const ready = await operate(playground.genesys, session, 'Ready');
    assert.equal(ready.body.statusCode, 2, JSON.stringify(ready));
});

async function assertHandshakeRefused(headers) {
    const reply = await handshake(client(headers));
    assert.equal(reply.successful, false, JSON.stringify(reply));
    assert.equal(reply.failure.httpCode, 403, JSON.stringify(reply));

    // The client keeps the body to itself: the same request by hand shows it.
    const refused = await fetch(`${playground.genesys}/api/v2/notifications/handshake`, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify([{ channel: '/meta/handshake', version: '1.0', id: '1' }]),
    });
    assert.equal(refused.status, 403);
    assert.deepEqual(await refused.json(), REFUSAL);
}
