// Puts tokens on all that a page or a service worker sends to its own origin, whoever sends it.

import { loadDocument } from './client.js';
import { checkDocument } from './document.js';
import { patch } from './install/patch.js';
import { createKeeper } from './keeper.js';
import { clientOf } from './send.js';

/**
 * Takes effect at once. Until the document has come, what is sent to the origin waits for it; without one,
 * everything goes as it would have gone.
 *
 * @param {import('./types.js').ClientOptions} [options] - by default, the server is asked for its document
 * @returns {import('./types.js').Installed}
 */
export function install(options = {}) {
    const { document, base, fetch = globalThis.fetch.bind(globalThis) } = options;
    const listening = new AbortController();
    /** @type {(() => void)[]} */
    const undo = [];
    /** @type {Parameters<typeof patch>[0]} */
    const link = {
        origin: new URL(base ?? location.href).origin,
        fetch,
        signal: listening.signal,
        replace(target, name, make) {
            const native = target[name];
            if (native) {
                const ours = target[name] = make(native);
                undo.unshift(() => {
                    // Somebody may have replaced ours meanwhile: it goes on, and does nothing.
                    if (target[name] === ours) {
                        target[name] = native;
                    }
                });
            }
        },
    };
    /** @type {Parameters<typeof patch>[1]} */
    const keep = document => createKeeper(document, { ...options, fetch });
    const ready = patch(link, keep, document ? checkDocument(document) : loadDocument(options))
        .then(keeper => clientOf(keeper, fetch));
    return {
        ready,
        refresh: async () => (await ready).refresh(),
        uninstall() {
            listening.abort();
            // Also if the document comes only now.
            Object.defineProperty(link, 'keeper', { get: () => undefined, set() {} });
            undo.forEach(undo => undo());
        },
    };
}
