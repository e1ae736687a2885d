/**
 * Lets an instance of axios send what its requests must carry, and try once more after a refusal.
 *
 * @param {Axios} axios
 * @param {Client} client
 * @returns {() => void} ends it
 */
export function attach(axios: Axios, client: Client): () => void;
export type Client = import("./types.js").Client;
export type Ticket = import("./types.js").Ticket;
export type Answer = import("./types.js").Answer;
export type Interceptors = {
    use: (fulfilled: (value: any) => any, rejected?: (error: any) => any) => number;
    eject: (id: number) => void;
};
/**
 * - `axios`, or what `axios.create()` made
 */
export type Axios = {
    request: (config: any) => Promise<any>;
    getUri: (config: any) => string;
    interceptors: {
        request: Interceptors;
        response: Interceptors;
    };
};
