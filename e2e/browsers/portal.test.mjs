// The portal page in a browser: each service tried without its token and with it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { startChromium } from './chromium.mjs';

let browser, playground;

before(async () => {
    playground = await startPlayground();
    browser = await startChromium();
});
after(async () => {
    await browser?.close();
    await playground?.stop();
});

for (const service of ['genesys', 'voss', 'redback', 'vmanage', 'tao']) {
    test(`${service}: refused with 403 without the token, passed with it`, { timeout: 60_000 }, async t => {
        const profile = await browser.profile();
        t.after(() => profile.close());
        const page = await profile.newPage();
        await page.goto(playground.portal);
        const section = page.locator(`[data-service="${service}"]`);
        const attempt = async (how, statuses) => {
            await section.locator(`[data-try="${how}"]`).click();
            const shown = statuses.map(start => `[data-result][data-status^="${start}"]`);
            const result = section.locator(shown.join());
            await result.waitFor();
            return (await result.textContent()).trim();
        };
        assert.notEqual(await attempt('without', ['403']), '');
        assert.notEqual(await attempt('with', ['2', '3']), '');
    });
}
