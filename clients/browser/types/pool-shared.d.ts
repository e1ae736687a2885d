export function sharedPool(store: import("./types.js").Store): import("./pool.js").Pool;
