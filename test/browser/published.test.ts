/** A published dictionary in the built page: found in the catalogue or by address, cut, resumed, opened, kept. */
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { serious } from '../helpers/axe.ts';
import { button, visitHub, type HubVisit } from '../helpers/hubVisit.ts';
import { closeBrowser } from '../helpers/page.ts';
import { zeroSae } from '../helpers/zeroSae.ts';

const REPOSITORY = 'ctigges/pythia-70m-deduped__res-sm_processed';

let visit: HubVisit;

beforeEach(async () => {
  // Of bookworm-9m's width, so that it can be used at once.
  const files = Object.entries(zeroSae({ d_in: 256, d_sae: 1024 })).map(([name, bytes]) => [`3-res-sm/${name}`, bytes] as const);
  visit = await visitHub({ [REPOSITORY]: { main: Object.fromEntries(files) } });
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
