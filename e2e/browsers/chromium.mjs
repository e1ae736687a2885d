// The machine's own Chromium, with a profile that nobody has used before.

import { chromium } from 'playwright-core';

import { onPath } from './program.mjs';

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

/**
 * Starts the browser; `profile()` opens a fresh profile in it, `close()` ends it.
 *
 * @param {{ keepsPages?: boolean }} [options] - `keepsPages`: what is left is kept to be come back to, as in
 *     people's browsers; Playwright hears of no `load` then
 */
export async function startChromium({ keepsPages = false } = {}) {
    const executablePath = onPath(process.env.CHROMIUM_BIN ?? 'chromium');
    const browser = await chromium.launch({
        executablePath,
        args: FLAGS,
        ignoreDefaultArgs: keepsPages ? ['--disable-back-forward-cache'] : [],
    });
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
