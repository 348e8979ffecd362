/** The page of a feature in the built page: opened from Explore, gone through by mouse and by keyboard alone, left again. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatInteger, formatNumber } from '../../src/charts/format.ts';
import { serious } from '../helpers/axe.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

const PATIENT = { timeout: 60_000 };
const TEXT = 'The old man looked at the sea, and the wind was in the sails of the ship.';

let site: Site;
beforeAll(async () => {
  site = await serveSite({ isolation: true });
});
afterAll(async () => {
  await site.close();
  await closeBrowser();
});

async function explore(viewport: { width: number; height: number }) {
  const open = await openPage(site, '?device=wasm', viewport);
  const { page } = open;
  page.setDefaultTimeout(PATIENT.timeout);
  await page.locator('#text-box').fill(TEXT);
  await page.locator('.feature-rows .feature-row').nth(3).waitFor();
  return open;
}

const hash = (page: Page) => page.evaluate(() => decodeURIComponent(location.hash));
const latentShown = async (page: Page) => Number(/^Feature (\d+)$/.exec(await page.locator('.panel-head h2').innerText())![1]);

/** The record of the feature on screen. */
const recordOf = (page: Page) =>
  page.evaluate(() => {
    const [, dictionary, latent] = /^#\/feature\/(.*)\/(\d+)$/.exec(location.hash)!;
    return window.featurescope.index.feature(decodeURIComponent(dictionary), Number(latent));
  });
/** Values of a group of contexts, as they stand there. */
const values = (page: Page, group: string) =>
  page.getByRole('region', { name: group, exact: true }).locator('.context-value').allInnerTexts();
const shown = (value: number) => formatNumber(value);

describe('by mouse, at 1440 pixels', () => {
  let open: OpenPage;
  let page: Page;
  let latent: number;
  beforeAll(async () => {
    open = await explore({ width: 1440, height: 900 });
    ({ page } = open);
  });
  afterAll(() => open.close());

  it('a row of the list opens it, and its address says which', async () => {
    await page.evaluate(() => scrollTo(0, 240));
    const row = page.locator('.feature-rows .feature-row').nth(2);
    latent = Number(await row.getAttribute('data-latent'));
    await row.locator('.row-link').click();
    await page.locator('.panel-head').waitFor();
    expect(await latentShown(page)).toBe(latent);
    await expect.poll(() => hash(page)).toMatch(new RegExp(`^#/feature/bookworm-9m/.+/${latent}$`));
    expect(await page.evaluate(() => scrollY)).toBe(0);
    // The row was not pinned on the way.
    expect(await page.locator('.pins').count()).toBe(0);
  });

  it('goes on to the next feature, and back to Explore where that was scrolled to, in one step', async () => {
    await page.getByRole('button', { name: /^Next/ }).click();
    expect(await latentShown(page)).toBe(latent + 1);
    await expect.poll(() => hash(page)).toMatch(new RegExp(`/${latent + 1}$`));
    await page.goBack();
    await page.locator('#text-box').waitFor();
    expect(await page.locator('#text-box').inputValue()).toBe(TEXT);
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(240);
    await page.goForward();
    await page.locator('.panel-head').waitFor();
    expect(await latentShown(page)).toBe(latent + 1);
  });

  it('says what is wrong with an address', async () => {
    await page.evaluate(() => (location.hash = '#/feature/bookworm-9m/blocks.3.hook_resid_post/nothing/7'));
    await page.getByText(/No dictionary here has the id/).waitFor();
    expect(await serious(page)).toEqual([]);
    await page.goBack();
    await page.locator('.panel-head').waitFor();
  });

  it('without an index shows what needs none, and makes one', async () => {
    // Ships without one.
    const place = await page.evaluate(async (text) => {
      const known = new Set((await window.featurescope.index.list()).map(({ dictionary }) => dictionary));
      const { id } = (await window.featurescope.dictionaries.list()).find((d) => d.fits && !known.has(d.id))!;
      const { latents } = await window.featurescope.encode({ text }, id);
      const counts = new Map<number, number>();
      for (const latent of latents) counts.set(latent, (counts.get(latent) ?? 0) + 1);
      const [seldom] = [...counts].find(([, n]) => n === 1)!;
      return `#/feature/${id}/${seldom}`;
    }, TEXT);
    await page.evaluate((to) => (location.hash = to), place);
    await page.getByRole('button', { name: 'Read the text', exact: true }).waitFor();
    await page.locator('.weight-list').first().waitFor();
    expect(await serious(page)).toEqual([]);
    await page.locator('.inline-field select').selectOption('20000');
    await page.getByRole('button', { name: 'Read the text', exact: true }).click();
    await page.locator('.going').getByRole('button', { name: 'Cancel' }).waitFor();
    await page.locator('.going').waitFor({ state: 'detached' });
    await page.locator('.panel-contexts .context').first().waitFor();
    const record = await recordOf(page);
    const figures = await page.locator('.feature-figures').innerText();
    expect(figures).toContain(shown(record.maximum));
    const firings = record.histogram.counts.reduce((a, b) => a + b, 0);
    expect(await page.locator('.panel-firing figcaption').innerText()).toContain(`${formatInteger(firings)} `);
    // The bars of the stack are the record's.
    expect(await page.locator('.panel-firing .chart-stack').count()).toBe(
      record.by_bin.flatMap(({ counts }) => counts.filter((n) => n > 0)).length,
    );
    expect(await values(page, 'Highest')).toEqual(record.top.map(({ value }) => shown(value)));
    expect(await values(page, 'Drawn at random')).toEqual(record.random.map(({ value }) => shown(value)));
  });

  it('shows the contexts of the values that are brushed', async () => {
    const record = await recordOf(page);
    const plot = page.locator('.panel-firing .chart-plot');
    await plot.scrollIntoViewIfNeeded();
    const box = (await plot.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.45, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 60, { steps: 5 });
    await page.mouse.up();
    await page.locator('.chart-range').waitFor();
    const middle = record.histogram.edges[20];
    const kept = record.top.filter(({ value }) => value >= middle);
    const left = await values(page, 'Highest');
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThanOrEqual(kept.length);
    expect(await page.getByText('They have no value: shown with all values.').count()).toBe(1);
    expect(await serious(page)).toEqual([]);
    await page.locator('.panel-firing').getByRole('button', { name: 'All values' }).click();
    expect(await page.locator('.chart-range').count()).toBe(0);
  });

  it('puts the neuron beside it that reads most like it, which a person can open', async () => {
    const panel = page.locator('.panel-beside');
    for (const kind of ['PCA', 'Random directions']) await panel.getByLabel(kind).uncheck();
    await panel.getByRole('button', { name: 'Put them beside it' }).click();
    await panel.locator('.going').getByRole('button', { name: 'Cancel' }).waitFor();
    const column = panel.locator('.beside-column').nth(1);
    await column.waitFor();
    expect(await panel.locator('.beside-column').count()).toBe(2);
    expect(await serious(page)).toEqual([]);
    const link = column.locator('h3 a');
    const [, dictionary, neuron] = /^#\/feature\/(.*)\/(\d+)$/.exec((await link.getAttribute('href'))!)!;
    const { maximum, top } = await page.evaluate(
      ([id, latent]) => window.featurescope.index.feature(decodeURIComponent(id), Number(latent)),
      [dictionary, neuron],
    );
    expect(await column.locator('.beside-figures').innerText()).toContain(shown(maximum));
    expect(await column.locator('.context-value').allInnerTexts()).toEqual(top.slice(0, 5).map(({ value }) => shown(value)));
    await link.click();
    await page.getByRole('heading', { name: `Feature ${neuron}`, exact: true }).waitFor();
    await page.goBack();
    await column.waitFor();
  });

  it('measures the effect on the text at once, on a corpus when asked, and stops that', async () => {
    await page
      .locator('.panel-effects')
      .getByText(/Most changed:|It changes nothing there/)
      .waitFor();
    await page.getByRole('button', { name: /^Measure on/ }).click();
    await page.locator('.panel-effects .going').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: /^Measure on/ }).waitFor();
  });

  it('opens a context in Explore, and undo takes it back', async () => {
    const record = await recordOf(page);
    await page.locator('.panel-contexts .context').first().click();
    await page.locator('#text-box').waitFor();
    const [{ text }] = await page.evaluate((ids) => window.featurescope.detokenize([ids]), record.top[0].ids);
    expect(await page.locator('#text-box').inputValue()).toBe(text);
    await page.locator('.pins .pin-name').waitFor();
    await page.locator('.notice').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => page.locator('#text-box').inputValue()).toBe(TEXT);
  });

  it('threw nothing', () => expect(open.errors).toEqual([]));
});

