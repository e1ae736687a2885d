// What a call sends and what it gets, in the forms that callers of jQuery's `ajax()` are used to.

const FORM = 'application/x-www-form-urlencoded; charset=UTF-8';
const JSON_TYPE = 'application/json; charset=UTF-8';
/** Short names for `contentType`. @type {Record<string, string>} */
const TYPES = { json: JSON_TYPE, form: FORM };

/**
 * How the body of an answer is read, and which types are asked for, by `dataType`.
 *
 * @typedef {{accept: string, read: (response: Response) => Promise<unknown>}} Reader
 * @type {Record<string, Reader>}
 */
const READERS = {
    json: { accept: 'application/json, text/javascript, */*; q=0.01', read: readJson },
    text: { accept: 'text/plain, */*; q=0.01', read: response => response.text() },
    html: { accept: 'text/html, */*; q=0.01', read: response => response.text() },
    xml: { accept: 'application/xml, text/xml, */*; q=0.01', read: readXml },
    blob: { accept: '*/*', read: response => response.blob() },
};

/**
 * The reader for a `dataType`.
 *
 * @param {string} [dataType]
 * @returns {Reader}
 */
export function reader(dataType = 'json') {
    if (!Object.hasOwn(READERS, dataType)) {
        const known = Object.keys(READERS).map(name => `\`${name}\``).join(', ');
        // `script` and `jsonp` run what a server sends: an answer is data here.
        throw new TypeError(`dataType \`${dataType}\` cannot be read: use one of ${known}`);
    }
    return READERS[dataType];
}

/**
 * What `data` is on the wire.
 *
 * @param {string} method
 * @param {any} data
 * @param {string | false} [contentType]
 * @returns {{query: string, body?: BodyInit, type?: string}} what to add to the URL, the body, and its
 *     `Content-Type` (none where the browser finds it out: the boundary of a FormData is the browser's)
 */
export function encode(method, data, contentType) {
    const type = (contentType && TYPES[contentType]) || contentType || undefined;
    if (data === undefined || data === null) {
        return { query: '', type };
    }
    if (method === 'GET' || method === 'HEAD') {
        if (isBody(data)) {
            throw new TypeError(`a ${method} request has no body: send the data by POST`);
        }
        return { query: typeof data === 'string' ? data : toForm(data), type };
    }
    if (isBody(data)) {
        return { query: '', body: data, type: data instanceof FormData ? undefined : type };
    }
    if (typeof data === 'string') {
        return { query: '', body: data, type: type ?? FORM };
    }
    if (type !== undefined && /[/+]json\b/i.test(type)) {
        return { query: '', body: JSON.stringify(data), type };
    }
    return { query: '', body: toForm(data), type: type ?? FORM };
}

/** What `fetch` sends as it is. @param {unknown} data */
function isBody(data) {
    return [FormData, Blob, ArrayBuffer, ReadableStream].some(kind => data instanceof kind)
        || ArrayBuffer.isView(data);
}

/**
 * `a=1&b[]=2&b[]=3&c[d]=4`, as PHP and jQuery write what is nested. A list on its own is one of
 * `{name, value}`, as a form serializes.
 *
 * @param {Record<string, any> | {name: string, value: unknown}[] | URLSearchParams} data
 */
export function toForm(data) {
    if (data instanceof URLSearchParams) {
        return data.toString();
    }
    const fields = new URLSearchParams();
    /** @param {string} name @param {any} value */
    const add = (name, value) => {
        if (typeof value === 'function') {
            add(name, value());
        } else if (Array.isArray(value)) {
            // Without its number, the fields of one object in a list would run into those of the next.
            value.forEach((item, i) => add(`${name}[${isNested(item) ? i : ''}]`, item));
        } else if (isNested(value)) {
            Object.entries(value).forEach(([key, item]) => add(`${name}[${key}]`, item));
        } else {
            fields.append(name, value ?? '');
        }
    };
    const entries = Array.isArray(data) ? data.map(({ name, value }) => [name, value]) : Object.entries(data);
    entries.forEach(([name, value]) => add(name, value));
    return fields.toString();
}

/** @param {unknown} value */
function isNested(value) {
    return typeof value === 'object' && value !== null && !(value instanceof Date);
}

/**
 * `url` with `query` behind what it asks already, in front of its fragment.
 *
 * @param {string} url
 * @param {string} query
 */
export function withQuery(url, query) {
    if (!query) {
        return url;
    }
    const [address] = url.split('#', 1);
    return `${address}${address.includes('?') ? '&' : '?'}${query}${url.slice(address.length)}`;
}

/** @param {Response} response */
async function readJson(response) {
    return JSON.parse(await response.text());
}

/** @param {Response} response */
async function readXml(response) {
    const xml = new DOMParser().parseFromString(await response.text(), 'application/xml');
    if (xml.querySelector('parsererror')) {
        throw new SyntaxError('the answer is not well-formed XML');
    }
    return xml;
}
