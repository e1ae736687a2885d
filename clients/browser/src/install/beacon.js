// `navigator.sendBeacon` can carry no header: where one is due, a `fetch` that outlives the page goes instead.

import { send } from '../send.js';

/** Bytes that a browser takes for all requests that outlive a page. */
const LIMIT = 65_536;

/** @param {import('./patch.js').Link} link */
export function patchBeacon(link) {
    link.replace(/** @type {Navigator} */ (globalThis.Navigator?.prototype ?? {}), 'sendBeacon', native => /** @this {Navigator} */ function (url, body) {
        const { keeper, fetch } = link;
        url = `${url}`;
        if (!keeper || keeper.need('POST', url) === 'none') {
            return native.call(this, url, body);
        }
        if (sizeOf(body) > LIMIT) {
            return false;
        }
        // Nobody is told what becomes of a beacon.
        send(keeper, fetch, url, { method: 'POST', body, keepalive: true, credentials: 'include' }).catch(() => {});
        return true;
    });
}

/** @param {any} body */
const sizeOf = body => body?.size ?? body?.byteLength ?? `${body ?? ''}`.length;
