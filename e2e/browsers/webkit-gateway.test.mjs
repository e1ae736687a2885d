// WebKit at the playground's bank, behind a gateway that lets nothing through without a token. The fields that the
// gateway writes into the bank's forms are taken out again: what gets through has its token from the script.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { startPlayground } from '../playground.mjs';
import { logIn, openBooks, sendLogin } from './bank.mjs';
import { startStrictGateway } from './gateway.mjs';
import { inWebKit } from './in-webkit.mjs';

const LONG = 1_000_000;

let playground, gateway, bare, alice, folder;

before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-'));
    playground = await startPlayground();
    gateway = await startStrictGateway(playground.bank);
    bare = await startStrictGateway(playground.bank, '');
    alice = await openBooks(playground.bank, 'alice');
});
after(async () => {
    await bare?.stop();
    await gateway?.stop();
    await playground?.stop();
    await rm(folder, { recursive: true });
});

/** A transfer as the bank's form says it; what runs in the page has it as text. */
const FORM = `<form method="post" action="/transfer"><input name="to" value="bob"><input name="amount" value="1.25">
    <input name="note" value=""><button>Send</button></form>`;

const FORMS = {
    'the page\'s own form': async page => {
        await page.fill('form[action="/transfer"] [name="to"]', 'bob');
        await page.fill('form[action="/transfer"] [name="amount"]', '1.25');
        await page.click('form[action="/transfer"] button');
    },
    'a form that comes later': async page => {
        await page.evaluate(form => { document.body.innerHTML = form; }, FORM);
        await page.click('button');
    },
    'a form that a script makes, sends and clears away': page => page.evaluate(form => {
        document.body.insertAdjacentHTML('beforeend', form);
        const made = document.body.lastElementChild;
        made.submit();
        made.remove();
    }, FORM),
    'a form in a shadow root': page => page.evaluate(form => {
        const root = document.body.appendChild(document.createElement('div')).attachShadow({ mode: 'closed' });
        root.innerHTML = form;
        root.querySelector('button').click();
    }, FORM),
};

const says = (page, text) => page.waitForFunction(text => document.body?.innerText.includes(text), text);

/** What an act did to the money. */
async function moved(act) {
    const before = await alice.cents();
    await act();
    return await alice.cents() - before;
}

inWebKit(({ test, openPage }) => {
    /** A test by somebody who is logged in. */
    const customer = (name, run) => test(name, async () => {
        const page = await openPage();
        await logIn(page, gateway.origin);
        const written = await page.evaluate(() => {
            const fields = [...document.querySelectorAll('input[name="csrf_token"]')];
            fields.forEach(field => field.remove());
            return fields.length;
        });
        assert.ok(written > 0, 'the gateway knows the page');
        await run(page);
    });

    for (const [name, send] of Object.entries(FORMS)) {
        customer(`${name} moves money`, async page => {
            assert.equal(await moved(async () => {
                await send(page);
                await says(page, 'The money has been sent.');
            }), -125);
        });
    }

    customer('the bank\'s own fetch moves money, and its DELETE takes it back', async page => {
        assert.equal(await moved(async () => {
            await page.click('form[data-quick] [value="fetch"]');
            await says(page, 'Sent €5.00 to bob.');
        }), -500);
        const [{ id }] = await alice.transfers();
        await page.reload();
        assert.equal(await moved(async () => {
            await page.click(`[data-take-back="${id}"]`);
            await page.waitForFunction(id => !document.querySelector(`[data-take-back="${id}"]`), id);
        }), 500);
    });

    customer('a form with a long file is taken', async page => {
        const file = join(folder, 'report.txt');
        await writeFile(file, 'x'.repeat(LONG));
        const filed = await alice.statements();
        await page.setInputFiles('[name="file"]', file);
        await page.click('form[action="/statements"] button');
        await says(page, 'The statement has been filed.');
        await says(page, `${LONG} bytes`);
        assert.equal(await alice.statements(), filed + 1);
    });

    customer('back to the form, and sent once more', async page => {
        const send = FORMS['the page\'s own form'];
        await send(page);
        await says(page, 'The money has been sent.');
        await page.goBack();
        await page.waitForFunction(() => !document.body.innerText.includes('The money has been sent.'));
        assert.equal(await moved(async () => {
            await send(page);
            await says(page, 'The money has been sent.');
        }), -125);
    });

    test('without the script the same form is refused', async () => {
        const page = await openPage();
        await page.goto(`${bare.origin}/login`);
        await sendLogin(page, 'alice');
        await says(page, 'This request was refused (csrf)');
    });
});
