// XMLHttpRequest. Its events stay the browser's own: a token that must be fetched first only delays `send()`, and
// an answer that is a refusal is kept back until it is certain that there is no other.

import { originOf, resolve } from '../page-source.js';
import { answerOf, snapshot } from './xhr-call.js';

/**
 * @typedef {import('./patch.js').Link} Link
 * @typedef {import('./xhr-call.js').Body} Body
 * @typedef {import('./xhr-call.js').Call} Call
 * @typedef {import('../types.js').Keeper} Keeper
 * @typedef {import('../types.js').Ticket} Ticket
 */

const EVENTS = ['readystatechange', 'loadstart', 'progress', 'load', 'error', 'loadend'];

/** @param {Link} link */
export function patchXhr(link) {
    const { prototype } = XMLHttpRequest;
    const { open, setRequestHeader, send, abort } = prototype;
    /** @type {WeakMap<XMLHttpRequest, Call>} */
    const calls = new WeakMap();

    // Whoever listens first can keep an event from the others. Listening once more changes nothing.
    /** @param {XMLHttpRequest} request */
    const listen = request => {
        EVENTS.forEach(type => request.addEventListener(type, hear));
        return request;
    };
    /** @param {XMLHttpRequest} request */
    const unsent = request => {
        const call = calls.get(request);
        if (call?.waits) {
            throw new DOMException('was sent', 'InvalidStateError');
        }
        return call;
    };
    link.replace(globalThis, 'XMLHttpRequest', native => new Proxy(native, {
        construct: (...said) => listen(Reflect.construct(...said)),
    }));

    link.replace(prototype, 'open', () => /** @this {XMLHttpRequest} @param {any[]} said */ function (...said) {
        // Read once: an object may say something else the second time.
        said = said.map((value, at) => at < 2 ? `${value}` : value);
        const [method, url] = said;
        const place = resolve(url, globalThis.document, location.href);
        const own = !!place && originOf(place) === link.origin;
        if (own) {
            // And resolved once.
            said[1] = place.href;
        }
        /** @type {Call} */
        const call = { said, method, url: `${place?.href}`, sync: said.length > 2 && !said[2], headers: [], since: 0, kept: [] };
        // Before it is open: a handler that hears of that may open it anew, and then that counts.
        calls.set(listen(this), call);
        let stays = false;
        try {
            open.apply(this, /** @type {any} */ (said));
            // As the browser writes it.
            call.method = new Request('', { method }).method;
            stays = own;
        } finally {
            if (!stays && calls.get(this) === call) {
                calls.delete(this);
            }
        }
    });

    link.replace(prototype, 'setRequestHeader', () => /** @this {XMLHttpRequest} */ function (name, value) {
        const call = unsent(this);
        name = `${name}`;
        value = `${value}`;
        setRequestHeader.call(this, name, value);
        call?.headers.push([name, value]);
    });

    link.replace(prototype, 'send', () => /** @this {XMLHttpRequest} */ function (body) {
        const call = unsent(this);
        const { keeper } = link;
        if (call && keeper) {
            start(this, call, keeper, body);
        } else if (!call || call.sync) {
            send.call(this, body);
        } else {
            wait(this, call, link.ready, () => link.keeper ? start(this, call, link.keeper, body) : send.call(this, body));
        }
    });

    link.replace(prototype, 'abort', () => /** @this {XMLHttpRequest} */ function () {
        const call = calls.get(this);
        if (!call?.waits) {
            abort.call(this);
            return;
        }
        // As far as the browser knows there is nothing to abort. A request that goes nowhere has the same events.
        calls.set(this, { ...call, waits: false, keeper: undefined, hush: true });
        open.call(this, 'GET', 'data:,', true);
        send.call(this);
        calls.delete(this);
        abort.call(this);
    });

    /**
     * @param {XMLHttpRequest} request
     * @param {Call} call
     * @param {Keeper} keeper
     * @param {Body} [body]
     */
    function start(request, call, keeper, body) {
        const need = keeper.need(call.method, call.url);
        call.keeper = keeper;
        call.since = keeper.age;
        const name = keeper.header.toLowerCase();
        if (need === 'none' || call.headers.some(([said]) => said.toLowerCase() === name)) {
            send.call(request, body);
            return;
        }
        call.again = true;
        call.body = snapshot(body);
        const ticket = keeper.takeNow();
        if (ticket || call.sync || need === 'either' && !keeper.waits) {
            go(request, call, ticket);
            return;
        }
        wait(request, call, need === 'token' ? keeper.take(call.url) : keeper.atHand(), ticket => {
            go(request, call, ticket);
        });
    }

    /**
     * @param {XMLHttpRequest} request
     * @param {Call} call
     * @template T
     * @param {Promise<T>} coming
     * @param {(come: T) => void} next
     */
    function wait(request, call, coming, next) {
        call.waits = true;
        coming.then(come => {
            if (calls.get(request) === call) {
                call.waits = false;
                next(come);
            } else {
                call.keeper?.giveBack(/** @type {any} */ (come));
            }
        });
    }

    /**
     * @param {XMLHttpRequest} request
     * @param {Call} call
     * @param {Ticket} [ticket]
     */
    function go(request, call, ticket) {
        const { sync, body } = call;
        const keeper = /** @type {Keeper} */ (call.keeper);
        call.ticket = ticket;
        if (ticket) {
            call.since = keeper.age;
            setRequestHeader.call(request, keeper.header, ticket.value);
        }
        try {
            send.call(request, body);
        } catch (error) {
            giveBack(call);
            throw error;
        }
        if (sync && call.refused) {
            decide(request, call);
        }
    }

    /** Rule 9. @param {Call} call */
    function giveBack({ keeper, ticket, since }) {
        if (keeper?.age === since) {
            keeper.giveBack(ticket);
        }
    }

    /** @param {Event} event */
    function hear(event) {
        const request = /** @type {XMLHttpRequest} */ (event.currentTarget);
        const call = calls.get(request);
        if (!call) {
            return;
        }
        const { keeper, again } = call;
        const { readyState, status } = request;
        const { type } = event;
        if (call.hush || call.begun && type === 'loadstart') {
            event.stopImmediatePropagation();
        } else if (keeper && type === 'readystatechange' && readyState > 1 && status) {
            call.doubt = again && keeper.document.refusal?.status === status;
            if (readyState === 4) {
                const answer = answerOf(call.url, request);
                call.doubt = call.refused = call.doubt && keeper.isRefusal(answer) === true;
                if (!call.refused) {
                    keeper.learn(call, answer);
                }
            }
        }
        if (call.doubt) {
            event.stopImmediatePropagation();
            if (call.refused) {
                call.kept.push(event);
            }
        }
        if (type === 'error') {
            giveBack(call);
        } else if (type === 'loadend' && call.refused && !call.sync) {
            decide(request, call);
        }
    }

    /**
     * Rule 7.
     *
     * @param {XMLHttpRequest} request
     * @param {Call} call
     */
    function decide(request, call) {
        const { ticket: sent, sync, said, headers, kept } = call;
        const keeper = /** @type {Keeper} */ (call.keeper);
        Object.assign(call, { again: false, doubt: false, refused: false });
        keeper.refuse(call, answerOf(call.url, request), sent, call.since);
        const need = keeper.need(call.method, call.url);
        /** @param {Ticket} [ticket] */
        const next = ticket => {
            if (!ticket || ticket.value === sent?.value) {
                call.keeper = undefined;
                kept.forEach(event => request.dispatchEvent(new ProgressEvent(event.type, event)));
                return;
            }
            call.hush = true;
            open.apply(request, /** @type {any} */ (said));
            headers.forEach(([name, value]) => setRequestHeader.call(request, name, value));
            Object.assign(call, { hush: false, begun: true });
            go(request, call, ticket);
        };
        const ticket = keeper.takeNow();
        if (ticket || sync) {
            next(ticket);
        } else {
            wait(request, call, sent || need === 'either' ? keeper.take(call.url) : keeper.atHand(), next);
        }
    }
}
