/** A published dictionary in the built page: found in the catalogue or by address, cut, resumed, opened, kept. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { serious } from '../helpers/axe.ts';
import { dictionaryRepo, onnxRepo, type RepoFiles } from '../helpers/hub.ts';
import { button, visitHub, type HubVisit } from '../helpers/hubVisit.ts';
import { closeBrowser } from '../helpers/page.ts';
import { zeroSae } from '../helpers/zeroSae.ts';

const REPOSITORY = 'ctigges/pythia-70m-deduped__res-sm_processed';
const SWEEP = 'Elriggs/pythia-70m-deduped';
const MODEL = 'Xenova/pythia-70m-deduped';
const DESKTOP = { width: 1280, height: 900 };
/** Of the widths of a model that is far smaller than the real one. */
const TINY = { d_in: 32, d_sae: 512, noise: 1, hook: 'blocks.2.hook_resid_post' };

let visit: HubVisit;

const within = (folder: string, files: RepoFiles): RepoFiles =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));

beforeEach(async () => {
  visit = await visitHub({
    // One of bookworm-9m's width, so that it can be used at once.
    [REPOSITORY]: { main: { ...within('3-res-sm', zeroSae({ d_in: 256, d_sae: 1024 })), ...within('2-res-sm', zeroSae(TINY)) } },
    [SWEEP]: { main: dictionaryRepo({ 'tied_residual_l3_r6/_31': 'sparse_coding/tied' }) },
    [MODEL]: { main: onnxRepo() },
  });
});
afterEach(() => visit.end());
afterAll(closeBrowser);

