// A TAO page in jsdom: the unmodified SDK, loaded by RequireJS as TAO loads it.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { JSDOM, ResourceLoader, VirtualConsole } from 'jsdom';

const here = createRequire(import.meta.url);
const SDK = here.resolve('@oat-sa/tao-core-sdk/package.json').replace('package.json', '');
const ofSdk = createRequire(SDK);

/** What the page loads from the test's own packages; everything else comes from the service. */
const FILES = {
    '/lib/require.js': here.resolve('requirejs/require.js'),
    '/lib/jquery.js': ofSdk.resolve('jquery/jquery.js'),
    '/lib/lodash.js': ofSdk.resolve('lodash/lodash.js'),
    '/lib/moment.js': ofSdk.resolve('moment/moment.js'),
};
const CORE = /^\/sdk\/(core\/[\w/]+\.js)$/;

class Files extends ResourceLoader {
    fetch(url, options) {
        const { pathname } = new URL(url);
        const file = FILES[pathname] ?? (CORE.test(pathname) && `${SDK}dist/${CORE.exec(pathname)[1]}`);
        if (!file) {
            return super.fetch(url, options);
        }
        // A page that closes aborts what it still loads.
        const abort = new AbortController();
        return Object.assign(readFile(file, abort), { abort: () => abort.abort() });
    }
}

// The two modules that the platform itself brings: translations, and the page's settings.
const PAGE = `<!DOCTYPE html>
<script src="/lib/require.js"></script>
<script>
    define('i18n', [], () => text => text);
    define('context', ['module'], module => module.config());
    require.config({
        baseUrl: '/sdk',
        paths: { jquery: '/lib/jquery', lodash: '/lib/lodash', moment: '/lib/moment' },
    });
</script>
<script src="/tao/ClientConfig/config"></script>`;

/**
 * Opens the page.
 *
 * @param {string} baseUrl - where the TAO service is
 * @param {object} [more] - overrides what the service's configuration says of `core/tokenHandler`
 * @returns {Promise<{request, sent, close}>} the SDK's `core/request`, the tickets that it has sent so
 *     far, and the end of the page
 */
export async function openTaoPage(baseUrl, more) {
    const override = more
        ? `<script>require.config({ config: { 'core/tokenHandler': ${JSON.stringify(more)} } })</script>`
        : '';
    const errors = new VirtualConsole();
    const failed = new Promise((_, reject) => errors.on('jsdomError', reject));
    const sent = [];
    const dom = new JSDOM(PAGE + override, {
        url: `${baseUrl}/page`,
        resources: new Files(),
        runScripts: 'dangerously',
        virtualConsole: errors,
        beforeParse: ({ XMLHttpRequest: { prototype } }) => listenIn(prototype, sent),
    });
    const { window } = dom;
    try {
        // The logger fetches its output module in the background: here it is loaded before the page can
        // be closed on it.
        const modules = ['core/request', 'core/logger/console'];
        const loaded = new Promise((resolve, reject) => {
            window.addEventListener('load', () => window.require(modules, resolve, reject));
        });
        const request = await Promise.race([loaded, failed]);
        return { request, sent, close: () => window.close() };
    } catch (error) {
        window.close();
        throw error;
    }
}

function listenIn(xhr, sent) {
    const { setRequestHeader } = xhr;
    xhr.setRequestHeader = function (name, value) {
        if (name.toLowerCase() === 'x-csrf-token') {
            sent.push(value);
        }
        return setRequestHeader.call(this, name, value);
    };
}
