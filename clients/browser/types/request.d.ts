/**
 * @typedef {object} RequestOptions
 * @property {string} url - where to; only calls of the own origin carry a ticket
 * @property {string} [method] - GET unless said
 * @property {unknown} [data] - GET and HEAD: the query. Else the body: FormData, Blob, ArrayBuffer and
 *     strings as they are, anything else as JSON if `contentType` is JSON, else as a form
 * @property {Record<string, string | undefined>} [headers]
 * @property {string | false} [contentType] - of the body; `json` and `form` for short
 * @property {'json'|'text'|'html'|'xml'|'blob'} [dataType] - how the answer is read, `json` unless said
 * @property {boolean} [noToken] - send it without a ticket
 * @property {boolean} [background] - leave `onStart` and `onStop` alone
 * @property {boolean} [sequential] - one at a time: wait for all sequential calls before this one
 * @property {number} [timeout] - seconds, from when its turn has come until the answer is read; 0: none
 *
 * @typedef {object} RequestSettings
 * @property {import('./handler.js').TokenHandler} [handler] - default: a new one, with no tickets yet
 * @property {boolean} [noToken] - for all calls
 * @property {number} [timeout] - seconds, for calls that name none
 * @property {() => void} [onStart] - the first of the calls that are under way has begun (`ajaxStart`)
 * @property {() => void} [onStop] - the last of them has ended (`ajaxStop`)
 * @property {'reject'|'resolve'} [failures] - what a 200 with `success: false` does: rejects unless said.
 *     TAO's own client 3.6 resolves
 * @property {typeof fetch} [fetch] - for calls without a ticket
 */
/**
 * Makes a `request()` with its own handler, queue and hooks.
 *
 * @param {RequestSettings} [settings]
 */
export function requestFactory(settings?: RequestSettings): (options: RequestOptions) => Promise<any>;
/**
 * Sets up what {@link request} does: once, before the page's first call.
 *
 * @param {RequestSettings} settings
 */
export function configureRequest(settings: RequestSettings): void;
/**
 * `request()` of the page: with what {@link configureRequest} was given, else with a handler that fetches
 * its first tickets itself.
 *
 * @param {RequestOptions} options
 * @returns {Promise<any>}
 */
export function request(options: RequestOptions): Promise<any>;
export type RequestOptions = {
    /**
     * - where to; only calls of the own origin carry a ticket
     */
    url: string;
    /**
     * - GET unless said
     */
    method?: string | undefined;
    /**
     * - GET and HEAD: the query. Else the body: FormData, Blob, ArrayBuffer and
     * strings as they are, anything else as JSON if `contentType` is JSON, else as a form
     */
    data?: unknown;
    headers?: Record<string, string | undefined> | undefined;
    /**
     * - of the body; `json` and `form` for short
     */
    contentType?: string | false | undefined;
    /**
     * - how the answer is read, `json` unless said
     */
    dataType?: "text" | "json" | "html" | "blob" | "xml" | undefined;
    /**
     * - send it without a ticket
     */
    noToken?: boolean | undefined;
    /**
     * - leave `onStart` and `onStop` alone
     */
    background?: boolean | undefined;
    /**
     * - one at a time: wait for all sequential calls before this one
     */
    sequential?: boolean | undefined;
    /**
     * - seconds, from when its turn has come until the answer is read; 0: none
     */
    timeout?: number | undefined;
};
export type RequestSettings = {
    /**
     * - default: a new one, with no tickets yet
     */
    handler?: {
        getToken(): Promise<string | null>;
        setToken(token: string | {
            value: string;
            ts?: number;
            receivedAt?: number;
        }): Promise<boolean>;
        clearStore(): Promise<boolean>;
        getQueueLength(): Promise<number>;
        setMaxSize(size: number): Promise<void>;
        client: Promise<import("./handler.js").Client>;
        maxSize: number;
        passed: () => void;
    } | undefined;
    /**
     * - for all calls
     */
    noToken?: boolean | undefined;
    /**
     * - seconds, for calls that name none
     */
    timeout?: number | undefined;
    /**
     * - the first of the calls that are under way has begun (`ajaxStart`)
     */
    onStart?: (() => void) | undefined;
    /**
     * - the last of them has ended (`ajaxStop`)
     */
    onStop?: (() => void) | undefined;
    /**
     * - what a 200 with `success: false` does: rejects unless said.
     * TAO's own client 3.6 resolves
     */
    failures?: "reject" | "resolve" | undefined;
    /**
     * - for calls without a ticket
     */
    fetch?: typeof fetch | undefined;
};
