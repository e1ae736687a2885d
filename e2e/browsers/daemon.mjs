// A program that runs beside a test, with all that it starts itself: what it says is kept for the error, and it ends
// with the test, however that ends.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';

const STOP_LIMIT_MS = 5_000;
/** As much of what it said last as an error tells. */
const KEPT = 4_000;

/** `promise`, or an error when it takes longer than `ms`. */
export async function within(ms, what, promise) {
    let timer;
    const late = new Promise((_, failed) => {
        timer = setTimeout(() => failed(new Error(`${what} took more than ${ms / 1000} s`)), ms);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

const leave = () => process.exit(1);

/**
 * Starts `program ARGS..` in a process group of its own.
 *
 * @param {string} program - its path
 * @param {string[]} args
 * @param {{ env: object, stdio?: string[] }} options - `stdio` from the fourth channel on
 * @returns `{ child, within, stop }`: `within(ms, what, promise)` is the promise's value, or an error that has the last
 *     words of the program: when it takes longer, fails, or when the program has ended meanwhile
 */
export function startDaemon(program, args, { env, stdio = [] }) {
    const name = `\`${basename(program)}\``;
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe', ...stdio], detached: true });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', text => { said = (said + text).slice(-KEPT); });
    }
    const ended = new Promise((_, failed) => {
        child.once('error', failed);
        child.once('exit', (code, signal) => failed(new Error(`it ended (${signal ?? `status ${code}`})`)));
    });
    // Whoever waits for something hears of it; if nobody does, it is in order.
    ended.catch(() => {});

    const signal = name => {
        try {
            // The whole group: a driver's browser is in it.
            process.kill(-child.pid, name);
        } catch (error) {
            if (error.code !== 'ESRCH') {
                throw error;
            }
        }
    };
    const kill = () => child.pid && signal('SIGKILL');
    process.once('exit', kill);
    // Who is told to end goes without a word to `exit`, unless something listens.
    process.once('SIGTERM', leave).once('SIGINT', leave);

    return {
        child,
        async within(ms, what, promise) {
            try {
                return await within(ms, what, Promise.race([promise, ended]));
            } catch (error) {
                throw new Error(`${name}: ${error.message}\n${said.trim() || 'it has said nothing'}`, { cause: error });
            }
        },
        async stop() {
            if (child.pid && child.exitCode === null && child.signalCode === null) {
                const gone = once(child, 'exit');
                signal('SIGTERM');
                await within(STOP_LIMIT_MS, 'stopping', gone).catch(() => {});
            }
            // What it has left behind, and itself if it would not go.
            kill();
            process.removeListener('exit', kill).removeListener('SIGTERM', leave).removeListener('SIGINT', leave);
        },
    };
}
