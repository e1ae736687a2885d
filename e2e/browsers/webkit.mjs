// The machine's own WebKit, the engine of Safari, as WebKitGTK has it: a browser of its own for tests, by WebDriver, on
// a screen that nobody sees.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Builder, Capabilities } from 'selenium-webdriver';

import { startDaemon } from './daemon.mjs';
import { onPath } from './program.mjs';
import { WebKitProfile } from './webkit-page.mjs';

const START_LIMIT_MS = 20_000;
const STATUS_EVERY_MS = 25;
/** Another program may take the free port before the driver does. */
const PORTS = 3;

const FLAGS = [
    '--automation',
    // In the other browsers a click of WebDriver's permits it.
    '--javascript-can-open-windows-automatically=true',
];

/** Starts the browser; `profile()` opens a fresh profile in it, one at a time; `close()` ends it. */
export async function startWebKit() {
    // Neither the machine's proxies nor its settings and caches, and a bus for neither.
    const home = await mkdtemp(join(tmpdir(), 'countersign-webkit-'));
    const env = {
        PATH: process.env.PATH,
        HOME: home,
        XDG_RUNTIME_DIR: home,
        LANG: 'C.UTF-8',
        GSETTINGS_BACKEND: 'memory',
        GIO_USE_VFS: 'local',
        DBUS_SESSION_BUS_ADDRESS: 'disabled:',
        NO_AT_BRIDGE: '1',
        // There is no graphics card.
        LIBGL_ALWAYS_SOFTWARE: '1',
        WEBKIT_DISABLE_COMPOSITING_MODE: '1',
        WEBKIT_DISABLE_DMABUF_RENDERER: '1',
    };
    const started = [];
    const close = async () => {
        // The driver before the screen of its browser.
        for (const program of started.reverse()) {
            await program.stop();
        }
        await rm(home, { recursive: true, force: true });
    };
    try {
        const screen = await startScreen(env, started);
        const { url, driver } = await startDriver({ ...env, DISPLAY: screen }, started);
        return { profile: () => openProfile(url, driver), close };
    } catch (error) {
        await close();
        throw error;
    }
}

/** Which says by itself on which display it is. */
async function startScreen(env, started) {
    const args = ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'];
    const screen = startDaemon(onPath('Xvfb'), args, { env, stdio: ['pipe'] });
    started.push(screen);
    const said = once(screen.child.stdio[3].setEncoding('utf8'), 'data');
    const [number] = await screen.within(START_LIMIT_MS, 'starting', said);
    return `:${number.trim()}`;
}

async function startDriver(env, started, tries = PORTS) {
    const port = await freePort();
    const program = onPath('WebKitWebDriver');
    const driver = startDaemon(program, ['--host=127.0.0.1', `--port=${port}`], { env });
    const url = `http://127.0.0.1:${port}`;
    try {
        await driver.within(START_LIMIT_MS, 'starting', answers(`${url}/status`));
    } catch (error) {
        await driver.stop();
        if (tries > 1 && driver.child.exitCode !== null) {
            return startDriver(env, started, tries - 1);
        }
        throw error;
    }
    started.push(driver);
    return { url, driver };
}

async function freePort() {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

/** The driver does not say when it listens. */
async function answers(url) {
    const late = AbortSignal.timeout(START_LIMIT_MS);
    for (;;) {
        const reply = await fetch(url, { signal: late }).catch(() => undefined);
        if (reply?.ok) {
            return;
        }
        late.throwIfAborted();
        await new Promise(again => setTimeout(again, STATUS_EVERY_MS));
    }
}

/** A browser that has just been started keeps nothing on disk, and has nothing. */
async function openProfile(url, driver) {
    const capabilities = new Capabilities({
        browserName: 'MiniBrowser',
        acceptInsecureCerts: true,
        'webkitgtk:browserOptions': { args: FLAGS },
    });
    // With the driver's address it looks for no driver and downloads none.
    const builder = new Builder().disableEnvironmentOverrides().usingServer(url);
    const building = builder.withCapabilities(capabilities).build();
    const session = await driver.within(START_LIMIT_MS, 'opening a session', building.then(() => building));
    return new WebKitProfile(session, driver);
}
