// WebKit sends no token of `install()`'s elsewhere.

import { defineLeaks } from './client-leaks.mjs';
import { inWebKit } from './in-webkit.mjs';

inWebKit(defineLeaks);
