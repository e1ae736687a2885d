/** @param {Link} link */
export function patchXhr(link: Link): void;
export type Link = import("./patch.js").Link;
export type Keeper = import("../types.js").Keeper;
export type Ticket = import("../types.js").Ticket;
export type Body = Document | XMLHttpRequestBodyInit | null;
/**
 * - from one `open()` to the next
 */
export type Call = {
    /**
     * - to `open()`
     */
    said: any[];
    method: string;
    url: string;
    sync: boolean;
    headers: [string, string][];
    /**
     * - for a token
     */
    waits?: boolean | undefined;
    /**
     * - what is sent, and answered, concerns it
     */
    keeper?: import("../types.js").Keeper | undefined;
    ticket?: import("../types.js").Ticket | undefined;
    /**
     * - age of what was held
     */
    since: number;
    body?: Body | undefined;
    /**
     * - it may be sent once more
     */
    again?: boolean | undefined;
    /**
     * - the answer may be a refusal
     */
    doubt?: boolean | undefined;
    refused?: boolean | undefined;
    /**
     * - events are our own doing
     */
    hush?: boolean | undefined;
    /**
     * - it has been said that it began
     */
    begun?: boolean | undefined;
    /**
     * - of a refusal, until there is no other answer
     */
    kept: Event[];
};
