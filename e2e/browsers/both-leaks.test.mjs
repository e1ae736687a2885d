// Chromium and Firefox send no token of `install()`'s elsewhere.

import { inBothBrowsers } from './both.mjs';
import { defineLeaks } from './client-leaks.mjs';

inBothBrowsers(defineLeaks);
