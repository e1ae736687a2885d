// How calls wait for one another.

/**
 * Runs tasks one at a time, in the order in which they joined. A task that fails, or throws, does not keep
 * the next one from its turn.
 *
 * @returns {<T>(task: () => Promise<T>) => Promise<T>} settles as the task does
 */
export function taskQueue() {
    let last = Promise.resolve();
    return task => {
        const turn = last.then(() => task());
        last = turn.then(() => {}, () => {});
        return turn;
    };
}

/**
 * Lets as many tasks run side by side as there are tickets in a full pool. The answer of each brings the
 * ticket of the next, so a crowd of calls needs one pool instead of one ticket fetch for every ten of them.
 * A task that takes longer than `patience` ms may be a long poll, and nobody waits for it any more.
 *
 * @param {{width: number, patience: number}} options
 * @returns {<T>(task: () => Promise<T>) => Promise<T>} settles as the task does
 */
export function turnstile({ width, patience }) {
    let inside = 0;
    /** @type {(() => void)[]} */
    const waiting = [];

    /** Hands a place over to who has waited longest: nobody slips in between. */
    const free = () => {
        const next = waiting.shift();
        if (next) {
            next();
        } else {
            inside -= 1;
        }
    };
    return async task => {
        if (inside < width) {
            inside += 1;
        } else {
            await /** @type {Promise<void>} */ (new Promise(enter => { waiting.push(enter); }));
        }
        let counts = true;
        const leave = () => {
            if (counts) {
                counts = false;
                free();
            }
        };
        const slow = setTimeout(leave, patience);
        try {
            return await task();
        } finally {
            clearTimeout(slow);
            leave();
        }
    };
}
