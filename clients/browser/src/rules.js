// Rules 1, 2, 6 and 7: which requests need a token, which ones the document speaks of, and which answers ask for
// another token. The server's own rules are the measure: whatever it might read as a protected path is one here.

/** @typedef {import('./document.js').ClientDocument} ClientDocument */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').Need} Need */

/** @type {Need[]} */
const NEEDS = ['none', 'either', 'token'];
/** @type {Record<string, number>} */
const LEVELS = { nothing: 0, provenance: 0, either: 1 };

/** @param {string} require - a word that is not known demands most */
const level = require => LEVELS[require] ?? 2;

/** @param {string} method */
export const isSafe = method => /^(GET|HEAD|OPTIONS|TRACE)$/.test(method);

/**
 * What a request must carry.
 *
 * @param {ClientDocument} document
 * @param {string} method - as it will be sent: `post` is a method of its own
 * @param {string} path - as it will be sent, without the query
 * @returns {Need}
 */
export function needOf({ protect, routes = [] }, method, path) {
    const judged = !isSafe(method) || protect.methods === 'all' && method !== 'OPTIONS';
    const plain = canonical(path);
    let need = 0;
    for (const { path, methods, require } of routes) {
        const any = methods?.includes('*') && method !== 'OPTIONS';
        const named = methods ? any || methods.includes(method) : judged;
        // HEAD reaches the handler of GET in most frameworks.
        if (!named && !(method === 'HEAD' && methods?.includes('GET'))) {
            continue;
        }
        if (named && matches(path, plain, false)) {
            return NEEDS[Math.max(need, level(require))];
        }
        // The app may read the path in another way: what it might mean holds as well.
        if (matches(path, plain, true)) {
            need = Math.max(need, level(require));
        }
    }
    return NEEDS[judged ? Math.max(need, level(protect.require)) : need];
}

/**
 * The path as every server reads it, or `undefined` if servers disagree about it.
 *
 * @param {string} path
 */
function canonical(path) {
    // An encoded slash or dot is how traversal hides; what decodes to `%`, `?` or `#` may be read once more.
    if (/%(2[35EF]|3F)/i.test(path)) {
        return undefined;
    }
    try {
        path = decodeURIComponent(path);
    } catch {
        return undefined;
    }
    return path[0] !== '/' || /[\\;\0- \x7f]|\/\/|\/\.\.?(\/|$)/.test(path) ? undefined : path;
}

/**
 * @param {string} pattern
 * @param {string | undefined} path - canonical
 * @param {boolean} wide - also other letter case, a slash more or less at the end, the folder itself, and
 *     every ambiguous path
 */
function matches(pattern, path, wide) {
    if (path === undefined) {
        return wide;
    }
    const deep = pattern.endsWith('/**');
    let plain = deep ? pattern.slice(0, -3) : pattern;
    if (wide) {
        plain = plain.replace(/\/$/, '');
    }
    const source = plain.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]+');
    const end = deep ? wide ? '(/|$)' : '/' : wide ? '/?$' : '$';
    return new RegExp('^' + source + end, wide ? 'i' : '').test(path);
}

/**
 * How closely a document means a request when it says `METHOD PATH?QUERY`, or `METHOD *`; below zero: not at all.
 *
 * @param {string | undefined} meant
 * @param {string} method
 * @param {URL} url
 */
export function fits(meant = '', method, { pathname, search }) {
    return [`${method} *`, `${method} ${pathname}`, `${method} ${pathname}${search}`].lastIndexOf(meant);
}

/**
 * Whether an answer is the server's refusal for want of a good token.
 *
 * @param {ClientDocument} document
 * @param {Answer} answer
 * @returns {boolean | Promise<boolean>}
 */
export function isRefusal({ refusal }, { status, header, text }) {
    if (!refusal || refusal.status !== status) {
        return false;
    }
    const { headers, contains } = refusal;
    for (const [name, value] of Object.entries(headers ?? {})) {
        if (header(name)?.toLowerCase() !== value.toLowerCase()) {
            return false;
        }
    }
    if (headers && contains === undefined) {
        return true;
    }
    return then(text(), body => contains === undefined ? body === '' : body?.includes(contains) ?? false);
}

/**
 * What is there at once is used at once: XMLHttpRequest and forms cannot wait.
 *
 * @template T, U
 * @param {T | Promise<T>} value
 * @param {(value: T) => U | Promise<U>} next
 * @returns {U | Promise<U>}
 */
export function then(value, next) {
    return value instanceof Promise ? value.then(next) : next(value);
}
