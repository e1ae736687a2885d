// What is generated is current, small, and arrives whole where the package is installed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { bundle, gzipped, outdated } from '../build.mjs';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const MOST = 6144;

test('every generated file is as `npm run build` makes it', async () => {
    const { wanted, stale } = await outdated();
    assert.ok(Object.keys(wanted).length > 6);
    assert.deepEqual(stale, []);
});

test('the script for pages is small', async t => {
    const { wanted } = await outdated();
    const size = gzipped(wanted['dist/csrf.js']);
    t.diagnostic(`dist/csrf.js: ${size} bytes gzipped`);
    assert.ok(size <= MOST, `${size} bytes`);
});

test('so is `install` for those who bundle it with a document', async t => {
    const size = gzipped(await bundle('test/only-install.mjs'));
    t.diagnostic(`install: ${size} bytes gzipped`);
    assert.ok(size <= MOST + 1024, `${size} bytes`);
});

test('packed and installed in a fresh project, all of it can be imported, and nothing else came along', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-'));
    const npm = (cwd, ...args) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    try {
        const [{ filename, files }] = JSON.parse(npm(HERE, 'pack', '--json', '--silent', '--pack-destination', folder));
        const top = new Set(files.map(({ path }) => path.split('/')[0]));
        assert.deepEqual([...top].sort(), [
            'LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'dialects', 'dist', 'package.json', 'src', 'types',
        ]);
        writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
        npm(folder, 'install', '--offline', '--no-audit', '--no-fund', `./${filename}`);
        assert.deepEqual(readdirSync(join(folder, 'node_modules')).filter(name => !name.startsWith('.')), ['@countersign']);
        writeFileSync(join(folder, 'use.mjs'), `
            import { createClient, install, memoryStore, request, tokenHandlerFactory } from '@countersign/browser';
            import { request as same } from '@countersign/browser/request';
            import { attach } from '@countersign/browser/axios';
            import tao from '@countersign/browser/dialects/tao.js';
            const client = await createClient({ dialect: 'genesys', base: 'https://gws.example' });
            console.log(JSON.stringify([
                [install, memoryStore, request, tokenHandlerFactory, attach].map(it => typeof it), request === same,
                tao.dialect, client.header,
            ]));
        `);
        const said = execFileSync(process.execPath, ['use.mjs'], { cwd: folder, encoding: 'utf8' });
        assert.deepEqual(JSON.parse(said), [Array(5).fill('function'), true, 'tao', 'X-CSRF-TOKEN']);

        // Types too, as a stranger's compiler reads them.
        writeFileSync(join(folder, 'use.ts'), `
            import { createClient, install, type ClientDocument } from '@countersign/browser';
            import { attach } from '@countersign/browser/axios';
            import tao from '@countersign/browser/dialects/tao.js';
            const document: ClientDocument = tao;
            const { ready, uninstall } = install({ document });
            const status: number = (await (await ready).send('/x')).status;
            // @ts-expect-error: there is no such option
            createClient({ dialekt: 'tao' });
            uninstall(); attach; status;
        `);
        writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
            compilerOptions: { noEmit: true, strict: true, target: 'ES2022', module: 'NodeNext', types: [] }, files: ['use.ts'],
        }));
        const tsc = join(HERE, 'node_modules/typescript/bin/tsc');
        execFileSync(process.execPath, [tsc], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'inherit', 'inherit'] });
    } finally {
        rmSync(folder, { recursive: true });
    }
});
