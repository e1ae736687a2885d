// A web site of the test's own: an integrator's page, or an attacker's.

import { createServer } from 'node:http';

/**
 * Serves on a free port of 127.0.0.1.
 *
 * @param {(url: URL, request) => Promise<{status?: number, headers?: object, body: string|Buffer}>} answer -
 *     what to send for a URL: a page unless it says so, 404 when it is nothing
 */
export async function startSite(answer) {
    const server = createServer(async (request, response) => {
        const url = new URL(request.url, `http://${request.headers.host}`);
        let reply;
        try {
            reply = await answer(url, request) ?? { status: 404, body: '' };
        } catch (error) {
            reply = { status: 502, body: String(error) };
        }
        const { status = 200, headers = { 'Content-Type': 'text/html; charset=utf-8' }, body } = reply;
        response.writeHead(status, headers).end(body);
    });
    await new Promise((listening, failed) => {
        server.once('error', failed).listen(0, '127.0.0.1', listening);
    });
    const { port } = server.address();
    return {
        port,
        origin: `http://127.0.0.1:${port}`,
        close: () => new Promise(closed => {
            server.close(closed);
            server.closeAllConnections();
        }),
    };
}
