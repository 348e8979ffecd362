/**
 * `npm run build && npm run cases:causal`: the trees and the circuit of docs/case-studies.md, saved by the page's own buttons, and
 * what the calls say of them. Targets are found by the page's own searches: the feature of block 3 whose activation lies most
 * on “)”, that of block 4 for “'s”, and that of block 4 that fires most at the second showing of a passage and least at
 * the first. Takes some minutes. Options:
 *   --out FOLDER   default docs/pictures
 *   --tokens N     of Moby Dick, on which the first two are indexed; default 100,000
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { serveFolder } from './benchTools.mjs';
import { launchChromium } from './chromium.mjs';
import { readOptions } from './command.mjs';

const { values } = readOptions(import.meta.filename, {
  out: { type: 'string', default: 'docs/pictures' },
  tokens: { type: 'string', default: '100000' },
});

const PASSAGE = 'The grey engine of the little mill broke down again and the miller sent for a smith from the far town.';
/** The form of the stories that bookworm-9m was trained on. */
const STORY = 'When Clara and Henry went to the market, Henry gave a book to';
const R4 = (/** @type {number} */ block) => `bookworm-9m/blocks.${block}.hook_resid_post/r4-a0.004`;

mkdirSync(values.out, { recursive: true });
const site = await serveFolder('dist');
const browser = await launchChromium();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
page.setDefaultTimeout(1_200_000);
await page.goto(`${site.url}?device=wasm`);
await page.evaluate(() => window.featurescope.ready);
await page.evaluate(
  ([dictionaries, tokens]) => window.featurescope.index.build(dictionaries, { tokens }),
  /** @type {[string[], number]} */ ([[R4(3), R4(4)], Number(values.tokens)]),
);

const onToken = (/** @type {string} */ dictionary, /** @type {string} */ token) => page.evaluate(mostOn, { dictionary, token });
await tree('closing-bracket', R4(3), await onToken(R4(3), ')'), '?contexts=top+20&controls=1');
await tree('apostrophe-s', R4(4), await onToken(R4(4), "'s"), '?contexts=top+20&controls=1');
const text = `${PASSAGE} ${PASSAGE}`;
await tree(
  'copying',
  R4(4),
  await page.evaluate(mostAtSecond, { dictionary: R4(4), text }),
  `?contexts=text&text=${encodeURIComponent(text)}&controls=1`,
);
await circuit();
await browser.close();
site.close();

/** @param {string} name @param {string} dictionary @param {number} latent @param {string} query */
async function tree(name, dictionary, latent, query) {
  await go(`#/circuits/tree/${dictionary}/${latent}${query}`);
  await page.getByRole('button', { name: 'Grow the tree' }).click();
  await page.locator('.going').waitFor();
  await page.locator('.going').waitFor({ state: 'detached' });
  console.log(`${name}: feature ${latent} of ${dictionary}`);
  console.log(
    `  ${(
      await page
        .locator('.circuits-picture .hint')
        .first()
        .innerText()
        .catch(() => '')
    ).replaceAll('\n', ' ')}`,
  );
  const edges = await edgesOf();
  for (const edge of edges.slice(0, 12)) console.log(`  ${edge}`);
  await save(`tree-${name}`);
}

/** The rows of the table of edges. */
async function edgesOf() {
  await page.locator('.graph .chart-table summary').click();
  const rows = await page.locator('.graph .chart-table tbody tr').allInnerTexts();
  await page.locator('.graph .chart-table summary').click();
  return rows.map((row) => row.replaceAll('\t', ' | '));
}

async function circuit() {
  await go(`#/circuits/prompt?text=${encodeURIComponent(STORY)}`);
  const [plus, minus] = await page.evaluate(async () =>
    Promise.all([' Clara', ' Henry'].map(async (t) => (await window.featurescope.tokenize(t)).ids[0])),
  );
  await go(`#/circuits/prompt?text=${encodeURIComponent(STORY)}&plus=${plus}&minus=${minus}`);
  await page.getByRole('button', { name: 'Measure the circuit' }).click();
  await page.locator('.going').waitFor();
  await page.locator('.going').waitFor({ state: 'detached' });
  console.log(`circuit: ${STORY}`);
  console.log(`  ${(await page.locator('.circuits-picture .hint').first().innerText()).replaceAll('\n', ' ')}`);
  console.log(`  ${(await page.locator('.circuit-shown').innerText()).replaceAll('\n', ' ')}`);
  for (const edge of (await edgesOf()).slice(0, 25)) console.log(`  ${edge}`);
  await save('circuit-indirect-object');
}

/** The address, as if it had been opened anew. @param {string} hash */
async function go(hash) {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.waitForTimeout(1500);
}

/** @param {string} name */
async function save(name) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('.picture-tools').first().getByRole('button', { name: 'SVG' }).click(),
  ]);
  await download.saveAs(join(values.out, `${name}.svg`));
}

/** The feature whose activation lies most on a token. @param {{ dictionary: string, token: string }} o */
async function mostOn({ dictionary, token }) {
  const { tokenize, index } = window.featurescope;
  const { ids } = await tokenize(token);
  const summary = await index.summary(dictionary);
  if (!summary) throw new Error('There is no index.');
  return [...summary.token.keys()].filter((j) => summary.token[j] === ids[0]).sort((a, b) => summary.share[b] - summary.share[a])[0];
}

/** The feature that fires most in the second half of a text, less what it does in the first. @param {{ dictionary: string, text: string }} o */
async function mostAtSecond({ dictionary, text: twice }) {
  const { rows, latents, values: codes, d_sae } = await window.featurescope.encode({ text: twice }, dictionary);
  const sums = new Float64Array(d_sae);
  for (let r = 0; r + 1 < rows.length; r++)
    for (let e = rows[r]; e < rows[r + 1]; e++) sums[latents[e]] += r < (rows.length - 1) / 2 ? -codes[e] : codes[e];
  return sums.indexOf(Math.max(...sums));
}
