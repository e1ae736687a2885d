/**
 * Shows the dialog. It does not load the page again itself.
 *
 * @param {object} [options]
 * @param {Partial<Record<keyof typeof TEXTS, string>>} [options.texts]
 * @param {Document} [options.document]
 * @returns {Promise<'reload'|'dismiss'>} what was chosen; Escape is `dismiss`
 */
export function showReloadPrompt({ texts, document }?: {
    texts?: Partial<Record<"text" | "reload" | "title" | "dismiss", string>> | undefined;
    document?: Document | undefined;
}): Promise<"reload" | "dismiss">;
/** What it says; hand `showReloadPrompt` your own words for another language. */
export const TEXTS: Readonly<{
    title: "This page has expired";
    text: string;
    reload: "Load again";
    dismiss: "Not now";
}>;
