/**
 * A token in hand.
 */
export type Ticket = {
    value: string;
    /**
     * - milliseconds since the epoch; its age counts from here
     *
     * Where one-time tickets are kept, if not in the client.
     */
    ts: number;
};
/**
 * A token in hand.
 */
export type Store = {
    put: (value: string, ts?: number) => Promise<unknown>;
    /**
     * - the oldest that is not too old
     */
    take: () => Promise<Ticket | undefined>;
    giveBack: (ticket: Ticket) => Promise<unknown>;
    clear: () => Promise<unknown>;
    /**
     * - whether it is empty because the last ones were too old; by default
     * other tabs may have taken them
     *
     * A request, as far as it matters here.
     */
    hadExpired?: (() => Promise<boolean>) | undefined;
};
/**
 * A token in hand.
 */
export type Asked = {
    method: string;
    /**
     * An answer, however it was got. `text` is asked for only where the body decides.
     */
    url: string;
};
/**
 * A token in hand.
 */
export type Answer = {
    /**
     * - whose answer it is, after redirects; what is not of the keeper's origin is not believed
     */
    url: string | URL;
    status: number;
    header: (name: string) => string | null;
    /**
     * - `undefined`: it cannot be read
     *
     * What a request must carry. `either`: a browser shows where the request comes from, and that is enough.
     */
    text: () => string | undefined | Promise<string | undefined>;
};
/**
 * What clients and keepers have in common.
 */
export type Need = "none" | "either" | "token";
/**
 * A token in hand.
 */
export type Tokens = {
    document: import("./document.js").ClientDocument;
    /**
     * - of which the tokens are
     */
    origin: string;
    /**
     * - the name of the header that carries them; servers may change it
     */
    header: string;
    /**
     * - the name of the form field that may carry them instead
     */
    field: string | undefined;
    /**
     * - `none` for every other origin
     */
    need: (method: string, url: string | URL) => Need;
    /**
     * - one, fetched if none is at hand; `undefined`: none is to
     * be had. `url`: for which request, where the document says to ask there
     */
    take: (url?: string) => Promise<Ticket | undefined>;
    /**
     * - one that is held, in a cookie or in the page; what is in a `store` has to be
     * waited for
     */
    takeNow: () => Ticket | undefined;
    /**
     * - a one-time ticket whose request had no answer is the next one
     */
    giveBack: (ticket?: Ticket) => unknown;
    /**
     * - fetches new ones, once for all who ask meanwhile; whether any came
     */
    refresh: (url?: string) => Promise<boolean>;
    /**
     * - takes in one from elsewhere; whether it is one
     */
    put: (value: string, ts?: number) => boolean | Promise<boolean>;
    /**
     * - forgets all that is held
     */
    drop: () => unknown;
};
/**
 * A token in hand.
 */
export type KeeperOnly = {
    /**
     * - whether the page is of this origin
     */
    own: boolean;
    /**
     * - how often all was forgotten
     */
    age: number;
    /**
     * - whether all that is held has to be waited for
     */
    waits: boolean;
    /**
     * - called when a request needs a token and none is to be had. What
     * it throws is what the request ends with; nothing is sent then
     */
    onEmpty?: ((asked: Asked) => unknown) | undefined;
    isOwn: (url: string | URL) => boolean;
    parse: (url: string | URL) => URL | undefined;
    /**
     * - as `takeNow`, and of the `store`
     */
    atHand: () => Promise<Ticket | undefined>;
    /**
     * - from an answer; whether it brought a token
     */
    learn: (asked: Asked, answer: Answer) => boolean | Promise<boolean>;
    isRefusal: (answer: Answer) => boolean | Promise<boolean>;
    /**
     * -
     * forgets what a refusal was about, and learns from it; `since`: `age` when the request was sent
     */
    refuse: (asked: Asked, answer: Answer, sent: Ticket | undefined, since: number) => boolean | Promise<boolean>;
};
/**
 * A token in hand.
 */
export type Keeper = Tokens & KeeperOnly;
/**
 * A token in hand.
 */
export type ClientOnly = {
    keeper: Keeper;
    /**
     * - like `fetch`, with what the request
     * must carry
     */
    send: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
    /**
     * - takes in the tokens that a response brings
     */
    learn: (asked: Asked, response: Response) => Promise<boolean>;
    isRefusal: (response: Response) => Promise<boolean>;
};
/**
 * A token in hand.
 */
export type Client = Tokens & ClientOnly;
/**
 * A token in hand.
 */
export type ClientOptions = {
    /**
     * - the name of one that comes with this package; by default `auto`: the server is asked for its
     * own document
     */
    dialect?: string | undefined;
    /**
     * - instead of a `dialect`
     */
    document?: import("./document.js").ClientDocument | undefined;
    /**
     * - of this URL the origin counts; by default, the page's
     */
    base?: string | URL | undefined;
    /**
     * - for one-time tickets; by default they stay in memory
     */
    store?: Store | undefined;
    /**
     * - what sends
     */
    fetch?: typeof fetch | undefined;
    /**
     * - milliseconds since the epoch
     */
    now?: (() => number) | undefined;
};
/**
 * A token in hand.
 */
export type Installed = {
    /**
     * - rejected when there is no document to be had
     */
    ready: Promise<Client>;
    /**
     * - fetches new tokens; whether any came
     */
    refresh: () => Promise<boolean>;
    /**
     * - puts everything back
     */
    uninstall: () => void;
};
