/** @param {import('./patch.js').Link} link */
export function patchBeacon(link: import("./patch.js").Link): void;
