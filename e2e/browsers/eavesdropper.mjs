// A foreign site that keeps every byte that it is sent, and permits whatever a browser asks of it.

import { connect, createServer } from 'node:net';

import { startSite } from './site.mjs';

const LIMIT_MS = 15_000;

/**
 * @param {object} more - headers of its answers
 * @param {(url: URL, headers: object) => number} status - of its answers
 */
export async function startEavesdropper(more = {}, status = () => 200) {
    const site = await startSite(async (url, { headers }) => ({
        status: status(url, headers),
        headers: {
            'Access-Control-Allow-Origin': headers.origin ?? '*',
            'Access-Control-Allow-Credentials': 'true',
            'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? '',
            'Access-Control-Allow-Methods': headers['access-control-request-method'] ?? '',
            'Content-Type': 'text/html',
            Connection: 'close',
            ...more,
        },
        body: 'thank you',
    }));
    let heard = '';
    let wake = () => {};
    const ear = createServer(client => {
        const inner = connect(site.port, '127.0.0.1');
        // A body need not end its line.
        heard += '\n';
        // A browser that goes away in the middle is none of our business.
        client.on('error', () => inner.destroy());
        inner.on('error', () => client.destroy());
        client.on('data', bytes => {
            heard += bytes.toString('latin1');
            wake();
        });
        client.pipe(inner).pipe(client);
    });
    await new Promise((listening, failed) => ear.once('error', failed).listen(0, '127.0.0.1', listening));
    return {
        port: ear.address().port,
        origin: `http://127.0.0.1:${ear.address().port}`,
        heard: () => heard,
        /** Waits until `enough` is so of all that was heard. */
        hears: enough => new Promise((found, failed) => {
            const late = setTimeout(() => failed(new Error('nothing of the kind was sent there')), LIMIT_MS);
            wake = () => {
                if (enough(heard)) {
                    clearTimeout(late);
                    found();
                }
            };
            wake();
        }),
        close: async () => {
            await site.close();
            ear.close();
        },
    };
}
