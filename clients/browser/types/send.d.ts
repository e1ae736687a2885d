/**
 * @typedef {import('./types.js').Asked} Asked
 * @typedef {import('./types.js').Client} Client
 * @typedef {import('./types.js').Keeper} Keeper
 * @typedef {import('./types.js').Ticket} Ticket
 */
/**
 * A client with tokens of its own.
 *
 * @param {Keeper} keeper
 * @param {typeof fetch} native - what sends
 * @returns {Client}
 */
export function clientOf(keeper: Keeper, native: typeof fetch): Client;
/**
 * @param {Keeper} keeper
 * @param {typeof fetch} native
 * @param {RequestInfo | URL} input
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
export function send(keeper: Keeper, native: typeof fetch, input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
export type Asked = import("./types.js").Asked;
export type Client = import("./types.js").Client;
export type Keeper = import("./types.js").Keeper;
export type Ticket = import("./types.js").Ticket;
