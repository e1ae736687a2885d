// `install()` in a page that tries all it can to have the token sent to somebody else: to another host, and to a
// neighbour on another port. The twin of each try goes to the page's own origin, and is let through.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before } from 'node:test';

import { startEavesdropper } from './eavesdropper.mjs';
import { IMPORTS, packageFile } from './package-site.mjs';
import { WAYS } from './pages/gateway-leaks.mjs';
import { BARE, KEPT, REACHING, SOMEWHERE, STOPPED } from './pages/client-leaks.mjs';
import { startSite } from './site.mjs';

const PAGE = new URL('pages/client-leaks.html', import.meta.url);
const LIMIT_MS = 15_000;
const DOCUMENT = {
    version: 1,
    dialect: 'test',
    protect: { methods: 'unsafe', require: 'token' },
    token: { header: 'X-CSRF-Token', field: 'csrf_token' },
    deliver: { 'X-CSRF-Header': '{header}', 'X-CSRF-Token': '{token}' },
    obtain: [{ request: 'GET /token', from: { json: '/token' } }],
    refusal: { status: 403 },
    websocket: { query: '_xsrf' },
};

let app, eavesdropper;
/** All that were ever handed out. */
const tokens = [];
/** What came to the app: `{method, path, url, headers, body}`. */
const arrived = [];
let wake = () => {};
let runs = 0;

before(async () => {
    app = await startSite(answer);
    // A neighbour tries to be believed: what it says of tokens is not the app's.
    eavesdropper = await startEavesdropper({
        'Access-Control-Expose-Headers': 'X-CSRF-Header, X-CSRF-Token',
        'X-CSRF-Header': 'X-Planted',
        'X-Planted': 'planted',
        'X-CSRF-Token': 'planted',
    }, statusOf);
});
after(async () => {
    await app?.close();
    await eavesdropper?.close();
});

/**
 * Where nobody waits for a frame to have loaded, it loads nothing: Playwright does not survive a Firefox's page that is
 * left at the moment at which a frame of it gets another document.
 */
const statusOf = ({ pathname }, headers) =>
    (pathname.startsWith('/taken') && headers['sec-fetch-dest'] === 'iframe' ? 204 : 200);

async function answer(url, request) {
    const { pathname, searchParams } = url;
    const file = await packageFile(url);
    if (file) {
        return file;
    }
    const at = searchParams.get('at');
    let body = '';
    for await (const chunk of request.setEncoding('latin1')) {
        body += chunk;
    }
    const before = arrived.some(({ url }) => url === request.url);
    arrived.push({ method: request.method, path: pathname, url: request.url, headers: request.headers, body });
    wake();
    const sendOn = status => ({ status, headers: { Location: at }, body: '' });
    switch (pathname) {
        case '/page':
            return {
                headers: {
                    'Content-Type': 'text/html',
                    'Content-Security-Policy': searchParams.get('policy'),
                    // Whether a page is kept or not, it is this one.
                    'Cache-Control': 'no-store',
                },
                body: (await readFile(PAGE, 'utf8')).replace('{{imports}}', IMPORTS).replaceAll('{{at}}', at),
            };
        case '/token': {
            const token = randomBytes(20).toString('hex');
            tokens.push(token);
            return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }) };
        }
        case '/token-elsewhere':
            return { status: 302, headers: { Location: `${eavesdropper.origin}/token` }, body: '' };
        case '/away':
            return sendOn(Number(searchParams.get('status')));
        case '/refused-once':
            return before ? sendOn(307) : { status: 403, body: '' };
        case '/refused':
            return { status: 403, body: '' };
        default:
            return { status: statusOf(url, request.headers), body: 'thank you' };
    }
}

/** Waits for a request that the app had. */
const hears = found => new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error('nothing of the kind came to the app')), LIMIT_MS);
    wake = () => {
        const request = arrived.find(found);
        if (request) {
            clearTimeout(late);
            done(request);
        }
    };
    wake();
});

const HOSTS = {
    'a neighbour': () => eavesdropper.origin,
    'another host': () => eavesdropper.origin.replace('127.0.0.1', 'localhost'),
};

/** What changes the page, so that the next try needs another. */
const CHANGES = /base|the page's form|where |by itself|moved|named|address|everything|every URL/;

/** Opens the page, where a token is at hand; with a place at `there` that nobody has heard of. */
async function open(page, there, { document = DOCUMENT, pollution = {}, policy = '', place = 'taken' } = {}) {
    const at = `${there}/${place}${++runs}`;
    const query = { at, document: JSON.stringify(document), pollution: JSON.stringify(pollution), policy };
    await page.goto(`${app.origin}/page?${new URLSearchParams(query)}`);
    await page.waitForFunction('window.ready');
    return aim(page, there, at);
}

