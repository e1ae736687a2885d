/**
 * @param {Record<string, any>} body - what the server said, or what stands in for it; `error.response`
 * @param {object} facts
 * @param {string} facts.fallback - the message when the body has none
 * @param {number} facts.code - the HTTP status, 0 without an answer
 * @param {unknown} [facts.cause] - the error underneath
 */
export function requestError(body: Record<string, any>, { fallback, code, cause }: {
    fallback: string;
    code: number;
    cause?: unknown;
}): Error & {
    name: string;
    code: number;
    response: Record<string, any>;
    source: any;
    sent: boolean;
};
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
export function networkError(url: string, { textStatus, message, code, body, cause }: {
    textStatus: "error" | "timeout" | "abort" | "parsererror";
    message: string;
    code?: number | undefined;
    body?: Record<string, any> | undefined;
    cause?: unknown;
}): Error & {
    name: string;
    code: number;
    response: Record<string, any>;
    source: any;
    sent: boolean;
};
/** The error of a call for which there is no ticket left, and none to be had. */
export function noTicketError(): Error & {
    name: string;
    code: number;
    response: Record<string, any>;
    source: any;
    sent: boolean;
};
export function isNoTicket(error: any): boolean;
