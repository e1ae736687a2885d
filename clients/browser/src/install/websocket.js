// A browser can set no header on a WebSocket's handshake: where the document wants a token there, it goes in the query.

import { originOf } from '../page-source.js';

/** @param {import('./patch.js').Link} link */
export function patchSocket(link) {
    link.replace(globalThis, 'WebSocket', native => new Proxy(native, {
        construct(target, [url, ...more], self) {
            return Reflect.construct(target, [withToken(link.keeper, `${url}`), ...more], self);
        },
    }));
}

/**
 * @param {import('../types.js').Keeper | undefined} keeper
 * @param {string} url
 */
function withToken(keeper, url) {
    const query = keeper?.document.websocket?.query;
    const place = query && keeper.parse(url);
    if (!place || originOf(place).replace(/^ws/, 'http') !== keeper.origin || place.searchParams.has(query)) {
        return url;
    }
    const ticket = keeper.takeNow();
    if (ticket) {
        place.search += (place.search ? '&' : '?') + `${query}=${encodeURIComponent(ticket.value)}`;
    }
    return place.href;
}
