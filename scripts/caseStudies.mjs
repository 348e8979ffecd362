/**
 * `npm run build && npm run cases`: the pictures of docs/case-studies.md, saved by the page's own buttons: when each feature fires,
 * the same of the neuron that reads most like it, and which next tokens an apostrophe's feature helps. Takes some minutes. Options:
 *   --out FOLDER   default docs/pictures
 *   --tokens N     of Moby Dick, on which the neurons are counted; default 100,000, as in the indices that ship
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { serveFolder } from './benchTools.mjs';
import { launchChromium } from './chromium.mjs';
import { readOptions } from './command.mjs';

/** @typedef {{ name: string, dictionary: string, latent: number, tokens: string[] }} Case `tokens`: those that it fires on */

const BLOCK_2 = 'bookworm-9m/blocks.2.hook_resid_post/r4-a0.004';
const BLOCK_3 = 'bookworm-9m/blocks.3.hook_resid_post/r4-a0.004';

/** Found by test/golden/tokenFeatures.test.ts. @type {Case[]} */
const CASES = [
  { name: 'apostrophe', dictionary: BLOCK_2, latent: 260, tokens: ["'", " '"] },
  { name: 'full-stop', dictionary: BLOCK_3, latent: 757, tokens: ['.'] },
  { name: 'the', dictionary: BLOCK_3, latent: 262, tokens: [' the'] },
  { name: 'newline', dictionary: BLOCK_3, latent: 509, tokens: ['\n', '\n\n'] },
  { name: 'comma', dictionary: BLOCK_3, latent: 449, tokens: [','] },
  { name: 'contraction', dictionary: BLOCK_3, latent: 862, tokens: ["'s", "'t", "'ll", "'ve", "'re", "'d", "'m"] },
  { name: 'bracket', dictionary: BLOCK_3, latent: 864, tokens: ['(', ' ('] },
];

const { values } = readOptions(import.meta.filename, {
  out: { type: 'string', default: 'docs/pictures' },
  tokens: { type: 'string', default: '100000' },
});

mkdirSync(values.out, { recursive: true });
const site = await serveFolder('dist');
const browser = await launchChromium();
const page = await browser.newPage({ viewport: { width: 780, height: 900 }, colorScheme: 'light' });
page.setDefaultTimeout(1_200_000);
await page.goto(`${site.url}?device=wasm`);
await page.evaluate(() => window.featurescope.ready);

const dictionaries = [...new Set(CASES.map(({ dictionary }) => dictionary))];
const neurons = await page.evaluate(makeNeurons, { dictionaries, tokens: Number(values.tokens) });
await page.locator('#text-box').fill('');
for (const dictionary of dictionaries) {
  const cases = CASES.filter((one) => one.dictionary === dictionary);
  const alike = await page.evaluate(mostAlike, { dictionary, latents: cases.map(({ latent }) => latent), there: neurons[dictionary] });
  for (const [i, one] of cases.entries())
    await show(one, { ...one, dictionary: neurons[dictionary], latent: alike[i].latent }, alike[i].value);
}
await browser.close();
site.close();

/** A feature and a neuron. @param {Case} one @param {Case} neuron @param {number} correlation */
async function show(one, neuron, correlation) {
  const [own, other] = [await page.evaluate(shareAbove, one), await page.evaluate(shareAbove, neuron)];
  console.log(`${one.name}: feature ${one.latent} ${own}; neuron ${neuron.latent} ${other}, correlation ${correlation.toFixed(2)}`);
  await open(one);
  await save('.panel-firing', one.name);
  if (one.name === 'apostrophe') {
    await page.getByRole('button', { name: /^Measure on/ }).click();
    await page.locator('.panel-effects .effect-row').nth(1).waitFor();
    await save('.panel-effects', `${one.name}-effect`);
  }
  await open(neuron);
  await save('.panel-firing', `${one.name}-neuron`);
}

/** The neurons of the hooks of dictionaries as others of the library, with an index. @param {{ dictionaries: string[], tokens: number }} o */
async function makeNeurons({ dictionaries, tokens }) {
  const { baselines, index } = window.featurescope;
  /** @type {Record<string, string>} */
  const made = {};
  for (const id of dictionaries) made[id] = (await baselines.make({ kind: 'neurons', hook: id.split('/')[1] })).id;
  await index.build(Object.values(made), { tokens });
  return made;
}

