// `fetch`, in pages and in service workers.

import { send } from '../send.js';

/** @param {import('./patch.js').Link} link */
export function patchFetch(link) {
    link.replace(globalThis, 'fetch', () => async (...said) => {
        if (!link.keeper) {
            // Read once: an object may say something else the second time.
            const request = new Request(...said);
            said = [request];
            if (new URL(request.url).origin === link.origin) {
                await link.ready;
            }
        }
        const { keeper, fetch } = link;
        return keeper ? send(keeper, fetch, ...said) : fetch(...said);
    });
}
