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
export function snapshot(body: any): Body | undefined;
/**
 * @param {string} asked - the URL that was
 * @param {XMLHttpRequest} request
 * @returns {import('../types.js').Answer}
 */
export function answerOf(asked: string, request: XMLHttpRequest): import("../types.js").Answer;
export type Keeper = import("../types.js").Keeper;
export type Ticket = import("../types.js").Ticket;
export type Body = Document | XMLHttpRequestBodyInit | null;
/**
 * - from one `open()` to the next
 */
export type Call = {
    /**
     * - to `open()`
     */
    said: any[];
    method: string;
    url: string;
    sync: boolean;
    headers: [string, string][];
    /**
     * - for a token
     */
    waits?: boolean | undefined;
    /**
     * - what is sent, and answered, concerns it
     */
    keeper?: import("../types.js").Keeper | undefined;
    ticket?: import("../types.js").Ticket | undefined;
    /**
     * - age of what was held
     */
    since: number;
    body?: Body | undefined;
    /**
     * - it may be sent once more
     */
    again?: boolean | undefined;
    /**
     * - the answer may be a refusal
     */
    doubt?: boolean | undefined;
    refused?: boolean | undefined;
    /**
     * - events are our own doing
     */
    hush?: boolean | undefined;
    /**
     * - it has been said that it began
     */
    begun?: boolean | undefined;
    /**
     * - of a refusal, until there is no other answer
     */
    kept: Event[];
};
