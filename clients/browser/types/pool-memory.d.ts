/**
 * @param {import('./pool.js').PoolOptions} options
 * @returns {import('./pool.js').Pool}
 */
export function memoryPool({ once, limit, now }: import("./pool.js").PoolOptions): import("./pool.js").Pool;
