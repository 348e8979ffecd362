/** The start of a run, for `npm run bench:train`: from pressing Train to the first point of a curve, and its first hundred steps. */
import { line, median } from './benchTools.mjs';

/** @typedef {{ d: number, n: number, batch: number }} Shape */

/** The shape of the page's quick look, and a larger one. */
export const START_SHAPES = [
  { d: 256, n: 512, batch: 1024 },
  { d: 512, n: 2048, batch: 1024 },
];
export const START_STEPS = 100;

const seconds = (/** @type {number[]} */ times) => (times.reduce((sum, ms) => sum + ms, 0) / 1000).toFixed(2);

/**
 * Steps 1 to 100 of ours beside a peer's, whose work is the same in each.
 * @param {Shape} shape
 * @param {number[]} ours milliseconds of each step
 * @param {number[] | undefined} peer of some steps of PyTorch
 */
export function printFirstSteps(shape, ours, peer) {
  line(
    `ours, steps 1 to ${ours.length}`,
    shape,
    ours,
    `${seconds(ours)} s in all; first ten ${ours.slice(0, 10).map(Math.round).join(' ')} ms`,
  );
  if (!peer) return;
  const usual = median(peer);
  const slower = ours.filter((ms) => ms > usual).length;
  const worst = Math.max(...ours.slice(1)) / usual;
  line(`PyTorch eager, steps 1 to ${peer.length}`, shape, peer, `${seconds(peer)} s in all`);
  console.log(
    `    ${slower} of our steps are slower than its usual one, the last of them step ${ours.findLastIndex((ms) => ms > usual) + 1}; the slowest after the first takes ${worst.toFixed(2)} times as long`,
  );
}

/**
 * The quick look as a person starts it, in a page just opened and in one where the form has measured how long it takes.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url of the built page
 */
export async function benchFirstPoint(browser, url) {
  for (const isMeasured of [false, true]) {
    const page = await browser.newPage();
    await page.goto(url);
    await page.evaluate('window.featurescope.ready');
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Train' }).click();
    await page.getByRole('button', { name: /^A quick look/ }).click();
    if (isMeasured) await page.locator('.run-facts').waitFor({ timeout: 120_000 });
    // On the page's own clock: from the click to the frame in which a curve has something to show.
    const shown = page.evaluate(`new Promise((resolve) => {
      addEventListener('click', (e) => {
        const began = performance.now();
        const look = () => {
          const drawn = [...document.querySelectorAll('.charts .chart-line')].some((path) => path.getAttribute('d'));
          drawn ? resolve((performance.now() - began) / 1000) : requestAnimationFrame(look);
        };
        look();
      }, { once: true, capture: true });
    })`);
    await page.locator('.run-preview').getByRole('button', { name: 'Train', exact: true }).click();
    const took = /** @type {number} */ (await shown);
    console.log(
      `  first point of a curve ${took.toFixed(1)} s after Train is pressed${isMeasured ? ', once the form knows how long it will take' : ' at once'}`,
    );
    await page.close();
  }
}
