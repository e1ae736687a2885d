// What `pool.js` does, where nobody can hand in a store: for the script that pages load.

export { memoryPool as createPool } from './pool-memory.js';
