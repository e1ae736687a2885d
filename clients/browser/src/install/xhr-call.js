// What is known of a call by XMLHttpRequest: what it sends, and what it has got.

/**
 * @typedef {import('../types.js').Keeper} Keeper
 * @typedef {import('../types.js').Ticket} Ticket
 * @typedef {Document | XMLHttpRequestBodyInit | null} Body
 *
 * @typedef {object} Call - from one `open()` to the next
 * @property {any[]} said - to `open()`
 * @property {string} method
 * @property {string} url
 * @property {boolean} sync
 * @property {[string, string][]} headers
 * @property {boolean} [waits] - for a token
 * @property {Keeper} [keeper] - what is sent, and answered, concerns it
 * @property {Ticket} [ticket]
 * @property {number} since - age of what was held
 * @property {Body} [body]
 * @property {boolean} [again] - it may be sent once more
 * @property {boolean} [doubt] - the answer may be a refusal
 * @property {boolean} [refused]
 * @property {boolean} [hush] - events are our own doing
 * @property {boolean} [begun] - it has been said that it began
 * @property {Event[]} kept - of a refusal, until there is no other answer
 */

/**
 * The body as it is now: the page may go on with the memory.
 *
 * @param {any} body
 * @returns {Body | undefined}
 */
export function snapshot(body) {
    return body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? new Blob([/** @type {any} */ (body)]) : body;
}

/**
 * @param {string} asked - the URL that was
 * @param {XMLHttpRequest} request
 * @returns {import('../types.js').Answer}
 */
export function answerOf(asked, request) {
    return {
        url: request.responseURL || asked,
        status: request.status,
        header: name => request.getResponseHeader(name),
        text() {
            const { response, responseType } = request;
            if (!responseType || responseType === 'text') {
                return response;
            }
            if (responseType === 'json' && response !== null) {
                return JSON.stringify(response);
            }
            // What is no JSON is `null` as well.
            const size = response?.size ?? response?.byteLength ?? request.getResponseHeader('Content-Type');
            return size ? undefined : '';
        },
    };
}
