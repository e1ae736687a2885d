// The script that a page loads from the gateway or the layer. What it needs stands in the page:
// `<meta name="csrf-token">` (with `data-once`: it is good for one request), `csrf-header` and `csrf-param`.
// In a page without them, the server is asked.

import { fetchDocument } from './document.js';
import { patch } from './install/patch.js';
import { createKeeper } from './keeper.js';

/** @param {string} name @returns {HTMLMetaElement | null} */
const meta = name => document.querySelector(`meta[name="csrf-${name}"]`);
const token = meta('token');
const header = meta('header')?.content;

const once = token?.hasAttribute('data-once');

/** @type {import('./install/patch.js').Link['replace']} */
const replace = (target, name, make) => {
    if (target[name]) {
        target[name] = make(target[name]);
    }
};
const link = { origin: location.origin, fetch: globalThis.fetch.bind(globalThis), replace };

patch(link, document => createKeeper(document, link), token && header ? {
    version: 1,
    dialect: 'page',
    protect: { methods: 'unsafe', require: 'token' },
    token: { header, field: meta('param')?.content, once },
    // An answer to a one-time token may bring the next one.
    deliver: once ? { [header]: '{token}' } : {},
    obtain: [{ request: '', from: { meta: 'csrf-token' } }],
} : fetchDocument({}));
