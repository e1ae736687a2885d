// What `install` and the script of a page have in common.

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

/**
 * @param {Pick<Link, 'origin' | 'fetch' | 'signal' | 'replace'>} given
 * @param {(document: ClientDocument) => Keeper} keep
 * @param {ClientDocument | Promise<ClientDocument>} document
 * @returns {Promise<Keeper>} rejected when there is no document to be had
 */
export function patch(given, keep, document) {
    const link = /** @type {Link} */ (given);
    const ready = Promise.resolve(then(document, document => link.keeper = keep(document)));
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
