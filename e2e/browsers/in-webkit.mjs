// Tests in WebKit, with what `both.mjs` hands to those in Chromium and Firefox.

import { after, afterEach, before, describe, test } from 'node:test';

import { startWebKit } from './webkit.mjs';

const LIMIT = { timeout: 60_000 };

/**
 * Runs what `define` defines. It is handed `openProfile()`, for a profile that ends with the test; `sharedProfile()`,
 * for tests that leave nothing behind but cookies of theirs, which it forgets; and `sharedPage()`, for those that leave
 * nothing at all. A driver has one session, and that is one profile: a test calls one of them, once.
 *
 * @param {(tools: object) => void} define
 */
export function inWebKit(define) {
    describe('WebKit', () => {
        let browser, profile;
        let isShared = false;
        before(async () => { browser = await startWebKit(); });
        after(() => browser?.close());
        const end = async () => {
            const ended = profile;
            profile = undefined;
            await ended?.close();
        };
        afterEach(() => isShared || end());

        const openProfile = async () => {
            await end();
            isShared = false;
            profile = await browser.profile();
            return profile;
        };
        const share = async () => {
            if (isShared) {
                await profile.closePages();
            } else {
                await openProfile();
                isShared = true;
            }
            return profile;
        };
        define({
            name: 'WebKit',
            openProfile,
            openPage: async () => (await openProfile()).newPage(),
            async sharedProfile() {
                const profile = await share();
                await profile.clearCookies();
                return profile;
            },
            sharedPage: async () => (await share()).newPage(),
            test: (what, body) => test(`WebKit: ${what}`, LIMIT, body),
        });
    });
}
