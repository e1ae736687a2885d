/**
 * What a request must carry.
 *
 * @param {ClientDocument} document
 * @param {string} method - as it will be sent: `post` is a method of its own
 * @param {string} path - as it will be sent, without the query
 * @returns {Need}
 */
export function needOf({ protect, routes }: ClientDocument, method: string, path: string): Need;
/**
 * How closely a document means a request when it says `METHOD PATH?QUERY`, or `METHOD *`; below zero: not at all.
 *
 * @param {string | undefined} meant
 * @param {string} method
 * @param {URL} url
 */
export function fits(meant: string | undefined, method: string, { pathname, search }: URL): number;
/**
 * Whether an answer is the server's refusal for want of a good token.
 *
 * @param {ClientDocument} document
 * @param {Answer} answer
 * @returns {boolean | Promise<boolean>}
 */
export function isRefusal({ refusal }: ClientDocument, { status, header, text }: Answer): boolean | Promise<boolean>;
/**
 * What is there at once is used at once: XMLHttpRequest and forms cannot wait.
 *
 * @template T, U
 * @param {T | Promise<T>} value
 * @param {(value: T) => U | Promise<U>} next
 * @returns {U | Promise<U>}
 */
export function then<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U>;
export function isSafe(method: string): boolean;
export type ClientDocument = import("./document.js").ClientDocument;
export type Answer = import("./types.js").Answer;
export type Need = import("./types.js").Need;
