// A server for the benchmark: it spends one ticket and makes one for every call, whoever calls and with
// whatever, so that no way of calling has less to do here than another.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';

const POOL = 10;
const ROOT = new URL('../', import.meta.url);
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html; charset=utf-8' };

/** Serves on a free port of 127.0.0.1. */
export async function startServer() {
    const good = new Set();
    const issue = () => {
        const ticket = randomBytes(20).toString('hex');
        good.add(ticket);
        return ticket;
    };
    const server = createServer(async (request, response) => {
        const { pathname } = new URL(request.url, 'http://localhost');
        if (pathname === '/tao/ClientConfig/config') {
            const tokens = Array.from({ length: POOL }, issue);
            response.setHeader('Content-Type', 'text/javascript');
            response.end(`require.config(${JSON.stringify({ config: { 'core/tokenHandler': { tokens } } })});`);
        } else if (pathname.startsWith('/tao/')) {
            let body = '';
            for await (const chunk of request.setEncoding('utf8')) {
                body += chunk;
            }
            const passed = good.delete(request.headers['x-csrf-token']);
            response.writeHead(200, {
                'Content-Type': 'application/json; charset=UTF-8',
                'Cache-Control': 'no-store',
                'X-CSRF-Token': issue(),
            });
            response.end(JSON.stringify({ success: true, data: { passed, length: body.length } }));
        } else {
            try {
                const body = await readFile(new URL(`.${pathname}`, ROOT));
                response.writeHead(200, {
                    'Content-Type': TYPES[extname(pathname)] ?? 'application/octet-stream',
                    // With both, the browser's clock counts microseconds.
                    'Cross-Origin-Opener-Policy': 'same-origin',
                    'Cross-Origin-Embedder-Policy': 'require-corp',
                    'Set-Cookie': 'XSRF-TOKEN=0123456789abcdef0123456789abcdef; Path=/',
                });
                response.end(body);
            } catch {
                response.writeHead(404).end();
            }
        }
    });
    await new Promise((listening, failed) => {
        server.once('error', failed).listen(0, '127.0.0.1', listening);
    });
    return {
        origin: `http://127.0.0.1:${server.address().port}`,
        close: () => new Promise(closed => {
            server.close(closed);
            server.closeAllConnections();
        }),
    };
}
