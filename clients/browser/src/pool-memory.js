// What is held in memory: one token for all requests, or one-time tickets in the order in which they came.

/**
 * @param {import('./pool.js').PoolOptions} options
 * @returns {import('./pool.js').Pool}
 */
export function memoryPool({ once, limit, now }) {
    /** Values, and when they came; the oldest first. @type {Map<string, number>} */
    let held = new Map();
    return {
        waits: false,
        put(values, ts) {
            if (!once && values.length) {
                held.clear();
                values.length = 1;
            }
            values.forEach(value => held.has(value) || held.set(value, ts));
            return values.length > 0;
        },
        takeNow() {
            for (const [value, ts] of held) {
                const good = now() - ts < limit;
                if (once || !good) {
                    held.delete(value);
                }
                if (good) {
                    return { value, ts };
                }
            }
            return undefined;
        },
        giveBack(ticket) {
            if (once && ticket) {
                held = new Map([[ticket.value, ticket.ts], ...held]);
            }
        },
        // With another token than that which was refused, somebody else may have been faster.
        concerns: ticket => !ticket || once || !held.size || held.has(ticket.value),
        drop: () => held.clear(),
    };
}
