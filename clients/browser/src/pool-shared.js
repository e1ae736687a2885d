// One-time tickets in a store, whose other users are not seen from here.

/** How many batches in a row others may take away. */
const BATCHES = 10;

/**
 * @param {import('./types.js').Store} store
 * @returns {import('./pool.js').Pool}
 */
export const sharedPool = store => ({
    waits: true,
    put: async (values, ts) => {
        await Promise.all(values.map(value => store.put(value, ts)));
        return values.length > 0;
    },
    takeNow: () => undefined,
    take: () => store.take(),
    giveBack: ticket => ticket && store.giveBack(ticket),
    concerns: () => true,
    contested: async batches => batches < BATCHES && !await store.hadExpired?.(),
    drop: () => store.clear(),
});
