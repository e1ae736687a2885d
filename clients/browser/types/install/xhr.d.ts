/** @param {Link} link */
export function patchXhr(link: Link): void;
export type Link = import("./patch.js").Link;
export type Body = import("./xhr-call.js").Body;
export type Call = import("./xhr-call.js").Call;
export type Keeper = import("../types.js").Keeper;
export type Ticket = import("../types.js").Ticket;
