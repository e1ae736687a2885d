/**
 * Runs tasks one at a time, in the order in which they joined. A task that fails, or throws, does not keep
 * the next one from its turn.
 *
 * @returns {<T>(task: () => Promise<T>) => Promise<T>} settles as the task does
 */
export function taskQueue(): <T>(task: () => Promise<T>) => Promise<T>;
/**
 * Lets as many tasks run side by side as there are tickets in a full pool. The answer of each brings the
 * ticket of the next, so a crowd of calls needs one pool instead of one ticket fetch for every ten of them.
 * A task that takes longer than `patience` ms may be a long poll, and nobody waits for it any more.
 *
 * @param {{width: number, patience: number}} options
 * @returns {<T>(task: () => Promise<T>) => Promise<T>} settles as the task does
 */
export function turnstile({ width, patience }: {
    width: number;
    patience: number;
}): <T>(task: () => Promise<T>) => Promise<T>;
