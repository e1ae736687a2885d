// The machine's own Firefox, with a profile that nobody has used before. It is any Firefox, not one that was
// patched for tests: it is spoken to by WebDriver BiDi, for which Playwright has a channel of its own.

import { firefox } from 'playwright-core';

import { onPath } from './program.mjs';

const LIMIT_MS = 15_000;

/** What asks the network by itself. */
const QUIET = {
    'app.normandy.enabled': false,
    'app.update.disabledForTesting': true,
    'browser.safebrowsing.update.enabled': false,
    'browser.search.update': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'extensions.update.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'network.dns.disablePrefetch': true,
    'services.settings.server': 'data:,',
    'toolkit.telemetry.enabled': false,
};

/** Starts the browser; `profile()` opens a fresh profile in it, `close()` ends it. */
export async function startFirefox() {
    const executablePath = onPath(process.env.FIREFOX_BIN ?? 'firefox-esr');
    const browser = await firefox.launch({ executablePath, channel: 'moz-firefox', firefoxUserPrefs: QUIET });
    return {
        /** Cookies and storage of its own; `context.request` shares them with its pages. */
        async profile() {
            const context = await browser.newContext({ ignoreHTTPSErrors: true });
            context.setDefaultTimeout(LIMIT_MS);
            return context;
        },
        close: () => browser.close(),
    };
}
