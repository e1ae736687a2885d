// A page of TAO's whose calls go through `@countersign/browser`. The tests call what it leaves on `window`.

import { tokenHandlerFactory } from '/client/src/handler.js';
import { install } from '/client/src/install.js';
import { showReloadPrompt } from '/client/src/prompt.js';
import { requestFactory } from '/client/src/request.js';
import { indexedDbStore, tokenStore } from '/client/src/store.js';

const ITEMS = '/tao/items';

window.violations = [];
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    window.violations.push(`${violatedDirective} ${blockedURI}`);
});

// As much later than it is as a test says.
window.later = 0;
const now = () => Date.now() + window.later;

/** Sets the page up, with tickets as TAO's page load brings them unless `tokens` says otherwise. */
window.setUp = async ({ texts, ...options } = {}) => {
    window.handler = tokenHandlerFactory({
        now,
        onExpired: () => showReloadPrompt({ texts }),
        ...options,
    });
    window.request = requestFactory({ handler: window.handler });
    await window.handler.client;
};

/** The same, with one pool for `request()` and all that the page sends by itself. */
window.setUpBoth = async () => {
    const store = tokenStore({ limit: 24 * 60_000, max: 10 });
    const csrf = install({ dialect: 'tao', store });
    await window.setUp({ client: csrf.ready, store });
};

/** Only what the page sends by itself, with a pool that all tabs share. */
window.setUpInstall = () => install({ dialect: 'tao', store: indexedDbStore() }).ready.then(() => {});

/** The statuses of as many calls by `fetch`, all at once. */
window.fetches = count => Promise.all(Array.from({ length: count }, async (_, i) => (await fetch(`${ITEMS}?${i}`)).status));

/** What a call settles with, so that it can leave the page. */
window.call = async options => {
    try {
        return { value: await window.request({ url: ITEMS, ...options }) };
    } catch ({ name, message, code, source, sent, response }) {
        return { error: { name, message, code, source, sent, response } };
    }
};
window.calls = (count, options) =>
    Promise.all(Array.from({ length: count }, (_, i) => window.call({ url: `${ITEMS}?${i}`, ...options })));

window.pool = options => tokenStore(options);
window.ready = true;
