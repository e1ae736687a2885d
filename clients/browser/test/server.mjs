// A server of the tests' own, which keeps what it is asked.

import { createServer } from 'node:http';

/**
 * @param {(request: { method: string, url: string, headers: object, body: string, count: number }) =>
 *     { status?: number, headers?: object, body?: string } | Promise<object> | undefined} answer - `count`: how often
 *     this was asked
 */
export async function startServer(answer) {
    const asked = [];
    const server = createServer(async (request, response) => {
        let body = '';
        for await (const chunk of request) {
            body += chunk;
        }
        const { method, url, headers } = request;
        const count = asked.filter(before => before.url === url && before.method === method).length;
        const it = { method, url, headers, body, count };
        asked.push(it);
        const reply = await answer(it);
        if (reply === undefined) {
            request.socket.destroy();
            return;
        }
        response.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '');
    });
    await new Promise(listening => { server.listen(0, '127.0.0.1', listening); });
    return {
        origin: `http://127.0.0.1:${server.address().port}`,
        asked,
        /** What came for a path, by the header that it carried. */
        tokens: (url, header = 'x-token') => asked.filter(it => it.url === url).map(({ headers }) => headers[header]),
        close: () => new Promise(closed => {
            server.close(closed);
            server.closeAllConnections();
        }),
    };
}

/** A convention of the tests' own. */
export const DOCUMENT = {
    version: 1,
    dialect: 'test',
    protect: { methods: 'unsafe', require: 'token' },
    token: { header: 'X-Token' },
    obtain: [{ request: 'GET /token', from: 'text' }],
    refusal: { status: 403, contains: 'no good token' },
    login: { request: 'POST /login' },
};

export const ONCE = {
    ...DOCUMENT,
    token: { header: 'X-Token', once: true, lifetime: 60 },
    deliver: { 'X-Token': '{token}' },
    obtain: [{ request: 'GET /pool', from: { 'require-config': '/tokens' } }],
};
