// What an app writes that brings its own document.

import genesys from '../dialects/genesys.js';
import { patch } from '../src/install/patch.js';

export { genesys, patch };
