// Serves the page beside the vmanage service of a playground, on one origin with it:
//
//     countersign playground --vmanage-http 127.0.0.1:8444 &
//     node example/install/serve.mjs [SERVICE]      # http://127.0.0.1:8444 unless said

import { readFile } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import { extname } from 'node:path';

const service = process.argv[2] ?? 'http://127.0.0.1:8444';
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html; charset=utf-8' };

/** The file for a path: the package's, or this folder's. */
function fileOf(path) {
    if (path.startsWith('/countersign/')) {
        return new URL(path.slice('/countersign/'.length), new URL('../../', import.meta.url));
    }
    return ['/', '/page.mjs'].includes(path) ? new URL(path === '/' ? 'index.html' : 'page.mjs', import.meta.url) : undefined;
}

const server = createServer(async (request, response) => {
    const file = fileOf(new URL(request.url, service).pathname);
    if (!file) {
        const { method, headers } = request;
        const onward = send(service + request.url, { method, headers }, reply => {
            reply.pipe(response.writeHead(reply.statusCode, reply.statusMessage, reply.headers));
        });
        request.pipe(onward.on('error', error => response.writeHead(502).end(error.message)));
        return;
    }
    const body = await readFile(file).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { 'Content-Type': TYPES[extname(file.pathname)] ?? 'text/plain' }).end(body);
});
server.listen(process.env.PORT ?? 0, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${server.address().port}/`);
});
