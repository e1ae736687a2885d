// For axios: tokens on what an instance sends to the client's origin. It works wherever axios does.

/**
 * @typedef {import('./types.js').Client} Client
 * @typedef {import('./types.js').Ticket} Ticket
 * @typedef {import('./types.js').Answer} Answer
 *
 * @typedef {object} Interceptors
 * @property {(fulfilled: (value: any) => any, rejected?: (error: any) => any) => number} use
 * @property {(id: number) => void} eject
 *
 * @typedef {object} Axios - `axios`, or what `axios.create()` made
 * @property {(config: any) => Promise<any>} request
 * @property {(config: any) => string} getUri
 * @property {{ request: Interceptors, response: Interceptors }} interceptors
 */

/** What was sent with a request. axios copies configurations, but not such a thing; and logs nothing of it. */
class Sent {
    /** @type {Ticket | undefined} */
    #ticket;
    /** @type {Ticket | undefined} */
    #next;
    method = '';
    url = '';
    header = '';
    need = 'none';
    again = false;
    since = 0;

    /** @param {Ticket} [ticket] - for one more try */
    constructor(ticket) {
        this.#next = ticket;
    }

    get ticket() { return this.#ticket; }

    /** @param {() => Promise<Ticket | undefined>} take */
    async fill(take) {
        this.again = this.#next !== undefined;
        this.#ticket = this.#next ?? await take();
        this.#next = undefined;
        return this.#ticket;
    }
}

/**
 * Lets an instance of axios send what its requests must carry, and try once more after a refusal.
 *
 * @param {Axios} axios
 * @param {Client} client
 * @returns {() => void} ends it
 */
export function attach(axios, client) {
    const { keeper } = client;
    /** @param {any} config */
    const target = config => axios.getUri({ ...config, params: undefined });

    /**
     * The last that sees a request: where it goes may have been changed after the token was taken.
     *
     * @this {any}
     * @param {any} data
     * @param {any} headers
     */
    function guard(data, headers) {
        const sent = this?.countersign;
        if (sent?.ticket && keeper.need(sent.method, target(this)) === 'none') {
            headers.delete(sent.header);
        }
        return data;
    }

    /** @param {any} config */
    const before = async config => {
        const { headers, transformRequest, countersign } = config;
        const method = (config.method ?? 'get').toUpperCase();
        const url = target(config);
        const need = keeper.need(method, url);
        const waiting = countersign instanceof Sent && !countersign.ticket ? countersign : undefined;
        const sent = Object.assign(waiting ?? new Sent(), { method, url, since: keeper.age });
        config.countersign = sent;
        if (need === 'none' || headers.has(keeper.header)) {
            return config;
        }
        sent.need = need;
        const ticket = await sent.fill(() => need === 'token' ? keeper.take(url) : keeper.atHand());
        sent.since = keeper.age;
        if (ticket) {
            sent.header = keeper.header;
            headers.set(sent.header, ticket.value);
            // axios has a cookie of its own for tokens, perhaps another app's, and would put it into the same header.
            config.withXSRFToken = false;
            const last = [transformRequest ?? []].flat().filter(transform => transform !== guard);
            config.transformRequest = [...last, guard];
            stay(config, sent.header.toLowerCase());
        }
        return config;
    };

    /** Whoever follows a redirect takes the header along. @param {any} config @param {string} header */
    const stay = (config, header) => {
        const { beforeRedirect, fetchOptions } = config;
        config.fetchOptions = { ...fetchOptions, ...keeper.own ? { mode: 'same-origin' } : { redirect: 'error' } };
        /** @param {any} options @param {any[]} more */
        config.beforeRedirect = (options, ...more) => {
            if (!keeper.isOwn(options.href)) {
                Object.keys(options.headers).filter(name => name.toLowerCase() === header)
                    .forEach(name => delete options.headers[name]);
            }
            beforeRedirect?.(options, ...more);
        };
    };

    /**
     * Whoever sends it once more, or logs it, finds no token in it.
     *
     * @param {any} config
     * @returns {Sent | undefined}
     */
    const settle = config => {
        const sent = config?.countersign;
        if (sent?.ticket) {
            config.headers.delete(sent.header);
        }
        return sent;
    };

    /**
     * Rules 6 and 7.
     *
     * @param {Sent | undefined} sent
     * @param {any} config
     * @param {any} response - which axios may take for an error, or not
     * @returns {Promise<any>} the answer to one more try, if there was one
     */
    const judge = async (sent, config, response) => {
        if (!sent) {
            return undefined;
        }
        const answer = answerOf(sent.url, response);
        if (sent.need === 'none' || sent.again || isStream(config.data) || !await keeper.isRefusal(answer)) {
            await keeper.learn(sent, answer);
            return undefined;
        }
        await keeper.refuse(sent, answer, sent.ticket, sent.since);
        const fresh = await (sent.ticket || sent.need === 'either' ? keeper.take(sent.url) : keeper.atHand());
        return fresh && fresh.value !== sent.ticket?.value
            ? axios.request({ ...config, countersign: new Sent(fresh) }) : undefined;
    };

    /** @param {any} response */
    const answered = async response => {
        const { config } = response;
        return await judge(settle(config), config, response) ?? response;
    };

    /** @param {any} error */
    const failed = async error => {
        const { config, response, code } = error;
        const sent = settle(config);
        // One that was given up on its way may have been spent by the server.
        if (!response && sent && !/CANCELED|ABORTED|TIMEDOUT/.test(code) && sent.since === keeper.age) {
            await keeper.giveBack(sent.ticket);
        }
        const second = response && await judge(sent, config, response);
        if (!second) {
            throw error;
        }
        return second;
    };

    const requests = axios.interceptors.request.use(before);
    const responses = axios.interceptors.response.use(answered, failed);
    return () => {
        axios.interceptors.request.eject(requests);
        axios.interceptors.response.eject(responses);
    };
}

/** A body that is gone once it was sent. @param {any} data */
const isStream = data => typeof data?.pipe === 'function' || typeof data?.getReader === 'function';

/**
 * @param {string} asked - the URL that was
 * @param {any} response
 * @returns {Answer}
 */
function answerOf(asked, { status, headers, data, request }) {
    return {
        url: request?.responseURL || request?.res?.responseUrl || asked,
        status,
        header: name => {
            const value = headers.get ? headers.get(name) : headers[name.toLowerCase()];
            return typeof value === 'string' ? value : null;
        },
        // What axios has read from JSON is put into words again.
        text: () => typeof data === 'string' ? data : data === null || data === undefined ? '' : JSON.stringify(data),
    };
}
