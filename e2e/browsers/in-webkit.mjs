// Tests in WebKit, with what `both.mjs` hands to those in Chromium and Firefox.

import { after, afterEach, before, describe, test } from 'node:test';

import { startWebKit } from './webkit.mjs';

const LIMIT = { timeout: 60_000 };

/**
 * Runs what `define` defines. It is handed `openProfile()`, which may be called once a test and ends with it, and
 * `sharedPage()` for tests that leave nothing behind. A file uses either.
 *
 * @param {(tools: object) => void} define
 */
export function inWebKit(define) {
    describe('WebKit', () => {
        let browser, profile, shared;
        before(async () => { browser = await startWebKit(); });
        after(() => browser?.close());
        afterEach(async () => {
            await profile?.close();
            profile = undefined;
        });
        const openProfile = async () => {
            profile = await browser.profile();
            return profile;
        };
        define({
            name: 'WebKit',
            openProfile,
            openPage: async () => (await openProfile()).newPage(),
            async sharedPage() {
                shared ??= browser.profile().then(async profile => ({ profile, page: await profile.newPage() }));
                const { profile, page } = await shared;
                await profile.closeOthers(page);
                return page;
            },
            test: (what, body) => test(`WebKit: ${what}`, LIMIT, body),
        });
    });
}