describe('by keyboard alone, at 390 pixels, dark', () => {
  let open: OpenPage;
  let page: Page;
  beforeAll(async () => {
    open = await explore({ width: 390, height: 844 });
    ({ page } = open);
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  });
  afterAll(() => open.close());

  it('opens the feature in focus, goes through the numbers, and comes back', async () => {
    await page.locator('.feature-rows .feature-number').first().focus();
    await page.keyboard.press('ArrowDown');
    const latent = Number(await page.locator('.feature-row:focus-within').getAttribute('data-latent'));
    await page.keyboard.press('o');
    await page.locator('.panel-head').waitFor();
    expect(await latentShown(page)).toBe(latent);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    expect(await latentShown(page)).toBe(latent + 1);
    await page.locator('.weight-list').first().waitFor();
    expect(await serious(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });

  it('chooses values in the histogram, goes through contexts, and opens one', async () => {
    await page.evaluate(async () => {
      const [, dictionary] = /^#\/feature\/(.*)\/\d+$/.exec(location.hash)!;
      await window.featurescope.index.build(dictionary, { tokens: 8000 });
    });
    await page.locator('.panel-contexts .context').first().waitFor();
    expect(await serious(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await page.locator('.panel-firing .chart-plot').focus();
    for (const key of ['Home', ' ', 'ArrowRight', 'ArrowRight', ' ']) await page.keyboard.press(key);
    await page.locator('.chart-range').waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('.chart-range').count()).toBe(0);
    await page.locator('.contexts .context[tabindex="0"]').first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('context');
    expect(await page.evaluate(() => document.activeElement!.textContent)).toMatch(/at “.*Open in Explore$/s);
    await page.keyboard.press('Enter');
    await page.locator('#text-box').waitFor();
    expect(await page.locator('#text-box').inputValue()).not.toBe(TEXT);
    await page.waitForTimeout(700);
    await page.goBack();
    await page.locator('.panel-contexts').waitFor();
  });

  it('threw nothing', () => expect(open.errors).toEqual([]));
});
