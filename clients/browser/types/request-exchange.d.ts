/**
 * @typedef {object} Call - what is sent, and how its answer is taken
 * @property {string} url
 * @property {string} method
 * @property {RequestInit & {headers: Headers}} init
 * @property {(response: Response) => Promise<any>} read
 * @property {number} timeout - seconds; 0: none
 * @property {'reject' | 'resolve'} failures
 */
/**
 * One call, from its first byte to what it settles with.
 *
 * @param {Call} call
 * @param {(url: string, init: RequestInit) => Promise<Response>} send
 */
export function exchange(call: Call, send: (url: string, init: RequestInit) => Promise<Response>): Promise<any>;
/**
 * - what is sent, and how its answer is taken
 */
export type Call = {
    url: string;
    method: string;
    init: RequestInit & {
        headers: Headers;
    };
    read: (response: Response) => Promise<any>;
    /**
     * - seconds; 0: none
     */
    timeout: number;
    failures: "reject" | "resolve";
};
