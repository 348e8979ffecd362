/** A feature's page as a person feels it: click to its full case, and a switched edit to new predictions, in the built page. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { median, serveFolder } from './benchTools.mjs';
import { launchChromium } from './chromium.mjs';

const FEATURES = 9;
const SWITCHES = 11;
/** 64 tokens of bookworm-9m, found by the page's own tokenizer. */
const TOKENS = 64;
const WORDS = 'Some years ago, never mind how long precisely, having little or no money in my purse, ';

/** `until(test)` in the page: settles after the first drawn frame in which it holds. */
const UNTIL = `window.until = (test) => new Promise((resolve) => {
  const look = () => {
    if (!test()) return requestAnimationFrame(look);
    requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => resolve(performance.now()); port2.postMessage(0); });
  };
  look();
});`;

export async function benchFeature() {
  if (!existsSync('dist/index.html')) execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
  const app = await serveFolder('dist');
  const browser = await launchChromium();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('pageerror', (error) => console.log('page error:', error.message));
  await page.goto(app.url);
  await page.evaluate(`(async () => { ${UNTIL} await window.featurescope.ready; })()`);
  await page.locator('.row-link').nth(FEATURES).waitFor();
  const clicks = await clicksOf(page);
  console.log('\nthe built page in Chromium, processor');
  print('click on a feature to its figures, histogram and contexts, first', clicks.slice(0, 1), 150);
  print('the same, later ones', clicks.slice(1), 150);
  print(`an edit switched on or off to new predictions, ${TOKENS} tokens`, await switchesOf(page), 150);
  await browser.close();
  app.close();
}

/** @param {string} name @param {number[]} times @param {number} aim */
function print(name, times, aim) {
  console.log(`  ${name.padEnd(66)} median ${median(times).toFixed(0)} ms, worst ${Math.max(...times).toFixed(0)} ms (aim ${aim} ms)`);
}

/** @param {import('playwright-core').Page} page */
async function clicksOf(page) {
  /** @type {number[]} */
  const times = [];
  for (let i = 0; i < FEATURES; i++) {
    const ms = await page.evaluate(`(async () => {
      const link = document.querySelectorAll('.row-link')[${i}];
      const latent = link.closest('[data-latent]').dataset.latent;
      const start = performance.now();
      link.click();
      const end = await until(() => document.querySelector('main.feature .panel-head h2')?.textContent === 'Feature ' + latent
        && document.querySelector('main.feature .picture svg') && document.querySelector('main.feature .context'));
      return end - start;
    })()`);
    times.push(Number(ms));
    await page.goBack();
    await page.locator('.row-link').nth(FEATURES).waitFor();
  }
  return times;
}

/** @param {import('playwright-core').Page} page */
async function switchesOf(page) {
  const text = await page.evaluate(`(async () => {
    const { tokens } = await window.featurescope.tokenize(${JSON.stringify(WORDS.repeat(6))});
    return tokens.slice(0, ${TOKENS}).join('');
  })()`);
  await page.locator('#text-box').fill(String(text));
  await page.locator('[data-latent] .feature-number').first().click();
  await page.getByRole('button', { name: /^Steer with feature/ }).click();
  const lead = page.locator('.panel-predictions .panel-lead');
  await lead.filter({ hasText: 'after' }).waitFor();
  /** @type {number[]} */
  const times = [];
  for (let i = 0; i < SWITCHES; i++) {
    // What the switch before set off beside the predictions is over.
    await page.waitForTimeout(600);
    const ms = await page.evaluate(`(async () => {
      const lead = () => document.querySelector('.panel-predictions .panel-lead').textContent;
      const was = lead();
      const start = performance.now();
      document.querySelector('.edit-sentence input').click();
      return (await until(() => lead() !== was)) - start;
    })()`);
    times.push(Number(ms));
  }
  return times;
}
