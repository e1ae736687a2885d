/** @param {import('./patch.js').Link} link */
export function patchFetch(link: import("./patch.js").Link): void;
