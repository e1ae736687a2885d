// The same tests in both browsers, one after the other.

import { after, afterEach, before, describe, test } from 'node:test';

import { startChromium } from './chromium.mjs';
import { startFirefox } from './firefox.mjs';

const BROWSERS = { Chromium: startChromium, Firefox: startFirefox };
const LIMIT = { timeout: 60_000 };

/**
 * Runs what `define` defines once for each browser. It is handed the browser's `name`, `openProfile()`, and
 * `test(name, body)`, for which the browser runs, with its name before the test's. Profiles are closed after
 * each test.
 *
 * @param {(tools: object) => void} define
 * @param {object} [options] - for {@link startChromium}; a Firefox is always as people's are
 */
export function inBothBrowsers(define, options) {
    for (const [name, start] of Object.entries(BROWSERS)) {
        describe(name, () => {
            let browser;
            let profiles = [];
            let shared;
            before(async () => { browser = await start(options); });
            after(() => browser?.close());
            afterEach(async () => {
                await Promise.all(profiles.map(profile => profile.close()));
                profiles = [];
            });
            const openProfile = async () => {
                const profile = await browser.profile();
                profiles.push(profile);
                return profile;
            };
            define({
                name,
                openProfile,
                openPage: async () => (await openProfile()).newPage(),
                /** One page for all tests that leave nothing behind: a profile of one's own takes a while. */
                async sharedPage() {
                    shared ??= (await browser.profile()).newPage();
                    const page = await shared;
                    const others = page.context().pages().filter(other => other !== page);
                    await Promise.all(others.map(other => other.close()));
                    return page;
                },
                test: (what, body) => test(`${name}: ${what}`, LIMIT, body),
            });
        });
    }
}
