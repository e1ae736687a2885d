// What `html.js` does, by the parser that every page has: for the script that pages load.

import { inPage } from './page-source.js';

/**
 * @param {string} html
 * @param {import('./document.js').Source} source
 */
export const readTag = (html, source) => inPage(new DOMParser().parseFromString(html, 'text/html'), source);
