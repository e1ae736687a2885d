// Puts tokens on all that a page or a service worker sends to its own origin, whoever sends it.

import { loadDocument } from './client.js';
import { checkDocument } from './document.js';
import { patch } from './install/patch.js';
import { clientOf } from './send.js';

/**
 * Takes effect at once. Until the document has come, what is sent to the origin waits for it; without one,
 * everything goes as it would have gone.
 *
 * @param {import('./types.js').ClientOptions} [options] - by default, the server is asked for its document
 * @returns {import('./types.js').Installed}
 */
export function install(options = {}) {
    const { document, fetch = globalThis.fetch.bind(globalThis) } = options;
    const listening = new AbortController();
    /** @type {(() => void)[]} */
    const undo = [];
    /** @type {Partial<import('./install/patch.js').Link> & Pick<import('./install/patch.js').Link, 'replace'>} */
    const link = {
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
    const ready = patch({ ...options, fetch }, document ? checkDocument(document) : loadDocument(options), link)
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
