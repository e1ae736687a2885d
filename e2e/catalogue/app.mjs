// A little app that knows nothing of tokens, and `countersign serve` in front of it.

import { once } from 'node:events';
import { createServer } from 'node:http';

import { start } from '../countersign.mjs';

/** Starts both: where clients go, and what changes have `reached` the app. */
export async function startGuarded(dialect) {
    const reached = [];
    const app = createServer((request, response) => {
        if (request.method !== 'GET' && request.method !== 'HEAD') {
            reached.push(`${request.method} ${request.url}`);
        }
        request.resume();
        const page = '<!DOCTYPE html><title>App</title>';
        response.setHeader('Content-Type', request.method === 'GET' ? 'text/html' : 'application/json');
        response.end(request.method === 'GET' ? page : '{"d":{}}');
    });
    await once(app.listen(0, '127.0.0.1'), 'listening');
    const upstream = `http://127.0.0.1:${app.address().port}`;
    const flags = ['--upstream', upstream, '--listen', '127.0.0.1:0', '--dialect', dialect];
    const { said, stop } = await start(['serve', '--json', ...flags]);
    return {
        origin: `http://${said.listen[0]}`,
        reached,
        stop: () => stop().finally(() => { app.closeAllConnections(); app.close(); }),
    };
}
