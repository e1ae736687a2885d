// Where a program of the machine's own is.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of `program`: as it is where it is one, else where the PATH has it. */
export function onPath(program) {
    const folders = process.env.PATH.split(delimiter);
    const found = program.includes('/') ? program : folders.map(folder => join(folder, program)).find(existsSync);
    if (!found) {
        throw new Error(`no \`${program}\` on the PATH: run the tests by \`cargo xtask test\``);
    }
    return found;
}
