// What an app writes that brings its own document.

import genesys from '../dialects/genesys.js';
import { patch } from '../src/install/patch.js';
import { createKeeper } from '../src/keeper.js';

export { createKeeper, genesys, patch };
