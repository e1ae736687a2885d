/**
 * Takes a value for a client document.
 *
 * @param {unknown} value
 * @returns {ClientDocument}
 * @throws {TypeError} on anything else, and on a version that this package cannot read
 */
export function checkDocument(value: unknown): ClientDocument;
/**
 * Asks a server for its own.
 *
 * @param {{ base?: string | URL, fetch?: typeof fetch }} options - of the `base` the origin counts
 * @returns {Promise<ClientDocument>}
 * @throws {TypeError} when it has none
 */
export function fetchDocument({ base, fetch }: {
    base?: string | URL;
    fetch?: typeof globalThis.fetch;
}): Promise<ClientDocument>;
/**
 * Where a token is found in an answer.
 */
export type Source = "text" | {
    header: string;
} | {
    json: string;
} | {
    "require-config": string;
} | {
    cookie: string;
} | {
    meta: string;
} | {
    input: string;
};
/**
 * Where a token is found in an answer.
 */
export type Require = "nothing" | "provenance" | "either" | "token" | "both";
/**
 * Where a token is found in an answer.
 */
export type Route = {
    /**
     * - a pattern: `/exact`, `/users/*` (one segment), `/api/**` (everything below)
     */
    path: string;
    methods?: string[] | undefined;
    require: Require;
};
/**
 * Where a token is found in an answer.
 */
export type Obtain = {
    /**
     * - `GET /path`, or `HEAD *` for the URL that wants the token
     */
    request: string;
    headers?: Record<string, string> | undefined;
    from: Source;
};
/**
 * Where a token is found in an answer.
 */
export type Refusal = {
    status: number;
    contains?: string | undefined;
    headers?: Record<string, string> | undefined;
    token?: Source | undefined;
};
/**
 * Where a token is found in an answer.
 */
export type TokenRules = {
    /**
     * - the request header that carries it
     */
    header: string;
    /**
     * - the form field that may carry it instead
     */
    field?: string | undefined;
    /**
     * - each is good for one request
     */
    once?: boolean | undefined;
    /**
     * - seconds
     */
    lifetime?: number | undefined;
    pool?: number | undefined;
    cookie?: string | undefined;
};
/**
 * Where a token is found in an answer.
 */
export type ClientDocument = {
    version: 1;
    dialect: string;
    protect: {
        methods: "unsafe" | "all";
        require: Require;
    };
    /**
     * - the first that matches counts
     */
    routes?: Route[] | undefined;
    session_cookie?: string | undefined;
    token?: TokenRules | undefined;
    /**
     * - for clients that are no browsers
     */
    origin?: "always" | "https" | undefined;
    deliver?: Record<string, string> | undefined;
    obtain?: Obtain[] | undefined;
    /**
     * - without one, nothing is ever sent again
     */
    refusal?: Refusal | undefined;
    login?: {
        request: string;
    } | undefined;
    logout?: {
        request: string;
    } | undefined;
    websocket?: {
        query: string;
    } | undefined;
};
