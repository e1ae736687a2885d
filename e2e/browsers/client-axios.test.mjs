// npm `axios`, unmodified, by either of its adapters: under `install()`, and with the package's own adapter alone.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { inBothBrowsers } from './both.mjs';
import { startEavesdropper } from './eavesdropper.mjs';
import { IMPORTS, startPackageSite } from './package-site.mjs';
import { SERVICES } from './services.mjs';

const PAGE = new URL('pages/client-axios.html', import.meta.url);
const AXIOS = new URL('../node_modules/axios/dist/axios.min.js', import.meta.url);
const WAYS = ['install', 'attach'].flatMap(by => ['xhr', 'fetch'].map(adapter => ({ by, adapter })));
const TOLD = 'x-csrf-token';

let playground, eavesdropper;
const sites = {};

before(async () => {
    playground = await startPlayground();
    eavesdropper = await startEavesdropper();
    for (const { name, base } of SERVICES) {
        sites[name] = await startPackageSite(playground[base], async ({ pathname }) => {
            if (pathname === '/axios.js') {
                return { headers: { 'Content-Type': 'text/javascript' }, body: await readFile(AXIOS) };
            }
            const page = await readFile(PAGE, 'utf8');
            return pathname === '/test-page' ? { body: page.replace('{{imports}}', IMPORTS) } : undefined;
        });
    }
});
after(async () => {
    await Promise.all(Object.values(sites).map(site => site.close()));
    await eavesdropper?.close();
    await playground?.stop();
});

const called = wanted => SERVICES.find(({ name }) => name === wanted);

inBothBrowsers(({ test, openPage }) => {
    async function open(name, way) {
        const page = await openPage();
        await page.goto(`${sites[name].origin}/test-page?${new URLSearchParams(way)}`);
        await page.waitForFunction('window.ready');
        const ask = async ([request, status, text = /(?:)/]) => {
            const reply = await page.evaluate(request => window.ask(request), request);
            assert.equal(reply.status, status, `${request.method} ${request.path}: ${reply.text}`);
            assert.match(reply.text, text);
        };
        return { page, ask };
    }

    for (const way of WAYS) {
        const how = `${way.by}, adapter ${way.adapter}`;

        for (const { name, login, read, write } of SERVICES) {
            test(`${how}: ${name} from login to writing`, async () => {
                const { ask } = await open(name, way);
                for (const step of [...login, read, ...write()]) {
                    await ask(step);
                }
            });
        }

        test(`${how}: a stale token is replaced, and nobody is told`, async () => {
            const { login, write } = called('genesys');
            const { page, ask } = await open('genesys', way);
            await ask(login[0]);
            await page.evaluate('client.put("00000000-0000-4000-8000-000000000000")');
            const start = sites.genesys.requests.length;
            for (const step of write()) {
                await ask(step);
            }
            const posts = sites.genesys.requests.slice(start).filter(({ method }) => method === 'POST');
            assert.deepEqual(posts.map(({ status }) => status), [403, 200, 200]);
        });

        test(`${how}: a stale token is replaced also where a refusal is no error`, async () => {
            const { login, read } = called('vmanage');
            const { page, ask } = await open('vmanage', way);
            await ask(login[0]);
            await ask(read);
            await page.evaluate('client.put("0123456789"), api.defaults.validateStatus = null');
            await ask(read);
        });

        test(`${how}: thirty calls at once have a ticket each`, async () => {
            const { login, read: [{ path }] } = called('tao');
            const { page, ask } = await open('tao', way);
            await ask(login[0]);
            const start = sites.tao.requests.length;
            const found = await page.evaluate(path => Promise.all(
                Array.from({ length: 30 }, () => api.get(path).then(({ status }) => status)),
            ), path);
            assert.deepEqual(found, Array(30).fill(200));
            const sent = sites.tao.requests.slice(start).map(({ headers }) => headers[TOLD]).filter(Boolean);
            assert.equal(new Set(sent).size, 30);
        });

        test(`${how}: nothing is sent elsewhere, also not against a \`baseURL\``, async () => {
            const { login } = called('genesys');
            const { page, ask } = await open('genesys', way);
            await ask(login[0]);
            const start = eavesdropper.heard().length;
            await page.evaluate(async there => {
                await api.post(`${there}/1`, 'x').catch(() => {});
                await api.post('/2', 'x', { baseURL: there }).catch(() => {});
                await api.request({ method: 'post', url: there.replace('http:', '') + '/3', data: 'x' }).catch(() => {});
                await axios.create({ baseURL: there, adapter: api.defaults.adapter }).post('4', 'x').catch(() => {});
            }, eavesdropper.origin);
            await eavesdropper.hears(heard => /^POST \/4 /m.test(heard.slice(start)));
            const heard = eavesdropper.heard().slice(start);
            assert.deepEqual(heard.match(/^POST \S+/gm), ['POST /1', 'POST /2', 'POST /3', 'POST /4']);
            assert.doesNotMatch(heard, /x-csrf-token/i);
        });
    }

    for (const adapter of ['xhr', 'fetch']) {
        test(`attach, adapter ${adapter}: axios's own cookie for tokens, another app's, is not in the way`, async () => {
            const { login, read } = called('vmanage');
            const { page, ask } = await open('vmanage', { by: 'attach', adapter });
            await page.evaluate('document.cookie = "XSRF-TOKEN=of-another-app; Path=/"');
            await ask(login[0]);
            await ask(read);
        });
    }

    test('install: what axios takes from its own cookie is the caller\'s, until it is told not to', async () => {
        const { login, read } = called('vmanage');
        const { page, ask } = await open('vmanage', { by: 'install', adapter: 'xhr' });
        await page.evaluate('document.cookie = "XSRF-TOKEN=of-another-app; Path=/"');
        await ask(login[0]);
        await ask([read[0], 403]);
        await page.evaluate('api.defaults.withXSRFToken = false');
        await ask(read);
    });

    test('attach, and detached again: axios is as it was', async () => {
        const { login, write } = called('genesys');
        const { page, ask } = await open('genesys', { by: 'attach', adapter: 'xhr' });
        await ask(login[0]);
        await page.evaluate('detach()');
        await ask([write()[0][0], 403]);
    });
});
