// What the tests of the module set share: a clock, and a TAO server small enough to see through.

/** A clock that stands still until it is set. */
export function clock() {
    const now = () => now.time;
    now.time = 1_554_907_980_137;
    return now;
}

/** Lets others go on until `holds()`. */
export async function until(holds) {
    for (let turn = 0; !holds(); turn++) {
        if (turn === 10_000) {
            throw new Error(`it never came to \`${holds}\``);
        }
        await new Promise(setImmediate);
    }
}

export const BASE = 'https://tao.example';

/**
 * Stands in for `fetch`: hands out tickets in batches, spends each once, and remembers every request.
 *
 * @param {object} [options]
 * @param {number} [options.pool] - tickets in a batch
 * @param {(request: Request) => Response | undefined | Promise<Response | undefined>} [options.answer] - to a
 *     request whose ticket is good; nothing: `{"success":true}`
 */
export function taoServer({ pool = 10, answer = () => undefined } = {}) {
    let made = 0;
    let good = new Set();
    const server = {
        /** Requests in the order in which they came: `GET /path`, and the ticket. */
        seen: [],
        batches: 0,
        refused: 0,
        online: true,
        answer,
        issue() {
            const ticket = String(++made).padStart(40, '0');
            good.add(ticket);
            return ticket;
        },
        /** The session ends: what was handed out is good for nothing. */
        forget() {
            good = new Set();
        },
        async fetch(input, init) {
            const request = new Request(input, init);
            const { pathname, search } = new URL(request.url);
            if (!server.online) {
                throw new TypeError('Failed to fetch');
            }
            if (pathname === '/tao/ClientConfig/config') {
                server.batches += 1;
                const tokens = Array.from({ length: pool }, server.issue);
                return new Response(`require.config(${JSON.stringify({ config: { 'core/tokenHandler': { tokens } } })});`);
            }
            const ticket = request.headers.get('X-CSRF-Token');
            server.seen.push({ line: `${request.method} ${pathname}${search}`, ticket, request });
            if (!good.delete(ticket)) {
                server.refused += 1;
                return new Response(null, { status: 403, statusText: 'Unable to process your request' });
            }
            const reply = await server.answer(request) ?? Response.json({ success: true });
            reply.headers.set('X-CSRF-Token', server.issue());
            return reply;
        },
    };
    return server;
}
