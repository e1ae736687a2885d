// What `install` and the script of a page have in common.

import { createKeeper } from '../keeper.js';
import { then } from '../rules.js';
import { patchBeacon } from './beacon.js';
import { patchFetch } from './fetch.js';
import { patchForms } from './forms.js';
import { patchSocket } from './websocket.js';
import { patchXhr } from './xhr.js';

/**
 * @typedef {import('../document.js').ClientDocument} ClientDocument
 * @typedef {import('../types.js').Keeper} Keeper
 *
 * @typedef {object} Link - between what was replaced and the keeper
 * @property {Keeper} [keeper] - absent before the document has come, and after `uninstall()`
 * @property {string} origin
 * @property {Promise<unknown>} ready
 * @property {typeof fetch} fetch - the browser's own
 * @property {AbortSignal} [signal] - of listeners
 * @property {<T extends object, K extends keyof T>(target: T, name: K, make: (native: T[K]) => T[K]) => void} replace
 */

/** @type {Link['replace']} */
const replace = (target, name, make) => {
    if (target[name]) {
        target[name] = make(target[name]);
    }
};

/**
 * @param {Partial<import('../keeper.js').KeeperOptions>} options
 * @param {ClientDocument | Promise<ClientDocument>} document
 * @param {Partial<Link> & Pick<Link, 'replace'>} [more]
 * @returns {Promise<Keeper>} rejected when there is no document to be had
 */
export function patch(options, document, more) {
    const { fetch = globalThis.fetch.bind(globalThis) } = options;
    /** @type {Link} */
    const link = Object.assign(more ?? { replace }, {
        origin: new URL(options.base ?? location.href).origin,
        fetch,
        ready: Promise.resolve(),
    });
    /** @param {ClientDocument} document */
    const start = document => {
        return link.keeper = createKeeper(document, { ...options, fetch });
    };
    const ready = Promise.resolve(then(document, start));
    // Who sends is not told by a failure of his own; who asks `ready` is.
    link.ready = ready.catch(() => {});

    patchFetch(link);
    patchBeacon(link);
    patchSocket(link);
    if (globalThis.XMLHttpRequest) {
        patchXhr(link);
    }
    if (globalThis.document) {
        patchForms(link);
    }
    return ready;
}
