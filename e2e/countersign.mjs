// Starts a `countersign` command that listens, for a JavaScript suite, and ends it again.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;

/**
 * Starts `countersign ARGS..`, which must print one line of JSON once it listens.
 *
 * @param {string[]} args - the command and its flags
 * @returns what it `said`, and `stop()`
 */
export async function start(args) {
    const binary = process.env.COUNTERSIGN_BIN;
    if (!binary) {
        throw new Error('COUNTERSIGN_BIN is not set: run the tests by `cargo xtask test`');
    }
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    // A suite that dies must not leave it behind.
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);

    let log = '';
    child.stderr.setEncoding('utf8').on('data', text => { log += text; });
    try {
        const said = JSON.parse(await firstLine(child));
        return { said, stop: () => stop(child, end, args[0]) };
    } catch (error) {
        end();
        throw new Error(`\`countersign ${args[0]}\` did not start: ${error.message}\n${log}`);
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

async function stop(child, end, what) {
    if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
        child.kill('SIGTERM');
        try {
            await ended;
        } catch {
            end();
            throw new Error(`\`countersign ${what}\` did not stop after SIGTERM`);
        }
    }
    process.removeListener('exit', end);
}