/**
 * For each feature the latent of another dictionary whose values correlate most with its, over 4 × 40 contexts of 256 tokens.
 * @param {{ dictionary: string, latents: number[], there: string }} o
 */
async function mostAlike({ dictionary, latents, there }) {
  const text = (await (await fetch('corpora/moby-dick.txt')).text()).slice(0, 200_000);
  const { ids: all } = await window.featurescope.tokenize(text);
  const own = latents.map(() => ({ x: 0, xx: 0 }));
  /** @type {{ x: number, xx: number, xy: number[] }[]} */
  const sums = [];
  const n = 4 * 40 * 256;
  for (let from = 0; from < n; from += 40 * 256) {
    const batch = Array.from({ length: 40 }, (_, i) => all.slice(from + 256 * i, from + 256 * (i + 1)));
    const here = await window.featurescope.encode({ batch }, dictionary);
    const other = await window.featurescope.encode({ batch }, there);
    while (sums.length < other.d_sae) sums.push({ x: 0, xx: 0, xy: latents.map(() => 0) });
    for (let r = 0; r + 1 < here.rows.length; r++) {
      const row = [...here.latents.subarray(here.rows[r], here.rows[r + 1])];
      const ys = latents.map((latent) => (row.includes(latent) ? here.values[here.rows[r] + row.indexOf(latent)] : 0));
      ys.forEach((y, i) => Object.assign(own[i], { x: own[i].x + y, xx: own[i].xx + y * y }));
      for (let e = other.rows[r]; e < other.rows[r + 1]; e++) {
        const [sum, x] = [sums[other.latents[e]], other.values[e]];
        sum.x += x;
        sum.xx += x * x;
        ys.forEach((y, i) => (sum.xy[i] += x * y));
      }
    }
  }
  const spread = (/** @type {{ x: number, xx: number }} */ { x, xx }) => Math.sqrt(xx - (x * x) / n);
  return latents.map((_, i) => {
    const correlations = sums.map((sum) => (sum.xx > 0 ? (sum.xy[i] - (sum.x * own[i].x) / n) / (spread(sum) * spread(own[i])) : 0));
    const latent = correlations.reduce((at, value, j) => (value > correlations[at] ? j : at), 0);
    return { latent, value: correlations[latent] };
  });
}

/** Share of what lies in the upper five of ten bins that is on its tokens, of nine in the picture. @param {Case} o */
async function shareAbove({ dictionary, latent, tokens }) {
  const { by_bin } = await window.featurescope.index.feature(dictionary, latent);
  const ids = await Promise.all(tokens.map(async (token) => (await window.featurescope.tokenize(token)).ids));
  const own = new Set(ids.filter((some) => some.length === 1).map(([id]) => id));
  const upper = (/** @type {typeof by_bin} */ series) =>
    series.reduce((sum, { counts }) => sum + counts.slice(5).reduce((a, b) => a + b, 0), 0);
  return `${upper(by_bin.filter(({ id }) => id !== null && own.has(id)))} of ${upper(by_bin)}`;
}

/** @param {{ dictionary: string, latent: number }} place */
async function open({ dictionary, latent }) {
  await page.evaluate((hash) => (location.hash = hash), `#/feature/${dictionary}/${latent}`);
  await page.getByRole('heading', { name: `Feature ${latent}`, exact: true }).waitFor();
  await page.locator('.panel-firing .chart-stack').first().waitFor();
  // What lies above half of the maximum is few firings.
  await page.locator('.panel-firing').getByText('Log', { exact: true }).click();
  await page.locator('.panel-firing figcaption[title*="logarithmic"]').waitFor();
}

/** The first picture of a panel. @param {string} panel @param {string} name */
async function save(panel, name) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator(`${panel} .picture-tools`).first().getByRole('button', { name: 'SVG' }).click(),
  ]);
  await download.saveAs(join(values.out, `${name}.svg`));
}
