// Makes what is generated: `dialects/NAME.js` from `../dialects.json`, `dist/csrf.js`, the script that gateway and layer
// serve, and `types/`. All of it is committed. `node build.mjs --check` only says what is not current.

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import { minify } from 'terser';

const here = path => new URL(path, import.meta.url);

/** Every generated file, by its path in this folder. */
export async function generate() {
    const dialects = JSON.parse(await readFile(here('../dialects.json'), 'utf8'));
    const modules = Object.entries(dialects).map(([name, document]) => [
        `dialects/${name}.js`,
        `// Generated from clients/dialects.json by build.mjs.\nexport default ${JSON.stringify(document, null, 4)};\n`,
    ]);
    return Object.fromEntries([...modules, ...await types(), ['dist/csrf.js', await bundle('src/page.js', IN_PAGE)]]);
}

const DIALECT = `/** A client document that comes with this package. */
declare const document: import('./document.js').ClientDocument;
export default document;
`;

/** What the compiler reads from the comments; it fails where they are wrong. */
async function types() {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-'));
    try {
        const tsc = here('node_modules/typescript/bin/tsc').pathname;
        execFileSync(process.execPath, [tsc, '--project', here('.').pathname, '--outDir', folder], { stdio: 'inherit' });
        await writeFile(join(folder, 'dialects.d.ts'), DIALECT);
        const files = await readdir(folder, { recursive: true });
        return await Promise.all(files.filter(name => name.endsWith('.d.ts')).map(async name => [
            `types/${name}`, await readFile(join(folder, name), 'utf8'),
        ]));
    } finally {
        await rm(folder, { recursive: true });
    }
}

/** A page has a parser of its own; and nobody reaches into a script, nor hands it a store. */
const IN_PAGE = {
    format: 'iife',
    define: { globalThis: 'self' },
    mangleProps: new RegExp(`^(${[
        'takeNow', 'atHand', 'giveBack', 'refuse', 'isOwn', 'isRefusal', 'learn', 'waits', 'keeper', 'answered', 'begun',
        'kept', 'doubt', 'hush', 'refused', 'since', 'sync', 'again', 'ticket', 'said', 'need', 'take', 'own', 'age', 'put',
        'drop', 'refresh', 'onEmpty', 'concerns', 'contested', 'takeFor',
    ].join('|')})$`),
    plugins: [{
        name: 'in-page',
        setup: build => build.onResolve({ filter: /^\.\/(html|pool)\.js$/ }, ({ path }) => ({
            path: here(`src/${path.replace('.js', '-in-page.js')}`).pathname,
        })),
    }],
};

/** What an entry becomes in one file. */
export async function bundle(entry, more = { format: 'esm' }) {
    const { outputFiles: [{ text }] } = await build({
        entryPoints: [here(entry).pathname],
        bundle: true,
        minifySyntax: true,
        target: 'es2022',
        legalComments: 'none',
        write: false,
        ...more,
    });
    const { code } = await minify(text, { ecma: 2022, module: !more.plugins, compress: { passes: 5, arguments: true, unsafe: true, unsafe_comps: true, pure_getters: true, keep_fargs: false }, format: { wrap_func_args: false } });
    return `${code}\n`;
}

/** Bytes on the wire. */
export const gzipped = text => gzipSync(text, { level: 9 }).length;

/** The generated files that are not as they should be. */
export async function outdated() {
    const wanted = await generate();
    const there = await Promise.all(['dialects', 'types'].map(async folder =>
        (await readdir(here(folder), { recursive: true }).catch(() => [])).map(name => `${folder}/${name}`)));
    const stale = there.flat().filter(path => /\.js$|\.d\.ts$/.test(path) && !(path in wanted));
    for (const [path, text] of Object.entries(wanted)) {
        if (await readFile(here(path), 'utf8').catch(() => undefined) !== text) {
            stale.push(path);
        }
    }
    return { wanted, stale };
}

if (process.argv[1] === here('build.mjs').pathname) {
    const { wanted, stale } = await outdated();
    if (process.argv.includes('--check')) {
        stale.forEach(path => console.error(`\`${path}\` is not current: run \`npm run build\``));
        process.exitCode = stale.length ? 1 : 0;
    } else {
        for (const path of stale) {
            await mkdir(here(dirname(path)), { recursive: true });
            await (path in wanted ? writeFile(here(path), wanted[path]) : rm(here(path)));
        }
        console.log(`dist/csrf.js: ${gzipped(wanted['dist/csrf.js'])} bytes gzipped`);
    }
}