/** The page as it is, and another place. */
async function aim(page, there, at = `${there}/taken${++runs}`) {
    // A page that nobody has touched opens no windows.
    await page.click('#touched');
    const attempt = way => page.evaluate(said => window.attempt(said), [String(way), there, at]);
    return { attempt, start: eavesdropper.heard().length, path: new URL(at).pathname };
}

const isFor = path => heard => new RegExp(`^(?!OPTIONS)[A-Z]+ ${path}\\b`, 'm').test(heard);

const isAt = place => ({ path }) => path === place || path.startsWith(`${place}/`);

/** The tokens that were in a request. */
const carried = ({ url, headers, body }) =>
    tokens.filter(token => [url, body, headers['x-csrf-token']].some(place => place?.includes(token)));

/** Nothing of the kind since it had heard `start` characters. */
function assertUnheard(start) {
    const heard = eavesdropper.heard().slice(start);
    assert.ok(!tokens.some(token => heard.includes(token)), 'a token was sent elsewhere');
    // Nor is it asked whether it might be sent.
    assert.doesNotMatch(heard, /^access-control-request-headers:.*x-csrf-token/mi);
}

function assertNotInUrls() {
    const shown = arrived.find(({ url, headers }) =>
        !headers.upgrade && tokens.some(token => `${url} ${headers.referer}`.includes(token)));
    assert.equal(shown, undefined, 'a token stood in a URL');
}

