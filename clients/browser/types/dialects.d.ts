/** A client document that comes with this package. */
declare const document: import('./document.js').ClientDocument;
export default document;
