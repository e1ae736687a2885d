// Serves the page beside the tao service of a playground, on one origin with it:
//
//     countersign playground &
//     node example/tao/serve.mjs [SERVICE]      # http://127.0.0.1:8082 unless said

import { readFile } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import { extname } from 'node:path';

const service = process.argv[2] ?? 'http://127.0.0.1:8082';
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html; charset=utf-8' };
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'";

/** The file for a path: the package's, or this folder's. */
function fileOf(path) {
    return path.startsWith('/countersign/')
        ? new URL(path.slice('/countersign/'.length), new URL('../../', import.meta.url))
        : new URL(path === '/' ? 'index.html' : path.slice(1), import.meta.url);
}

const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, service);
    if (pathname.startsWith('/tao/')) {
        // With its headers as they came: the service takes the name by which it is asked for its own.
        const { method, headers } = request;
        const onward = send(service + request.url, { method, headers }, reply => {
            reply.pipe(response.writeHead(reply.statusCode, reply.statusMessage, reply.headers));
        });
        request.pipe(onward.on('error', error => response.writeHead(502).end(error.message)));
        return;
    }
    try {
        const file = fileOf(pathname);
        const body = await readFile(file);
        response.writeHead(200, { 'Content-Type': TYPES[extname(file.pathname)], 'Content-Security-Policy': POLICY });
        response.end(body);
    } catch {
        response.writeHead(404).end();
    }
});
server.listen(process.env.PORT ?? 0, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${server.address().port}/`);
});
