/** @param {Link} link */
export function patchForms(link: Link): void;
export type Link = import("./patch.js").Link;
export type Ticket = import("../types.js").Ticket;
