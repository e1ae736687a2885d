/**
 * What a URL means in a page, or where there is none, against a base.
 *
 * @param {string | URL} url
 * @param {Document} [page]
 * @param {string} [base]
 * @returns {URL | undefined}
 */
export function resolve(url: string | URL, page?: Document, base?: string): URL | undefined;
/**
 * @param {Document} page
 * @param {import('./document.js').Source} source
 * @param {boolean} [once] - then it is used up
 * @returns {string | undefined}
 */
export function inPage(page: Document, source: import("./document.js").Source, once?: boolean): string | undefined;
export function getter(type: any, name: string): (it: any) => any;
/** Not asked of the URL: a page's script may have given all of them other words. */
export const originOf: (it: any) => any;
export const ownerDocument: (it: any) => any;
