// What a call costs through `request()`: `node bench/run.mjs [CALLS]`. Needs Chromium, and `npm ci` here and in
// e2e/.

import { startChromium } from '../../../e2e/browsers/chromium.mjs';
import { startServer } from './server.mjs';

const ROUNDS = Number(process.argv[2] ?? 1000);
const BARE = 'fetch, bare';

const quantile = (values, part) => values.toSorted((a, b) => a - b)[Math.floor(part * (values.length - 1))];

/** The tenth part that is quickest shows what a call takes when the machine has nothing else to do. */
function table(title, times) {
    console.log(`\n${title}`);
    console.log(`| ${'call'.padEnd(36)} | median, ms | over bare fetch | ratio | quickest tenth, ms | over bare | ratio |`);
    console.log(`| ${'-'.repeat(36)} | ---------: | --------------: | ----: | -----------------: | --------: | ----: |`);
    const bare = [0.5, 0.1].map(part => quantile(times[BARE], part));
    for (const [name, values] of Object.entries(times)) {
        const [[half, more, ratio], [tenth, least, best]] = [0.5, 0.1].map((part, i) => {
            const value = quantile(values, part);
            return [value.toFixed(3), (value - bare[i]).toFixed(3), (value / bare[i]).toFixed(2)];
        });
        console.log(`| ${name.padEnd(36)} | ${half.padStart(10)} | ${more.padStart(15)} | ${ratio.padStart(5)} `
            + `| ${tenth.padStart(18)} | ${least.padStart(9)} | ${best.padStart(5)} |`);
    }
}

const server = await startServer();
const browser = await startChromium();
try {
    const profile = await browser.profile();
    const page = await profile.newPage();
    page.on('pageerror', error => console.error(error.message));
    await page.goto(`${server.origin}/bench/page.html`);
    await page.waitForFunction(() => window.ready);
    const measure = options => page.evaluate(options => window.measure(options), options);
    const crowds = Math.ceil(ROUNDS / 25);
    table(`In the page alone, nothing is sent: ${ROUNDS} calls each, in turn`,
        await measure({ rounds: ROUNDS, calls: 1, alone: true }));
    table(`POST of JSON, JSON back, loopback: ${ROUNDS} calls each, in turn`,
        await measure({ rounds: ROUNDS, calls: 1 }));
    table(`100 calls at once, a pool of 10 tickets, per call: ${crowds} times each, in turn`,
        await measure({ rounds: crowds, calls: 100, together: true }));
} finally {
    await browser.close();
    await server.close();
}
