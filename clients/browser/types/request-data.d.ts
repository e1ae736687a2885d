/**
 * The reader for a `dataType`.
 *
 * @param {string} [dataType]
 * @returns {Reader}
 */
export function reader(dataType?: string): Reader;
/**
 * What `data` is on the wire.
 *
 * @param {string} method
 * @param {any} data
 * @param {string | false} [contentType]
 * @returns {{query: string, body?: BodyInit, type?: string}} what to add to the URL, the body, and its
 *     `Content-Type` (none where the browser finds it out: the boundary of a FormData is the browser's)
 */
export function encode(method: string, data: any, contentType?: string | false): {
    query: string;
    body?: BodyInit;
    type?: string;
};
/**
 * `a=1&b[]=2&b[]=3&c[d]=4`, as PHP and jQuery write what is nested. A list on its own is one of
 * `{name, value}`, as a form serializes.
 *
 * @param {Record<string, any> | {name: string, value: unknown}[] | URLSearchParams} data
 */
export function toForm(data: Record<string, any> | {
    name: string;
    value: unknown;
}[] | URLSearchParams): string;
/**
 * `url` with `query` behind what it asks already, in front of its fragment.
 *
 * @param {string} url
 * @param {string} query
 */
export function withQuery(url: string, query: string): string;
/**
 * How the body of an answer is read, and which types are asked for, by `dataType`.
 */
export type Reader = {
    accept: string;
    read: (response: Response) => Promise<unknown>;
};
