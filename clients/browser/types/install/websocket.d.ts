/** @param {import('./patch.js').Link} link */
export function patchSocket(link: import("./patch.js").Link): void;
