// Pages as odd as they come, through a running gateway: wherever it places a token, a browser must find it in
// a form of the page's own.

import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { after, before, test } from 'node:test';

import { startChromium } from './chromium.mjs';
import { startGateway } from './gateway.mjs';
import { judge, oddPages } from './pages/gateway-odd.mjs';
import { startSite } from './site.mjs';

const PAGES = oddPages(5000);
const AT_A_TIME = 8;
const LIMIT = { timeout: 120_000 };

let browser, app, gateway, page;

before(async () => {
    app = await startSite(async ({ pathname }) => ({
        headers: { 'Content-Type': 'text/html; charset=utf-8' },
        body: PAGES[Number(pathname.slice(1))] ?? '',
    }));
    gateway = await startGateway(app.origin);
    browser = await startChromium();
    const profile = await browser.profile();
    page = await profile.newPage();
});
after(async () => {
    await browser?.close();
    await gateway?.stop();
    await app?.close();
});

/** As a browser asks for a page. */
function navigate(url, agent) {
    const headers = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
    return new Promise((done, failed) => {
        request(url, { agent, headers }, async reply => {
            let text = '';
            for await (const chunk of reply.setEncoding('utf8')) {
                text += chunk;
            }
            done(text);
        }).once('error', failed).end();
    });
}

async function throughGateway() {
    const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });
    try {
        return await Promise.all(PAGES.map(async (_, at) => {
            const url = `${gateway.origin}/${at}`;
            return { url, text: await navigate(url, agent) };
        }));
    } finally {
        agent.destroy();
    }
}

/** In the page's head, in a field of the gateway's, or in one of the page's that the gateway filled in. */
const TOKEN = /<meta name="csrf-token" content="([\w-]{40,})">|name="?csrf_token"? value="([\w-]{40,})"/;

test('no token goes astray, and many forms work', LIMIT, async () => {
    const pages = (await throughGateway()).flatMap(({ url, text }) => {
        const found = text.match(TOKEN);
        return found ? [{ url, text, token: found[1] ?? found[2] }] : [];
    });
    const { working, astray } = await page.evaluate(judge, pages);
    assert.deepEqual(astray, []);
    assert.ok(working > PAGES.length / 20, `only ${working} forms work`);
});

test('a gateway that put a field before each `</form>` would be caught', LIMIT, async () => {
    const token = 't'.repeat(43);
    const pages = PAGES.map((text, at) => ({
        url: `${gateway.origin}/${at}`,
        text: text.replaceAll('</form>', `<input name="csrf_token" value="${token}"></form>`),
        token,
    }));
    const { astray } = await page.evaluate(judge, pages);
    const reasons = new Set(astray.flatMap(({ why }) => why));
    assert.equal(reasons.size, 3, [...reasons].join());
});
