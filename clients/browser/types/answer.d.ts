/**
 * @typedef {import('./types.js').Answer} Answer
 * @typedef {import('./document.js').Source} Source
 */
/**
 * An answer of `fetch`, whose body stays whole.
 *
 * @param {string | URL} asked - the URL that was
 * @param {Response} response
 * @returns {Answer}
 */
export function answerOf(asked: string | URL, response: Response): Answer;
/**
 * What the headers of any answer bring: a token, and the name of the header that is to carry it from now on.
 *
 * @param {Record<string, string>} deliver
 * @param {Answer} answer
 * @returns {{ value?: string, name?: string }}
 */
export function delivered(deliver: Record<string, string>, { header: read }: Answer): {
    value?: string;
    name?: string;
};
/**
 * The tokens that stand where the document says, in an answer of the place that hands them out.
 *
 * @param {Answer} answer
 * @param {Source} source
 * @param {boolean} [whole] - whatever the status
 * @returns {string[] | Promise<string[]>}
 */
export function readAnswer({ status, header, text }: Answer, source: Source, whole?: boolean): string[] | Promise<string[]>;
export type Answer = import("./types.js").Answer;
export type Source = import("./document.js").Source;
