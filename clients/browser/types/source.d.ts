/**
 * The tokens that an answer brings. What a browser made of its cookies is not to be seen in there.
 *
 * @param {Source} source
 * @param {{ header(name: string): string | null, body?: string }} answer
 * @returns {string[]}
 */
export function readSource(source: Source, { header, body }: {
    header(name: string): string | null;
    body?: string;
}): string[];
/**
 * The value of a cookie, percent-decoded. Two cookies of that name, as a sibling domain may plant one, are none.
 *
 * @param {string} cookies - as `document.cookie` says them
 * @param {string} name
 */
export function readCookie(cookies: string, name: string): string | undefined;
export function isToken(value: unknown): value is string;
export function kindOf(source: Source): [kind: string, name: string];
export type Source = import("./document.js").Source;
