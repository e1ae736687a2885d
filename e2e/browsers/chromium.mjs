// The machine's own Chromium, with a profile that nobody has used before.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { chromium } from 'playwright-core';

const FLAGS = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];

const LIMIT_MS = 15_000;

/** Starts the browser; `profile()` opens a fresh profile in it, `close()` ends it. */
export async function startChromium() {
    const executablePath = onPath(process.env.CHROMIUM_BIN ?? 'chromium');
    const browser = await chromium.launch({ executablePath, args: FLAGS });
    return {
        /** Cookies and storage of its own; `context.request` shares them with its pages. */
        async profile() {
            // The vmanage service makes its certificate at start; nobody has signed it.
            const context = await browser.newContext({ ignoreHTTPSErrors: true });
            context.setDefaultTimeout(LIMIT_MS);
            return context;
        },
        close: () => browser.close(),
    };
}

function onPath(program) {
    const folders = process.env.PATH.split(delimiter);
    const found = folders.map(folder => join(folder, program)).find(existsSync);
    if (!found) {
        throw new Error(`no \`${program}\` on the PATH: run the tests by \`cargo xtask test\``);
    }
    return found;
}
