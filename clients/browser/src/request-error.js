// The errors of `request()`: what TAO's callers look at, and never a ticket.
//
// | | when | `source` | `code` | `sent` |
// |---|---|---|---|---|
// | refused, or any other status that is no success | 4xx, 5xx | `network` | the status | true |
// | the server says `success: false` | 200 | `request`, or what the body says | the status | true |
// | not what `dataType` announced | 2xx | `network` | the status | true |
// | no answer: offline, timeout, aborted | - | `network` | 0 | false |
// | every ticket has expired | - | `token` | 0 | false |

/**
 * @param {Record<string, any>} body - what the server said, or what stands in for it; `error.response`
 * @param {object} facts
 * @param {string} facts.fallback - the message when the body has none
 * @param {number} facts.code - the HTTP status, 0 without an answer
 * @param {unknown} [facts.cause] - the error underneath
 */
export function requestError(body, { fallback, code, cause }) {
    const number = body.errorCode || body.code;
    const text = body.errorMsg || body.errorMessage || body.error || body.message;
    const message = text ? (number ? `${number} : ${text}` : String(text)) : fallback;
    const error = new Error(message, cause === undefined ? undefined : { cause });
    return Object.assign(error, {
        name: 'RequestError',
        code,
        response: body,
        source: body.source || 'request',
        sent: code > 0,
    });
}

/**
 * The error of a call that failed on its way, or was answered with another status than success.
 *
 * @param {string} url
 * @param {object} facts
 * @param {'error'|'timeout'|'abort'|'parsererror'} facts.textStatus - as jQuery names what went wrong
 * @param {string} facts.message
 * @param {number} [facts.code]
 * @param {Record<string, any>} [facts.body] - the JSON object that came with it, which has the last word
 * @param {unknown} [facts.cause]
 */
export function networkError(url, { textStatus, message, code = 0, body, cause }) {
    const response = {
        success: false,
        source: 'network',
        cause: url,
        purpose: 'proxy',
        code,
        sent: code > 0,
        type: 'error',
        textStatus,
        message,
        ...body,
    };
    return requestError(response, { fallback: `${code} : ${message}`, code, cause });
}

const NO_TICKET = 'token';

/** The error of a call for which there is no ticket left, and none to be had. */
export function noTicketError() {
    return requestError(
        { success: false, source: NO_TICKET, type: 'error' },
        { fallback: 'No tokens available. Please refresh the page.', code: 0 },
    );
}

/** @param {any} error */
export const isNoTicket = error => error?.source === NO_TICKET;
