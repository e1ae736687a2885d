// Reads tags out of the text of a page, without the parser that only pages have.

import { kindOf } from './source.js';

const HIDDEN = /<!--[^]*?(?:-->|$)|<(script|style|textarea|title|template|noscript|xmp)\b[^]*?(?:<\/\1\b|$)/gi;
const TAG = /<(meta|input)\b((?:"[^"]*"|'[^']*'|[^"'>])*)>/gi;
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;
/** @type {Record<string, string>} */
const ENTITIES = { amp: '&', quot: '"', apos: '\'', lt: '<', gt: '>' };

/**
 * What the first `<meta>` or `<input>` of a name holds. There is no `DOMParser` in a service worker.
 *
 * @param {string} html
 * @param {import('./document.js').Source} source
 */
export function readTag(html, source) {
    const [wanted, name] = kindOf(source);
    for (const [, tag, inside] of html.replace(HIDDEN, '').matchAll(TAG)) {
        if (tag.toLowerCase() !== wanted) {
            continue;
        }
        /** @type {Record<string, string>} */
        const said = {};
        for (const [, key, ...values] of inside.matchAll(ATTRIBUTE)) {
            said[key.toLowerCase()] ??= values.find(value => value !== undefined) ?? '';
        }
        if (decode(said.name) === name) {
            return decode(said[wanted === 'meta' ? 'content' : 'value']);
        }
    }
    return undefined;
}

/** @param {string} [text] */
function decode(text) {
    return text?.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) =>
        name ? ENTITIES[name] ?? whole : String.fromCodePoint(Math.min(hex ? parseInt(hex, 16) : +decimal, 0x10ffff)));
}