/** Defines the tests, with what a browser's harness hands to them. */
export function defineLeaks({ name: browser, test, sharedPage }) {
    const reaching = { ...WAYS, ...REACHING };

    for (const [name, way] of Object.entries(reaching)) {
        test(`without the token: ${name}`, async () => {
            const page = await sharedPage();
            const next = CHANGES.test(name) ? open : aim;
            let first = true;
            for (const there of Object.values(HOSTS)) {
                const { attempt, path, start } = await (first ? open : next)(page, there());
                first = false;
                await attempt(way);
                await eavesdropper.hears(isFor(path));
                assertUnheard(start);
            }
            const { attempt, path } = await next(page, app.origin);
            await attempt(way);
            const twin = await hears(isAt(path));
            assert.equal(carried(twin).length, BARE.has(name) ? 0 : 1, `its twin, ${twin.method} ${twin.path}`);
            assertNotInUrls();
        });
    }

    for (const [name, way] of Object.entries(SOMEWHERE)) {
        test(`without the token, or home: ${name}`, async () => {
            const page = await sharedPage();
            for (const there of Object.values(HOSTS)) {
                const { attempt, start } = await open(page, there(), { place: 'landing' });
                await attempt(way);
                assertUnheard(start);
                assertNotInUrls();
            }
            const { attempt, path } = await open(page, app.origin, { place: 'landing' });
            const before = arrived.length;
            await attempt(way);
            const landed = arrived.slice(before).filter(request => isAt(path)(request) || isAt('/own')(request));
            assert.equal(landed.length, 1);
            assert.equal(carried(landed[0]).length, KEPT.has(name) ? 0 : 1, `its twin, ${landed[0].path}`);
        });
    }

    for (const [name, way] of Object.entries(STOPPED)) {
        test(`stopped before it leaves: ${name}`, async () => {
            const page = await sharedPage();
            for (const there of Object.values(HOSTS)) {
                const { attempt, path, start } = await open(page, there());
                await attempt(way);
                // All that the page sends over there is heard in the end.
                await page.evaluate(url => fetch(url, { mode: 'no-cors' }), `${there()}${path}-end`);
                await eavesdropper.hears(isFor(`${path}-end`));
                assert.ok(!new RegExp(`^[A-Z]+ ${path} `, 'm').test(eavesdropper.heard()), 'it was stopped');
                assertUnheard(start);
            }
            const { attempt, path } = await open(page, app.origin);
            await attempt(way);
            assert.equal(carried(await hears(isAt(path))).length, 1, 'its twin');
        });
    }

    // Documents and answers are the server's word; still they send nothing elsewhere.
    const hostile = {
        'tokens fetched from another host by two slashes': { obtain: [{ request: 'GET {//there}/token', from: 'text' }] },
        'tokens fetched from another host by backslashes': { obtain: [{ request: 'GET /\\\\{host}/token', from: 'text' }] },
        'tokens fetched from another host': { obtain: [{ request: 'GET {there}/token', from: 'text' }] },
        'tokens fetched from another host, as a user of this one': {
            obtain: [{ request: 'GET @{host}/token', from: 'text' }],
        },
        'tokens fetched with what is a browser\'s own': {
            obtain: [{
                request: 'GET /token',
                headers: { Cookie: 'a=b', Host: '{host}', Origin: '{there}', 'X-Forwarded-Host': '{host}' },
                from: { json: '/token' },
            }],
        },
        'tokens fetched from where the app sends on': { obtain: [{ request: 'GET /token-elsewhere', from: 'text' }] },
        'tokens fetched by changing something': { obtain: [{ request: 'POST /token', from: 'text' }] },
        'a header that no script may set': { token: { header: 'Host', field: 'csrf_token' } },
        'a login elsewhere': { login: { request: 'POST {//there}/login', form: { a: '{password}' } } },
    };
    for (const [name, more] of Object.entries(hostile)) {
        test(`a document with ${name}: nothing is sent there`, async () => {
            const page = await sharedPage();
            for (const there of Object.values(HOSTS)) {
                const { host } = new URL(there());
                const rules = JSON.stringify({ ...DOCUMENT, ...more })
                    .replaceAll('{//there}', `//${host}`).replaceAll('{there}', there()).replaceAll('{host}', host);
                const { attempt, path, start } = await open(page, there(), { document: JSON.parse(rules) });
                await attempt(({ at }) => fetch(at, { method: 'POST' }));
                await attempt(({ at, xhr }) => xhr('POST', at));
                await attempt(() => fetch('/own', { method: 'POST' }));
                await page.evaluate(url => fetch(url, { mode: 'no-cors' }), `${there()}${path}-end`);
                await eavesdropper.hears(isFor(`${path}-end`));
                assertUnheard(start);
                const heard = eavesdropper.heard().slice(start);
                const lines = heard.match(/^[A-Z]+ \S+ HTTP/gm).filter(line => !line.includes(path));
                assert.deepEqual(lines, [], 'nobody but the page has sent anything there');
            }
        });
    }

    for (const pollution of [{ base: 'http://127.0.0.1:9/' }, { mode: 'cors', redirect: 'follow' }, { once: true }]) {
        test(`without the token where all objects have ${Object.keys(pollution)} from the start`, async () => {
            const page = await sharedPage();
            for (const there of Object.values(HOSTS)) {
                const { attempt, path, start } = await open(page, there(), { pollution });
                await attempt(({ at, away }) => fetch(away(at, 307), { method: 'POST' }));
                await attempt(({ at }) => fetch(at, { method: 'POST', body: 'x' }));
                await eavesdropper.hears(isFor(path));
                assertUnheard(start);
            }
        });
    }

    test('what an answer from elsewhere says of tokens is not believed', async () => {
        const page = await sharedPage();
        for (const there of Object.values(HOSTS)) {
            const { attempt, path } = await open(page, there());
            await attempt(({ at }) => fetch(at, { method: 'POST' }));
            await attempt(({ at, xhr }) => xhr('POST', at));
            await attempt(({ at }) => fetch(new URL(at).pathname, { method: 'POST' }));
            const own = await hears(request => request.path === path);
            assert.equal(carried(own).length, 1);
            assert.equal(own.headers['x-planted'], undefined);
        }
    });

    // Whom the app itself sends a request on to gets all that was in it. Only a policy of the page's prevents it.
    for (const status of [301, 302, 303, 307, 308]) {
        test(`it cannot help: XMLHttpRequest takes the header along where the app sends on with ${status}`, async () => {
            const { attempt, path, start } = await open(await sharedPage(), eavesdropper.origin);
            await attempt(`({ at, away, xhr }) => xhr('POST', away(at, ${status}))`);
            await eavesdropper.hears(isFor(path));
            assert.ok(tokens.some(token => eavesdropper.heard().slice(start).includes(token)));
        });
    }
    for (const status of [307, 308]) {
        test(`it cannot help: a form takes its body along where the app sends on with ${status}`, async () => {
            const { attempt, start } = await open(await sharedPage(), eavesdropper.origin);
            await attempt(`({ at, away, form }) => form('action="' + away(at, ${status}) + '"').requestSubmit()`);
            await eavesdropper.hears(heard => tokens.some(token => heard.slice(start).includes(token)));
        });
    }
    // Chromium has long decided by then where the form goes.
    if (browser === 'Firefox') {
        test('it cannot help: a handler of a form\'s data adds one that comes after all, and turns the form away', async () => {
            const { attempt, start } = await open(await sharedPage(), eavesdropper.origin, { place: 'landing' });
            await attempt(({ at, form, loaded }) => {
                const made = form('action="/own"');
                const last = () => made.setAttribute('action', at);
                made.addEventListener('formdata', () => addEventListener('formdata', last, { once: true }));
                made.requestSubmit();
                return loaded();
            });
            assert.ok(tokens.some(token => eavesdropper.heard().slice(start).includes(token)));
        });
    }
    test('with `connect-src \'self\'` XMLHttpRequest takes nothing along', async () => {
        const page = await sharedPage();
        const { attempt, path, start } = await open(page, eavesdropper.origin, { policy: 'connect-src \'self\'' });
        for (const status of [302, 307]) {
            await attempt(`({ at, away, xhr }) => xhr('POST', away(at, ${status}))`);
        }
        // A picture is of another directive.
        await page.evaluate(src => { new Image().src = src; }, `${eavesdropper.origin}${path}-end`);
        await eavesdropper.hears(isFor(`${path}-end`));
        assertUnheard(start);
    });
}