it('is looked up by keys at the width of a phone, cut, resumed, opened, and here again after a reload', async () => {
  const { hub, errors, strangers } = visit;
  const page = await visit.open({ width: 390, height: 844 });
  await page.evaluate((url) => window.featurescope.settings.set('hub', url), hub.url);
  await button(page, 'Dictionaries and labels').click();
  const dialog = page.getByRole('dialog', { name: 'Dictionaries' });
  await button(page, 'Show the catalogue').focus();
  await page.keyboard.press('Enter');
  await dialog.getByText('None of them was made for bookworm-9m').waitFor();
  expect(strangers).toEqual([]);
  await dialog.getByText(/^For other models/).click();
  await dialog.getByText('Pythia-70M deduped, residual stream').click();
  await dialog.getByText('They need EleutherAI/pythia-70m-deduped.').first().waitFor();
  await dialog
    .getByText(/96\s%\sof the variance explained by 68 active features/)
    .first()
    .waitFor();
  expect(await serious(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);

  await button(page, 'Look up 3-res-sm').focus();
  await page.keyboard.press('Enter');
  await dialog
    .getByRole('region', { name: 'Files of 3-res-sm' })
    .getByText(/standard, 1\s024 features of 256 numbers/)
    .waitFor();
  const weights = '3-res-sm/sae_weights.safetensors';
  // Headers are had, then half of the rest, then nothing.
  let asks = 0;
  hub.fault = ({ path }) => {
    if (path !== weights || ++asks === 1) return undefined;
    return asks === 2 ? { kind: 'cut', after: 500_000 } : { kind: 'status', status: 500 };
  };
  await button(page, /^Fetch .* and open$/).focus();
  await page.keyboard.press('Enter');
  await dialog.getByRole('alert').getByText('answered 500').waitFor();
  hub.fault = () => undefined;
  hub.asked.length = 0;
  await button(page, 'Resume').click();
  await dialog.getByText('3-res-sm is open.').waitFor();
  expect(hub.asked.filter(({ path, from }) => path.endsWith(weights) && from > 0).map(({ from }) => from)).toEqual([500_000]);
  expect((await page.evaluate(() => window.featurescope.requests())).map(({ host }) => `${host}/`)).toContain(hub.url);

  await page.reload();
  await page.evaluate(() => window.featurescope.ready);
  const kept = await page.evaluate(() => window.featurescope.dictionaries.list());
  expect(kept.find(({ label }) => label === '3-res-sm')).toMatchObject({ d_in: 256, d_sae: 1024, fits: true, source: 'files' });
  const card = await page.evaluate((id) => window.featurescope.dictionaries.card(id), kept.find(({ label }) => label === '3-res-sm')!.id);
  expect(card.record).toMatchObject({ 'published.l0': 68, 'published.ce_recovered': 0.95 });
  expect(card.notes.join(' ')).toContain(`Fetched from ${REPOSITORY} on localhost`);
  const usage = await page.evaluate(() => window.featurescope.storage.usage());
  expect(usage.items.filter(({ kind }) => kind === 'download')).toEqual([]);

  // The model that a release needs is one click away.
  await button(page, 'Dictionaries and labels').click();
  await button(page, 'Show the catalogue').click();
  await dialog.getByText(/^For other models/).click();
  await dialog.getByText('Pythia-70M deduped, MLP outputs').click();
  await button(page, 'Get EleutherAI/pythia-70m-deduped for Pythia-70M deduped, MLP outputs').click();
  await expect
    .poll(() => page.getByRole('dialog', { name: 'Models from the hub' }).getByRole('combobox', { name: 'Repository' }).inputValue())
    .toBe('EleutherAI/pythia-70m-deduped');
  expect(errors.filter((error) => !/ERR_|Failed to load resource|500|401|404/.test(error))).toEqual([]);
});

const useHub = (page: Page) => page.evaluate((url) => window.featurescope.settings.set('hub', url), visit.hub.url);
/** Errors that are the page's own. */
const MODEL_OF_ORIGINALS = 'EleutherAI/pythia-70m-deduped';
const faults = () => visit.errors.filter((error) => !/ERR_|Failed to load resource|500|401|404/.test(error));

it('what is published for a model is a click away, measured at once, and in a link that another person can follow', async () => {
  const { site, hub } = visit;
  const page = await visit.open(DESKTOP);
  await useHub(page);
  await page.evaluate((model) => window.featurescope.models.load({ hub: model }), MODEL);
  await page.goto(`${site.url}?model=${MODEL}`);
  await page.evaluate(() => window.featurescope.ready);
  const offered = page.getByRole('region', { name: `Published for ${MODEL}` });
  await offered.getByText(/96\s%\sof the variance explained by 108 active features/).waitFor();
  expect(await serious(page)).toEqual([]);
  await button(page, /: 2-res-sm$/).click();
  const panel = page.getByRole('region', { name: 'Features' });
  await panel.getByText(/of 512 features fire at/).waitFor();
  // Noise is far from what its publisher says, and the page says so by itself.
  await panel.getByText(/Its publisher says that 108 features are active on a token; here \d+ are\./).waitFor({ timeout: 30_000 });
  expect(await serious(page)).toEqual([]);
  await panel.getByRole('button', { name: 'Report' }).click();
  const card = page.getByRole('dialog', { name: 'About this dictionary' });
  await card.getByText(`${REPOSITORY}/2-res-sm`, { exact: true }).waitFor();
  await card.getByText(/Measured on \d+ tokens of Moby Dick/).waitFor();
  await card.getByText('Its publisher says FVU 0.04').waitFor();
  expect(await serious(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await panel.locator('.feature-number').first().click();
  await expect.poll(() => page.evaluate(() => location.hash.length)).toBeGreaterThan(100);
  await page.waitForTimeout(800);
  const link = page.url();

  const other = await visit.stranger();
  await other.goto(link);
  await other.evaluate(() => window.featurescope.ready);
  await useHub(other);
  await other.getByText(`It is published at ${REPOSITORY}/2-res-sm`).waitFor();
  hub.asked.length = 0;
  await button(other, 'Look it up there').click();
  await button(other, /^Fetch .* and open$/).click();
  await other.getByText('2-res-sm is open.').waitFor();
  await other.getByText(`Made for pythia-70m-deduped.`).first().waitFor();
  // Its model is one click away, and with it the features that the link shows.
  await other.evaluate((model) => window.featurescope.models.load({ hub: model }), MODEL);
  await other.reload();
  await other.evaluate(() => window.featurescope.ready);
  await expect.poll(() => other.locator('.feature-pins, .pins').count()).toBeGreaterThan(0);
  await expect.poll(() => other.getByText('This link shows features of the dictionary').count()).toBe(0);
  expect(faults()).toEqual([]);
});

it('of several in one file those chosen are opened', async () => {
  const page = await visit.open(DESKTOP);
  await useHub(page);
  await button(page, 'Dictionaries and labels').click();
  await button(page, 'Show the catalogue').click();
  const dialog = page.getByRole('dialog', { name: 'Dictionaries' });
  await dialog.getByText(/^For other models/).click();
  await dialog.getByText('Pythia-70M deduped, originals of Cunningham et al.', { exact: false }).first().click();
  await button(page, 'Look up tied_residual_l3_r6/_31').click();
  const found = dialog.getByRole('region', { name: 'Files of tied_residual_l3_r6/_31' });
  await found.getByRole('checkbox').nth(4).waitFor();
  expect(await found.getByRole('checkbox').count()).toBe(5);
  await found.getByRole('checkbox').nth(0).uncheck();
  await found.getByRole('checkbox').nth(1).check();
  await found.getByRole('checkbox').nth(3).check();
  await found.getByRole('button', { name: /^Fetch/ }).click();
  await dialog.getByText('2 dictionaries are open.').waitFor();
  const opened = await page.evaluate(async () => (await window.featurescope.dictionaries.list()).filter((d) => d.source === 'files'));
  expect(opened.map(({ label }) => label).sort()).toEqual([
    expect.stringMatching(/^tied_residual_l3_r6\/_31 1 /) as string,
    expect.stringMatching(/^tied_residual_l3_r6\/_31 3 /) as string,
  ]);
  // The file names no model; its release does, and the right one is a click away.
  expect(opened.map(({ model }) => model)).toEqual([MODEL_OF_ORIGINALS, MODEL_OF_ORIGINALS]);
  await dialog
    .getByRole('button', { name: new RegExp(`(Open|Get) .*pythia-70m-deduped`) })
    .first()
    .waitFor();
  expect(opened.every(({ hook, from }) => hook === 'blocks.3.hook_resid_post' && from !== undefined && 'hub' in from)).toBe(true);
  expect(faults()).toEqual([]);
});

it('a store that shows no ranges serves all the same; one tab fetches at a time; a beginning is listed, and deleted', async () => {
  const { hub } = visit;
  hub.shows = false;
  const page = await visit.open(DESKTOP);
  const second = await visit.open(DESKTOP);
  await useHub(page);
  const wanted = { hub: REPOSITORY, folder: '3-res-sm' };
  const { found } = await page.evaluate((source) => window.featurescope.dictionaries.plan(source), wanted);
  expect(found).toMatchObject([{ d_in: 256, d_sae: 1024 }]);
  // Its header again, then cut after half, and slow from then on.
  let asks = 0;
  hub.fault = ({ path }) => {
    if (!path.endsWith('3-res-sm/sae_weights.safetensors') || ++asks === 1) return undefined;
    return asks === 2 ? { kind: 'cut', after: 1_000_000, ms: 1500 } : { kind: 'slow', ms: 100, bytes: 20_000 };
  };
  const cancelled = page.evaluate(async (source) => {
    const stop = new AbortController();
    (window as unknown as { stop: AbortController }).stop = stop;
    return window.featurescope.dictionaries.fetch(source, { signal: stop.signal }).then(
      () => 'fetched',
      (error: Error) => error.name,
    );
  }, wanted);
  await expect
    .poll(
      () => page.evaluate(async () => (await window.featurescope.storage.usage()).items.find((i) => i.kind === 'download')?.bytes ?? 0),
      { timeout: 20_000 },
    )
    .toBeGreaterThanOrEqual(1_000_000);
  const refused = await second.evaluate(
    (source) =>
      window.featurescope.dictionaries.fetch(source).then(
        () => 'fetched',
        (error: Error) => error.message,
      ),
    wanted,
  );
  expect(refused).toMatch(/is being fetched in another tab of this page/);
  await page.evaluate(() => (window as unknown as { stop: AbortController }).stop.abort());
  expect(await cancelled).toBe('AbortError');
  hub.fault = () => undefined;

  await button(second, 'Storage').click();
  const dialog = second.getByRole('dialog', { name: 'Storage of this page' });
  await dialog.getByText(`${REPOSITORY}/3-res-sm`).first().waitFor();
  await dialog.getByRole('button', { name: new RegExp(`^Delete .*${REPOSITORY}/3-res-sm`) }).click();
  await expect.poll(() => dialog.getByRole('button', { name: /^Delete The beginning/ }).count()).toBe(0);
  const { here } = await second.evaluate((source) => window.featurescope.dictionaries.plan(source), wanted);
  expect(here).toBe(0);
  // Nothing is left of the beginning: it comes from its first byte, whole, though the store shows no ranges.
  const { dictionaries } = await second.evaluate((source) => window.featurescope.dictionaries.fetch(source), wanted);
  expect(dictionaries).toMatchObject([{ label: '3-res-sm', fits: true }]);
  expect(faults()).toEqual([]);
});
