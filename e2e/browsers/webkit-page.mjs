// Profiles and pages of WebKit: as much of Playwright's interface as the tests use, by WebDriver.

import { By } from 'selenium-webdriver';

const LIMIT_MS = 15_000;
/** What a page itself has a limit for has longer. */
const ANSWER_LIMIT_MS = LIMIT_MS + 5_000;
const LOOK_EVERY_MS = 20;

/**
 * A page that replaces `startsWith` of strings has replaced it for the driver's own scripts as well. Their answer is
 * lost then; what the page does is not.
 */
const LOST = /evaluating 'lines\[0\]\.startsWith'/;

/** Where a page has what it has begun: what takes its time must not keep other pages from theirs. */
const BEGUN = 'Symbol.for("begun by a test")';

/** Where it has which of a test's steps it was left by: a page may be come back to. */
const LEFT = 'Symbol.for("left by a test")';

/** Runs in the page: `made` is the value of an expression, or a function. */
const begin = (made, id) => `
    const made = (${made});
    const value = typeof made === 'function' ? made(arguments[0]) : made;
    if (typeof value?.then !== 'function') {
        return { value };
    }
    (window[${BEGUN}] ??= new Map()).set(${id}, value);
    return { begun: true };
`;
/** Runs in the page: what has become of it. */
const finish = id => `
    const done = arguments[arguments.length - 1];
    window[${BEGUN}].get(${id}).then(value => done({ value }), error => done({ error: String(error) }));
`;

/** Cookies and storage of its own. */
export class WebKitProfile {
    #session;
    #driver;
    #turn = Promise.resolve();
    /** The window that a session begins with, once it is somebody's. */
    #first;
    /** Whether it is free for the next page. */
    #spare = true;

    /**
     * @param {object} session - of selenium-webdriver
     * @param {object} driver - the program, by `startDaemon`
     */
    constructor(session, driver) {
        this.#session = session;
        this.#driver = driver;
    }

    async newPage() {
        const handle = await this.command('opening a page', async session => {
            await session.manage().setTimeouts({ script: LIMIT_MS, pageLoad: LIMIT_MS });
            if (this.#spare) {
                this.#spare = false;
                return this.#first ??= await session.getWindowHandle();
            }
            await session.switchTo().newWindow('window');
            return session.getWindowHandle();
        });
        return new WebKitPage(this, handle);
    }

    /** Closes all windows but the first, those too that pages have opened. The next page has the first. */
    async closePages() {
        await this.command('closing windows', async session => {
            for (const handle of await session.getAllWindowHandles()) {
                if (handle !== this.#first) {
                    await session.switchTo().window(handle);
                    await session.close();
                }
            }
            await session.switchTo().window(this.#first);
        });
        this.#spare = true;
    }

    /** Of the site that the page shows which was used last. */
    async clearCookies() {
        await this.command('clearing cookies', session => session.manage().deleteAllCookies());
    }

    /** Ends the browser. */
    async close() {
        await this.command('closing the browser', session => session.quit());
    }

    /**
     * A session has one window at a time: `orders` have theirs without any others between.
     *
     * @param {string} what - for the error
     * @param {(session: object) => Promise} orders
     * @param {string} [handle] - the window
     */
    command(what, orders, handle) {
        const ours = this.#turn.then(() => this.#driver.within(ANSWER_LIMIT_MS, what, (async () => {
            if (handle) {
                await this.#session.switchTo().window(handle);
            }
            return orders(this.#session);
        })()));
        this.#turn = ours.catch(() => {});
        return ours;
    }
}

class WebKitPage {
    #profile;
    #count = 0;

    constructor(profile, handle) {
        this.#profile = profile;
        this.handle = handle;
    }

    #command(what, orders) {
        return this.#profile.command(what, orders, this.handle);
    }

    goto(url) {
        return this.#leave(`loading ${url}`, session => session.get(url));
    }

    reload() {
        return this.#leave('loading the page again', session => session.navigate().refresh());
    }

    goBack() {
        return this.#leave('going back', session => session.navigate().back());
    }

    /** The driver comes back early now and then, while the page is still the one before: that is marked. */
    async #leave(what, orders) {
        const mark = ++this.#count;
        await this.evaluate(`void (window[${LEFT}] = ${mark})`).catch(error => {
            if (!LOST.test(error.message)) {
                throw error;
            }
        });
        await this.#command(what, orders);
        await this.waitForFunction(`window[${LEFT}] !== ${mark} && document.readyState === 'complete'`);
    }

    close() {
        return this.#command('closing a page', session => session.close());
    }

    /** The value, or the promised one, of an expression or of a function with its argument. */
    async evaluate(what, argument) {
        const id = ++this.#count;
        const { begun, value } = await this.#command('running a script',
            session => session.executeScript(begin(what, id), argument));
        if (!begun) {
            return value;
        }
        const end = await this.#command('waiting for a script', session =>
            session.executeAsyncScript(finish(id)).catch(error => {
                if (!LOST.test(error.message)) {
                    throw error;
                }
                return {};
            }));
        if (end.error) {
            throw new Error(end.error);
        }
        return end.value;
    }

    /** Also while the page is another. */
    async waitForFunction(what, argument) {
        const late = Date.now() + LIMIT_MS;
        for (;;) {
            const value = await this.evaluate(what, argument).catch(error => {
                if (Date.now() > late) {
                    throw error;
                }
            });
            if (value) {
                return value;
            }
            if (Date.now() > late) {
                const [url, text] = await this.evaluate('[location.href, document.body?.innerText]');
                throw new Error(`\`${url}\` is not so: ${what}\n${text}`);
            }
            await new Promise(again => setTimeout(again, LOOK_EVERY_MS));
        }
    }

    waitForURL(url) {
        return this.waitForFunction(url => location.href === url && document.readyState === 'complete', url);
    }

    click(selector) {
        return this.#command(`clicking \`${selector}\``, session => session.findElement(By.css(selector)).click());
    }

    fill(selector, text) {
        return this.#command(`filling in \`${selector}\``, async session => {
            const input = await session.findElement(By.css(selector));
            await input.clear();
            await input.sendKeys(text);
        });
    }

    /** @param {string} path - of a file on this machine */
    setInputFiles(selector, path) {
        return this.#command(`choosing a file in \`${selector}\``, session =>
            session.findElement(By.css(selector)).sendKeys(path));
    }
}
