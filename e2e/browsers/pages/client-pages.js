// The only script of a page under a policy that permits nothing else.

import { install } from '/@countersign/browser/src/index.js';

window.violations = [];
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
    window.violations.push(`${violatedDirective} blocked ${blockedURI} ${sample}`);
});

const wanted = new URLSearchParams(location.search);
const csrf = install({ dialect: wanted.get('dialect') ?? 'auto' });

// What tells of pages that come back is the app: a browser's tools may have lost sight of them.
addEventListener('pageshow', async ({ persisted }) => {
    if (persisted) {
        await window.ask('fetch', '/back');
        await window.ask('xhr', '/back');
        document.querySelector('#small button').click();
    }
});

const byXhr = (method, url, body) => new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.onload = () => done(request.status);
    request.onerror = () => failed(new TypeError('no answer'));
    request.send(body);
});
const byFetch = async (method, url, body) => (await fetch(url, { method, body })).status;

/** The status of the answer, or `lost` where there was none. */
window.ask = (how, url, body = 'x') => (how === 'fetch' ? byFetch : byXhr)('POST', url, body).catch(() => 'lost');

/** A file of so many bytes, and a field after it. */
window.upload = (how, url, bytes) => {
    const data = new FormData();
    data.append('file', new Blob([new Uint8Array(bytes).fill(65)]), 'large.bin');
    data.append('note', 'the end');
    return window.ask(how, url, data);
};

csrf.ready.then(async client => {
    if (wanted.has('worker')) {
        await navigator.serviceWorker.register('/worker.js');
        await navigator.serviceWorker.ready;
        if (!navigator.serviceWorker.controller) {
            await new Promise(done => { navigator.serviceWorker.oncontrollerchange = done; });
        }
    }
    window.client = client;
    window.ready = true;
});
