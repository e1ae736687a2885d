// The playground's bank, as its customers and its books see it.

import assert from 'node:assert/strict';

const PASSWORDS = { alice: 'wonderland', bob: 'builder', mallory: 'moneybags' };

/**
 * A customer with a program of their own, at the bank itself: whatever stands in front of it for others, here
 * is what it has in its books.
 */
export async function openBooks(bank, name) {
    const entered = await fetch(`${bank}/login`, {
        method: 'POST',
        body: new URLSearchParams({ username: name, password: PASSWORDS[name] }),
        redirect: 'manual',
    });
    assert.equal(entered.status, 303, `${name} logs in`);
    const cookie = entered.headers.getSetCookie().map(cookie => cookie.split(';')[0]).join('; ');
    const ask = async (path, options) => {
        const reply = await fetch(bank + path, { ...options, headers: { cookie } });
        assert.ok(reply.ok, `${reply.status} for ${path}`);
        return reply;
    };
    return {
        async cents() {
            const [{ cents }] = await (await ask('/api/accounts')).json();
            return cents;
        },
        /** The newest first. */
        transfers: async () => (await ask('/api/transfers')).json(),
        /** How many were filed. */
        async statements() {
            const page = await (await ask('/account')).text();
            return page.match(/ bytes<\/small>/g)?.length ?? 0;
        },
        send: (to, cents, note = '') =>
            ask('/api/transfers', { method: 'POST', body: JSON.stringify({ to, cents, note }) }),
    };
}

/** Logs in by the form at `base`, and waits for the account. */
export async function logIn(page, base, name = 'alice') {
    await page.goto(`${base}/login`);
    await sendLogin(page, name);
    await page.waitForURL(`${base}/account`);
}

/** Fills in the login form that `page` shows, and sends it. */
export async function sendLogin(page, name, password = PASSWORDS[name]) {
    await page.fill('[name="username"]', name);
    await page.fill('[name="password"]', password);
    await page.click('form[action="/login"] button');
}

/**
 * Opens a page and keeps what a browser complains of: on its console, of a policy that was violated, or of
 * an answer that is an error.
 *
 * @returns the page, and the list, which grows
 */
export async function openWatched(profile) {
    const complaints = [];
    await profile.exposeFunction('complainOfPolicy', text => complaints.push(text));
    await profile.addInitScript(() => addEventListener('securitypolicyviolation', violation => {
        window.complainOfPolicy(`${violation.violatedDirective} blocked ${violation.blockedURI}`);
    }));
    const page = await profile.newPage();
    page.on('console', message => {
        if (['error', 'warning'].includes(message.type())) {
            complaints.push(`console: ${message.text()}`);
        }
    });
    page.on('pageerror', error => complaints.push(`script: ${error}`));
    page.on('response', response => {
        if (response.status() >= 400) {
            complaints.push(`${response.status()} for ${response.request().method()} ${response.url()}`);
        }
    });
    return { page, complaints };
}
