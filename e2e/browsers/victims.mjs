// Who is attacked: how each of them logs in, what is sent against them, how to see whether it worked, and
// what a refusal looks like. Logging in and looking are done by API calls with the cookies of the same
// browser profile.

import assert from 'node:assert/strict';

import { AGENT, basic, login, operate } from '../genesys.mjs';

const image = path => ({ kind: 'an image', path, body: '' });
const posts = (path, body) =>
    ['a form', 'a fetch without CORS', 'a form in a sandboxed frame'].map(kind => ({ kind, path, body }));

async function ok(answer) {
    const reply = await answer;
    if (!reply.ok()) {
        throw new Error(`${reply.status()} for ${reply.url()}: ${await reply.text()}`);
    }
    return reply;
}

const genesys = {
    service: 'genesys',
    base: 'genesys',
    cookie: /\bJSESSIONID=/,
    async logIn(request, base) {
        await ok(request.get(`${base}/api/v2/me`, { headers: { Authorization: basic(AGENT) } }));
        const session = await login(base);
        await operate(base, session, 'StartContactCenterSession', { channels: ['voice'] });
        return () => operate(base, session, 'EndContactCenterSession');
    },
    /** Whether the agent's contact center session still runs: only then NotReady is in order. */
    async state(_, base) {
        return (await operate(base, await login(base), 'NotReady')).body;
    },
    attacks: posts('/api/v2/me', '{"operationName":"EndContactCenterSession"}'),
    assertRefused({ status, body }) {
        assert.equal(status, 403);
        assert.deepEqual(JSON.parse(body), { statusCode: 5, statusMessage: 'Missing or invalid Csrf token' });
    },
};

const voss = {
    service: 'voss',
    base: 'voss',
    cookie: /\bsessionid=/,
    logIn: async (request, base) => {
        const data = { username: 'joe', password: 'bloggs' };
        await ok(request.post(`${base}/noninteractivelogin/`, { data }));
    },
    /** The phones, and the session that the browser holds: a forged login would replace it. */
    async state(request, base) {
        const phones = await (await ok(request.get(`${base}/api/data/Phone/`))).json();
        const { cookies } = await request.storageState();
        const { value } = cookies.find(({ name }) => name === 'sessionid');
        return { names: phones.resources.map(phone => phone.name), session: value };
    },
    attacks: [
        ...posts('/api/data/Phone/', '{"name":"SEPEVIL"}'),
        ...posts('/login/', '{"username":"joe","password":"bloggs"}'),
        ...posts('/logout/', ''),
    ],
    assertRefused({ status, body }) {
        assert.equal(status, 403);
        assert.match(body, /csrf/i);
    },
};

const REDBACK = '/restServices/redbackServices';

const redback = {
    service: 'redback',
    base: 'redback',
    cookie: /\bJSESSIONID=/,
    async logIn(request, base) {
        await redbackLogin(request, base);
    },
    async state(request, base) {
        const token = await redbackLogin(request, base);
        const headers = { Origin: base, 'X-XSRF-TOKEN': token };
        const reply = await ok(request.get(`${base}${REDBACK}/userService/getUsers`, { headers }));
        return (await reply.json()).map(user => [user.username, user.locked]);
    },
    attacks: [
        image(`${REDBACK}/userService/deleteUser/guest-user`),
        image(`${REDBACK}/userService/lockUser/guest-user`),
        ...posts(
            `${REDBACK}/userService/createUser`,
            '{"username":"mallory","password":"a long passphrase 1"}',
        ),
    ],
    assertRefused: assertSilentlyRefused,
};

async function redbackLogin(request, base) {
    const reply = await ok(request.post(`${base}${REDBACK}/loginService/logIn`, {
        data: { username: 'admin', password: 'admin1' },
        headers: { Origin: base },
    }));
    return (await reply.json()).validationToken;
}

const EMAIL = '/dataservice/settings/configuration/emailNotificationSettings';

const vmanage = {
    service: 'vmanage',
    base: 'vmanage_http',
    cookie: /\bJSESSIONID=/,
    logIn: async (request, base) => {
        const form = { j_username: 'admin', j_password: 'admin' };
        await ok(request.post(`${base}/j_security_check`, { form }));
    },
    /** The settings, read in the victim's own session: after a forged logout there is nothing to read. */
    async state(request, base) {
        const { token } = await (await ok(request.get(`${base}/dataservice/client/token?json=true`))).json();
        const headers = { 'X-XSRF-TOKEN': token };
        const settings = await (await ok(request.get(base + EMAIL, { headers }))).json();
        return { token, settings };
    },
    attacks: [
        image('/logout'),
        ...posts('/logout', ''),
        ...posts(EMAIL, JSON.stringify({
            enabled: true,
            protocol: 'smtp',
            smtp_server: 'mail.evil.example',
            smtp_port: 25,
            notification_use_smtp_authentication: false,
            from_address: 'mallory@evil.example',
            reply_to_address: 'mallory@evil.example',
        })),
    ],
    assertRefused({ path, status, body }, hasSession) {
        if (path.startsWith('/dataservice/') && !hasSession) {
            // A stranger is shown the login page, with a status that says nothing: it is what vManage does.
            assert.equal(status, 200);
            assert.match(body, /<html/i);
            assert.doesNotMatch(body, /evil\.example/);
        } else {
            assert.equal(status, 403);
            assert.match(body, /SessionTokenFilter: Token provided via HTTP Header does not match/);
        }
    },
};

const tao = {
    service: 'tao',
    base: 'tao',
    cookie: /=/,
    logIn: async (request, base) => {
        await ok(request.get(`${base}/tao/ClientConfig/config`));
    },
    async state(request, base) {
        const config = await (await ok(request.get(`${base}/tao/ClientConfig/config`))).text();
        const [ticket] = config.match(/\b[0-9a-f]{40}\b/);
        const reply = await ok(request.get(`${base}/tao/items`, { headers: { 'X-CSRF-Token': ticket } }));
        return (await reply.json()).data.map(item => item.label);
    },
    attacks: [
        image('/tao/items'),
        ...posts('/tao/items', '{"label":"Owned"}'),
        ...posts('/tao/form', '{"label":"Owned"}'),
    ],
    assertRefused(exchange, hasSession) {
        if (exchange.path === '/tao/form' && hasSession) {
            // The form again: whoever sends it for a mistake can try once more.
            assert.equal(exchange.status, 403);
            assert.match(exchange.body, /role="alert"/);
        } else if (exchange.path === '/tao/form') {
            // There may be no form without a session: a ticket belongs to one.
            assert.equal(exchange.status, 403);
            assert.doesNotMatch(exchange.body, /Owned/);
        } else {
            assertSilentlyRefused(exchange);
        }
    },
};

function assertSilentlyRefused({ status, body }) {
    assert.deepEqual({ status, body }, { status: 403, body: '' });
}

export const VICTIMS = [genesys, voss, redback, vmanage, tao];
