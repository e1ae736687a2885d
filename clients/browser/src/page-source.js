// Tokens that stand in the page itself. A page's elements may be named like a property of its document:
// everything is asked of the prototypes, as they were when this was loaded.

import { kindOf, readCookie } from './source.js';

/**
 * @param {any} type - absent where there are no pages
 * @param {string} name
 * @returns {(it: any) => any}
 */
export const getter = (type, name) => {
    /** @type {any} */
    const found = type && Object.getOwnPropertyDescriptor(type.prototype, name);
    return it => found.get.call(it);
};

/** Not asked of the URL: a page's script may have given all of them other words. */
export const originOf = getter(globalThis.URL, 'origin');
const baseURI = getter(globalThis.Node, 'baseURI');
export const ownerDocument = getter(globalThis.Node, 'ownerDocument');
const cookies = getter(globalThis.Document, 'cookie');

/**
 * What a URL means in a page, or where there is none, against a base.
 *
 * @param {string | URL} url
 * @param {Document} [page]
 * @param {string} [base]
 * @returns {URL | undefined}
 */
export function resolve(url, page, base) {
    try {
        return new URL(url, page ? baseURI(page) : base);
    } catch {
        return undefined;
    }
}

/**
 * @param {Document} page
 * @param {import('./document.js').Source} source
 * @param {boolean} [once] - then it is used up
 * @returns {string | undefined}
 */
export function inPage(page, source, once) {
    const [kind, name] = kindOf(source);
    if (kind === 'cookie') {
        return readCookie(cookies(page), name);
    }
    // A form's own one-time ticket is left to the form.
    if (kind !== 'meta' && (kind !== 'input' || once)) {
        return undefined;
    }
    const tag = Document.prototype.querySelector.call(page, `${kind}[name="${CSS.escape(name)}"]`);
    const key = kind === 'meta' ? 'content' : 'value';
    const value = /** @type {any} */ (tag)?.[key];
    if (value && once) {
        /** @type {any} */ (tag)[key] = '';
    }
    return value;
}
