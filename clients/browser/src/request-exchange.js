// One call of `request()` on the wire, and what it settles with: the rules at the head of request.js.

import { isNoTicket, networkError, requestError } from './request-error.js';

/**
 * @typedef {object} Call - what is sent, and how its answer is taken
 * @property {string} url
 * @property {string} method
 * @property {RequestInit & {headers: Headers}} init
 * @property {(response: Response) => Promise<any>} read
 * @property {number} timeout - seconds; 0: none
 * @property {'reject' | 'resolve'} failures
 */

/**
 * One call, from its first byte to what it settles with.
 *
 * @param {Call} call
 * @param {(url: string, init: RequestInit) => Promise<Response>} send
 */
export async function exchange(call, send) {
    const { url, method, init, read, timeout, failures } = call;
    const stopped = new AbortController();
    const late = timeout > 0 && setTimeout(() => stopped.abort(), timeout * 1000);
    const failed = (/** @type {unknown} */ cause) => (stopped.signal.aborted
        ? networkError(url, { textStatus: 'timeout', message: 'timeout', cause })
        : networkError(url, { textStatus: 'error', message: 'the server did not answer', cause }));
    try {
        let response;
        try {
            response = await send(url, { ...init, signal: stopped.signal });
        } catch (error) {
            throw isNoTicket(error) ? error : failed(error);
        }
        const { status } = response;
        if (!response.ok) {
            throw await refusal(url, response);
        }
        if (status === 204 || method === 'HEAD') {
            return undefined;
        }
        let body;
        try {
            body = await read(response);
        } catch (error) {
            if (!(error instanceof SyntaxError)) {
                throw failed(error);
            }
            throw networkError(url, { textStatus: 'parsererror', message: String(error), code: status, cause: error });
        }
        return accepted(body, response, failures);
    } finally {
        clearTimeout(late || undefined);
    }
}

/**
 * @param {any} body
 * @param {Response} response
 * @param {'reject'|'resolve'} failures
 */
function accepted(body, { status, statusText }, failures) {
    switch (body?.errorCode) {
        case 204:
            return undefined;
        case 403:
            throw requestError(body, { fallback: `${status} : ${statusText}`, code: status });
    }
    if (body?.success === false && failures === 'reject') {
        throw requestError(body, { fallback: 'the server has sent no message', code: status });
    }
    return body;
}

/**
 * The error of a status that is no success.
 *
 * @param {string} url
 * @param {Response} response
 */
async function refusal(url, response) {
    const { status, statusText } = response;
    let body;
    try {
        body = await response.json();
    } catch {
        // Most servers' errors are pages: then the status says what there is to say.
    }
    return networkError(url, {
        textStatus: 'error',
        message: statusText || 'An error occurred!',
        code: status,
        body: typeof body === 'object' ? body : undefined,
    });
}
