// A page on each service's own origin that calls `install()` and otherwise knows nothing of tokens: it logs in,
// reads, writes, has its token replaced behind its back, and logs out.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { inBothBrowsers } from './both.mjs';
import { IMPORTS, startPackageSite } from './package-site.mjs';
import { SERVICES } from './services.mjs';

const PAGE = new URL('pages/client-service.html', import.meta.url);

let playground;
const sites = {};

before(async () => {
    playground = await startPlayground();
    for (const { name, base } of SERVICES) {
        sites[name] = await startPackageSite(playground[base], async ({ pathname }) => {
            const page = await readFile(PAGE, 'utf8');
            return pathname === '/test-page' ? { body: page.replace('{{imports}}', IMPORTS) } : undefined;
        });
    }
});
after(async () => {
    await Promise.all(Object.values(sites).map(site => site.close()));
    await playground?.stop();
});

/** Opens the page; `ask` takes a step: it sends a request, and asserts what is answered. */
async function open(profile, site, dialect, how) {
    const page = await profile.newPage();
    await page.goto(`${site.origin}/test-page?dialect=${dialect}`);
    await page.waitForFunction('window.ready');
    const ask = async ([request, status, text = /(?:)/]) => {
        const reply = await page.evaluate(([how, request]) => window.ask(how, request), [how, request]);
        assert.equal(reply.status, status, `${request.method} ${request.path}: ${reply.text}`);
        assert.match(reply.text, text);
    };
    return { page, ask };
}

const called = wanted => SERVICES.find(({ name }) => name === wanted);

/** What the service was asked, about `path`, since `start`. */
const statuses = (site, start, { method, path }) => site.requests.slice(start)
    .filter(request => request.method === method && request.path === path)
    .map(({ status }) => status);

inBothBrowsers(({ name, test, openProfile }) => {
    for (const service of SERVICES) {
        for (const dialect of ['auto', service.name]) {
            for (const how of ['fetch', 'XMLHttpRequest']) {
                test(`${service.name}, dialect ${dialect}, by ${how}: from login to logout`, async () => {
                    const site = sites[service.name];
                    const { page, ask } = await open(await openProfile(), site, dialect, how);
                    for (const step of service.login) {
                        await ask(step);
                    }
                    await ask(service.read);
                    for (const step of service.write()) {
                        await ask(step);
                    }
                    for (const step of service.logout ?? []) {
                        await ask(step);
                    }
                    if (service.logout) {
                        await ask(service.loggedOut);
                    }
                    assert.equal(await page.evaluate('client.document.dialect'), service.name);
                });
            }
        }
    }

    for (const service of SERVICES.filter(({ refreshes }) => refreshes)) {
        for (const how of ['fetch', 'XMLHttpRequest']) {
            test(`${service.name}, by ${how}: somebody logs in anew in another tab, and this one goes on`, async () => {
                const site = sites[service.name];
                const profile = await openProfile();
                const first = await open(profile, site, 'auto', how);
                for (const step of service.login) {
                    await first.ask(step);
                }
                await first.ask(service.read);

                await profile.clearCookies();
                const second = await open(profile, site, 'auto', how);
                for (const step of service.login) {
                    await second.ask(step);
                }
                const start = site.requests.length;
                const [write, ...undo] = service.write();
                await first.ask(write);
                assert.deepEqual(statuses(site, start, write[0]), [403, write[1]], 'refused once, then taken');
                for (const step of undo) {
                    await second.ask(step);
                }
            });
        }
    }

    test('redback: a token comes only with a login, so that a lost one is missed until then', async () => {
        const { login, read, write } = called('redback');
        const { page, ask } = await open(await openProfile(), sites.redback, 'auto', 'fetch');
        await ask(login[0]);
        await ask(read);
        await page.evaluate('client.drop()');
        await ask([read[0], 403]);
        await ask(login[0]);
        for (const step of write()) {
            await ask(step);
        }
    });

    test('genesys: a hundred calls at once fetch one token', async () => {
        const { login, read } = called('genesys');
        const site = sites.genesys;
        const { page, ask } = await open(await openProfile(), site, 'auto', 'fetch');
        await ask(login[0]);
        await page.evaluate('client.drop()');
        const start = site.requests.length;
        const found = await page.evaluate(() => Promise.all(Array.from({ length: 100 }, async (_, at) => {
            const how = at % 2 ? 'fetch' : 'XMLHttpRequest';
            const body = '{"operationName":"Ready"}';
            const headers = { 'Content-Type': 'application/json' };
            const reply = await window.ask(how, { method: 'POST', path: '/api/v2/me', headers, body });
            return reply.status;
        })));
        // The agent has no session in which to be ready; what it may not be is unheard.
        assert.ok(!found.includes(403), String(found));
        assert.deepEqual(statuses(site, start, { method: 'POST', path: '/api/v2/me' }), found);
        assert.deepEqual(statuses(site, start, read[0]), [200]);
    });

    test('tao: a hundred calls at once have a ticket each', async () => {
        const { login, read } = called('tao');
        const site = sites.tao;
        const { page, ask } = await open(await openProfile(), site, 'auto', 'fetch');
        await ask(login[0]);
        const start = site.requests.length;
        const found = await page.evaluate(read => Promise.all(Array.from({ length: 100 }, async (_, at) => {
            const reply = await window.ask(at % 2 ? 'fetch' : 'XMLHttpRequest', read);
            return reply.status;
        })), read[0]);
        assert.deepEqual(found, Array(100).fill(200));
        const sent = site.requests.slice(start).map(({ headers }) => headers['x-csrf-token']).filter(Boolean);
        assert.equal(sent.length, 100, 'none was refused and sent again');
        assert.equal(new Set(sent).size, 100);
    });

    test('voss: a form that a script makes logs in', async () => {
        const { page } = await open(await openProfile(), sites.voss, 'auto', 'fetch');
        await page.evaluate(() => window.sendForm('/login/', { username: 'joe', password: 'bloggs', next: '/' }));
        await page.getByText('joe', { exact: true }).waitFor();
        assert.equal(new URL(page.url()).pathname, '/');
    });

    test('tao: a form that a script makes is taken, and again', async () => {
        const { page } = await open(await openProfile(), sites.tao, 'auto', 'fetch');
        for (const label of [`Angles in ${name}`, `Circles in ${name}`]) {
            await page.goto(`${sites.tao.origin}/test-page?dialect=auto`);
            await page.waitForFunction('window.ready');
            await page.evaluate(label => window.sendForm('/tao/form', { label }), label);
            await page.getByText(label, { exact: true }).waitFor();
            assert.equal(await page.getByRole('alert').count(), 0);
        }
    });
});
