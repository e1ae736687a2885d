export { memoryPool as createPool } from "./pool-memory.js";
