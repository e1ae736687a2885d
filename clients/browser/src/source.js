// Where tokens are found: in headers, bodies, cookies and pages.

import { readTag } from './html.js';

/** @typedef {import('./document.js').Source} Source */

/** @param {unknown} value @returns {value is string} */
export const isToken = value => typeof value === 'string' && /^[!-~]{1,4096}$/.test(value);

/**
 * @param {Source} source
 * @returns {[kind: string, name: string]}
 */
export const kindOf = source => source === 'text' ? [source, ''] : Object.entries(source)[0];

/**
 * The tokens that an answer brings. What a browser made of its cookies is not to be seen in there.
 *
 * @param {Source} source
 * @param {{ header(name: string): string | null, body?: string }} answer
 * @returns {string[]}
 */
export function readSource(source, { header, body = '' }) {
    const [kind, name] = kindOf(source);
    if (kind === 'require-config') {
        // The scripts of a page call it more than once.
        return body.split(/\brequire\.config\s*\(/).slice(1).flatMap(rest => {
            const found = point(parse(argument(rest)), name);
            return Array.isArray(found) ? found.filter(isToken) : [];
        });
    }
    const found = kind === 'text' ? body.trim()
        : kind === 'header' ? header(name)
        : kind === 'json' ? point(parse(body), name)
        : kind === 'cookie' ? undefined
        : readTag(body, source);
    return isToken(found) ? [found] : [];
}

/** @param {string} text @returns {unknown} */
function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/**
 * A JSON pointer (RFC 6901).
 *
 * @param {any} value
 * @param {string} pointer
 */
function point(value, pointer) {
    for (const step of pointer.split('/').slice(1)) {
        const key = step.replace(/~1/g, '/').replace(/~0/g, '~');
        value = Object(value) === value && Object.hasOwn(value, key) ? value[key] : undefined;
    }
    return value;
}

/**
 * The object with which the rest of a script begins.
 *
 * @param {string} rest
 */
function argument(rest) {
    let depth = 0;
    for (const { 0: part, index } of rest.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
        depth += '{['.includes(part) ? 1 : '}]'.includes(part) ? -1 : 0;
        if (!depth) {
            return rest.slice(0, index + 1);
        }
    }
    return '';
}

/**
 * The value of a cookie, percent-decoded. Two cookies of that name, as a sibling domain may plant one, are none.
 *
 * @param {string} cookies - as `document.cookie` says them
 * @param {string} name
 */
export function readCookie(cookies, name) {
    const values = cookies.split(/; ?/).filter(cookie => cookie.startsWith(name + '='));
    try {
        return new Set(values).size === 1 ? decodeURIComponent(values[0].slice(name.length + 1)) : undefined;
    } catch {
        return undefined;
    }
}
