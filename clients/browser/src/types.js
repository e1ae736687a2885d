// The types that this package's modules share.

/**
 * A token in hand.
 * @typedef {object} Ticket
 * @property {string} value
 * @property {number} ts - milliseconds since the epoch; its age counts from here
 *
 * Where one-time tickets are kept, if not in the client.
 * @typedef {object} Store
 * @property {(value: string, ts?: number) => Promise<unknown>} put
 * @property {() => Promise<Ticket | undefined>} take - the oldest that is not too old
 * @property {(ticket: Ticket) => Promise<unknown>} giveBack
 * @property {() => Promise<unknown>} clear
 * @property {() => Promise<boolean>} [hadExpired] - whether it is empty because the last ones were too old; by default
 *     other tabs may have taken them
 *
 * A request, as far as it matters here.
 * @typedef {object} Asked
 * @property {string} method
 * @property {string} url
 *
 * An answer, however it was got. `text` is asked for only where the body decides.
 * @typedef {object} Answer
 * @property {string | URL} url - whose answer it is, after redirects; what is not of the keeper's origin is not believed
 * @property {number} status
 * @property {(name: string) => string | null} header
 * @property {() => string | undefined | Promise<string | undefined>} text - `undefined`: it cannot be read
 *
 * What a request must carry. `either`: a browser shows where the request comes from, and that is enough.
 * @typedef {'none' | 'either' | 'token'} Need
 *
 * What clients and keepers have in common.
 * @typedef {object} Tokens
 * @property {import('./document.js').ClientDocument} document
 * @property {string} origin - of which the tokens are
 * @property {string} header - the name of the header that carries them; servers may change it
 * @property {string | undefined} field - the name of the form field that may carry them instead
 * @property {(method: string, url: string | URL) => Need} need - `none` for every other origin
 * @property {(url?: string) => Promise<Ticket | undefined>} take - one, fetched if none is at hand; `undefined`: none is to
 *     be had. `url`: for which request, where the document says to ask there
 * @property {() => Ticket | undefined} takeNow - one that is held, in a cookie or in the page; what is in a `store` has to be
 *     waited for
 * @property {(ticket?: Ticket) => unknown} giveBack - a one-time ticket whose request had no answer is the next one
 * @property {(url?: string) => Promise<boolean>} refresh - fetches new ones, once for all who ask meanwhile; whether any came
 * @property {(value: string, ts?: number) => boolean | Promise<boolean>} put - takes in one from elsewhere; whether it is one
 * @property {() => unknown} drop - forgets all that is held
 *
 * @typedef {object} KeeperOnly
 * @property {boolean} own - whether the page is of this origin
 * @property {number} age - how often all was forgotten
 * @property {boolean} waits - whether all that is held has to be waited for
 * @property {(asked: Asked) => unknown} [onEmpty] - called when a request needs a token and none is to be had. What
 *     it throws is what the request ends with; nothing is sent then
 * @property {(url: string | URL) => boolean} isOwn
 * @property {(url: string | URL) => URL | undefined} parse
 * @property {() => Promise<Ticket | undefined>} atHand - as `takeNow`, and of the `store`
 * @property {(asked: Asked, answer: Answer) => boolean | Promise<boolean>} learn - from an answer; whether it brought a token
 * @property {(answer: Answer) => boolean | Promise<boolean>} isRefusal
 * @property {(asked: Asked, answer: Answer, sent: Ticket | undefined, since: number) => boolean | Promise<boolean>} refuse -
 *     forgets what a refusal was about, and learns from it; `since`: `age` when the request was sent
 *
 * @typedef {Tokens & KeeperOnly} Keeper
 *
 * @typedef {object} ClientOnly
 * @property {Keeper} keeper
 * @property {(input: RequestInfo | URL, init?: RequestInit) => Promise<Response>} send - like `fetch`, with what the request
 *     must carry
 * @property {(asked: Asked, response: Response) => Promise<boolean>} learn - takes in the tokens that a response brings
 * @property {(response: Response) => Promise<boolean>} isRefusal
 *
 * @typedef {Tokens & ClientOnly} Client
 *
 * @typedef {object} ClientOptions
 * @property {string} [dialect] - the name of one that comes with this package; by default `auto`: the server is asked for its
 *     own document
 * @property {import('./document.js').ClientDocument} [document] - instead of a `dialect`
 * @property {string | URL} [base] - of this URL the origin counts; by default, the page's
 * @property {Store} [store] - for one-time tickets; by default they stay in memory
 * @property {typeof fetch} [fetch] - what sends
 * @property {() => number} [now] - milliseconds since the epoch
 *
 * @typedef {object} Installed
 * @property {Promise<Client>} ready - rejected when there is no document to be had
 * @property {() => Promise<boolean>} refresh - fetches new tokens; whether any came
 * @property {() => void} uninstall - puts everything back
 */

export {};
