// What an answer brings.

import { then } from './rules.js';
import { isToken, kindOf, readSource } from './source.js';

/**
 * @typedef {import('./types.js').Answer} Answer
 * @typedef {import('./document.js').Source} Source
 */

/**
 * An answer of `fetch`, whose body stays whole.
 *
 * @param {string | URL} asked - the URL that was
 * @param {Response} response
 * @returns {Answer}
 */
export function answerOf(asked, response) {
    /** @type {Promise<string> | undefined} */
    let text;
    return {
        url: response.url || asked,
        status: response.status,
        header: name => response.headers.get(name),
        text: () => text ??= response.clone().text(),
    };
}

/**
 * What the headers of any answer bring: a token, and the name of the header that is to carry it from now on.
 *
 * @param {Record<string, string>} deliver
 * @param {Answer} answer
 * @returns {{ value?: string, name?: string }}
 */
export function delivered(deliver, { header: read }) {
    let name;
    let value;
    for (const [key, template] of Object.entries(deliver)) {
        const said = read(key);
        if (template === '{header}' && said && /^[\w!#$%&'*+.^`|~-]+$/.test(said)) {
            name = said;
        } else if (template === '{token}') {
            value = said;
        }
    }
    // The header that is named holds the token itself.
    value = name ? read(name) : value;
    return isToken(value) ? { value, name } : {};
}

/**
 * The tokens that stand where the document says, in an answer of the place that hands them out.
 *
 * @param {Answer} answer
 * @param {Source} source
 * @param {boolean} [whole] - whatever the status
 * @returns {string[] | Promise<string[]>}
 */
export function readAnswer({ status, header, text }, source, whole) {
    const [kind] = kindOf(source);
    const inBody = !/header|cookie/.test(kind);
    // The text of an error page is no token, and what is no page is not read through for a tag.
    if (inBody && !whole && (status < 200 || status > 299)
        || /meta|input/.test(kind) && !/html/.test(`${header('Content-Type')}`)) {
        return [];
    }
    return then(inBody ? text() : '', body => readSource(source, { header, body }));
}
