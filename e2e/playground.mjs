// The playground for a JavaScript suite.

import { start } from './countersign.mjs';

const SERVICES = [
    'genesys', 'voss', 'redback', 'vmanage', 'vmanage_http', 'tao', 'bank', 'gateway', 'attacker', 'portal',
];

/**
 * Starts `countersign playground` on free ports.
 *
 * @param {string[]} more - further arguments
 * @returns the base URL of each service, and `stop()`
 */
export async function startPlayground(...more) {
    const listeners = SERVICES.flatMap(name => [`--${name.replace('_', '-')}`, '127.0.0.1:0']);
    const { said: urls, stop } = await start(['playground', '--json', ...listeners, ...more]);
    for (const name of SERVICES) {
        if (!URL.canParse(urls[name])) {
            await stop();
            throw new Error(`the playground does not say where ${name} listens: ${JSON.stringify(urls)}`);
        }
    }
    return { ...urls, stop };
}
