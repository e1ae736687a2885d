// What a script does by hand against the genesys service, with nothing but fetch.

export const AGENT = { user: 'paveld@redwings.com', password: 'password' };

export const basic = ({ user, password }) =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** Logs in: the session cookie, the token, and the name of the header that carries it. */
export async function login(baseUrl, who = AGENT) {
    const reply = await fetch(`${baseUrl}/api/v2/me`, { headers: { Authorization: basic(who) } });
    const body = await reply.json();
    if (reply.status !== 200 || body.statusCode !== 0) {
        throw new Error(`login failed: ${reply.status} ${JSON.stringify(body)}`);
    }
    return {
        cookie: reply.headers.getSetCookie().map(cookie => cookie.split(';')[0]).join('; '),
        header: reply.headers.get('X-CSRF-HEADER'),
        token: reply.headers.get('X-CSRF-TOKEN'),
    };
}

/** One agent operation; `session` as `login` hands it back. */
export async function operate(baseUrl, session, operationName, more = {}) {
    const reply = await fetch(`${baseUrl}/api/v2/me`, {
        method: 'POST',
        headers: {
            'Content-Type': 'application/json',
            Cookie: session.cookie,
            ...(session.token && { [session.header]: session.token }),
        },
        body: JSON.stringify({ operationName, ...more }),
    });
    return { status: reply.status, body: await reply.json() };
}
