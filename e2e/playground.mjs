// Starts the playground for a JavaScript suite and ends it again.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const SERVICES = [
    'genesys', 'voss', 'redback', 'vmanage', 'vmanage_http', 'tao', 'bank', 'gateway', 'attacker', 'portal',
];
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;

/**
 * Starts `countersign playground` on free ports.
 *
 * @param {string[]} more - further arguments
 * @returns the base URL of each service, and `stop()`
 */
export async function startPlayground(...more) {
    const binary = process.env.COUNTERSIGN_BIN;
    if (!binary) {
        throw new Error('COUNTERSIGN_BIN is not set: run the tests by `cargo xtask test`');
    }
    const listeners = SERVICES.flatMap(name => [`--${name.replace('_', '-')}`, '127.0.0.1:0']);
    const child = spawn(binary, ['playground', '--json', ...listeners, ...more], {
        stdio: ['ignore', 'pipe', 'pipe'],
    });
    // A suite that dies must not leave its playground behind.
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);

    let log = '';
    child.stderr.setEncoding('utf8').on('data', text => { log += text; });
    try {
        const urls = JSON.parse(await firstLine(child));
        for (const name of SERVICES) {
            new URL(urls[name]);
        }
        return { ...urls, stop: () => stop(child, end) };
    } catch (error) {
        end();
        throw new Error(`the playground did not start: ${error.message}\n${log}`);
    }
}

async function firstLine(child) {
    const lines = createInterface({ input: child.stdout });
    const aborted = AbortSignal.timeout(START_LIMIT_MS);
    const [line] = await Promise.race([
        once(lines, 'line', { signal: aborted }),
        once(child, 'exit', { signal: aborted }).then(([code, signal]) => {
            throw new Error(`it ended (${signal ?? `status ${code}`}) before it said where it listens`);
        }),
    ]);
    return line;
}

async function stop(child, end) {
    if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
        child.kill('SIGTERM');
        try {
            await ended;
        } catch {
            end();
            throw new Error('the playground did not stop after SIGTERM');
        }
    }
    process.removeListener('exit', end);
}
