// The public names of `@countersign/browser`.

export { createClient } from './client.js';
export { install } from './install.js';

/**
 * @typedef {import('./document.js').ClientDocument} ClientDocument
 * @typedef {import('./types.js').Client} Client
 * @typedef {import('./types.js').ClientOptions} ClientOptions
 * @typedef {import('./types.js').Installed} Installed
 * @typedef {import('./types.js').Store} Store
 * @typedef {import('./types.js').Ticket} Ticket
 */

// What TAO's front end has: see docs/tao.md.
export { tokenHandlerFactory } from './handler.js';
export { showReloadPrompt, TEXTS } from './prompt.js';
export { configureRequest, request, requestFactory } from './request.js';
export { indexedDbStore, memoryStore, tokenStore } from './store.js';
