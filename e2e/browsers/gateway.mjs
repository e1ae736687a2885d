// A gateway of the test's own, in front of any app.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { start } from '../countersign.mjs';

/** `countersign serve` by flags alone: tokens in the pages of `upstream`. */
export function startGateway(upstream, ...more) {
    return serve(['--upstream', upstream, '--listen', '127.0.0.1:0', '--html', ...more]);
}

/**
 * A gateway that takes nothing but a token for an answer, wherever a request says that it comes from. So
 * every page and script that works behind it has placed one.
 *
 * @param {string} site - further lines of its `[[site]]`
 */
export async function startStrictGateway(upstream, site = 'html = {}') {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-'));
    const file = join(folder, 'gateway.toml');
    await writeFile(file, `
        [[listen]]
        address = "127.0.0.1:0"

        [[site]]
        name = "bank"
        upstream = "${upstream}"
        ${site}

        [site.policy]
        session_cookie = "bank_session"

        # A browser puts no token on a WebSocket's handshake.
        [[site.policy.route]]
        path = "/live"
        require = "provenance"

        [[site.policy.route]]
        path = "/**"
        require = "token"
    `);
    // It is looked at as long as the gateway runs.
    const forget = () => rm(folder, { recursive: true });
    try {
        const { stop, ...gateway } = await serve(['--config', file]);
        return { ...gateway, stop: () => stop().finally(forget) };
    } catch (error) {
        await forget();
        throw error;
    }
}

async function serve(flags) {
    const { said, stop } = await start(['serve', '--json', ...flags]);
    return { origin: `http://${said.listen[0]}`, stop };
}
