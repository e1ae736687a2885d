export function readTag(html: string, source: import("./document.js").Source): string | undefined;
