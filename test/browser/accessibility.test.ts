/** axe-core on the built page: nothing serious or critical on any screen. */
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serious } from '../helpers/axe.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

/** Weights that end before their header says. */
const BROKEN = ['cfg.json', 'sae_weights.safetensors'].map((name) =>
  resolve(import.meta.dirname, '../fixtures/dictionaries/evil/st-truncated-data', name),
);

let site: Site;
beforeAll(async () => {
  site = await serveSite({ isolation: true });
});
afterAll(async () => {
  await site.close();
  await closeBrowser();
});

describe.each([
  { name: '1440 pixels, light', viewport: { width: 1440, height: 900 }, scheme: 'light' },
  { name: '390 pixels, dark', viewport: { width: 390, height: 844 }, scheme: 'dark' },
] as const)('at $name', ({ viewport, scheme }) => {
  let open: OpenPage;
  let page: Page;
  const button = (name: string) => page.getByRole('button', { name, exact: true }).first().click();
  const shut = () => page.locator('dialog[open]').getByRole('button', { name: 'Close', exact: true }).click();
  beforeAll(async () => {
    open = await openPage(site, '', viewport);
    ({ page } = open);
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.locator('.feature-rows .feature-row').nth(3).waitFor();
  });
  afterAll(() => open.close());

  it('the start', async () => expect(await serious(page)).toEqual([]));

  it('every step of the tour, by the keyboard alone', async () => {
    await button('Show me around');
    for (const title of [
      'Type any text',
      'What the model sees: tokens',
      'A map of the model',
      'Features that fire on your text',
      'Train your own',
    ]) {
      const note = page.getByRole('dialog', { name: title });
      await note.waitFor();
      // Each step has something to show.
      await page.locator('.tour-light').waitFor();
      await expect.poll(() => note.evaluate((element) => element.contains(document.activeElement))).toBe(true);
      expect(await serious(page)).toEqual([]);
      if (title !== 'Train your own') await page.keyboard.press('Enter');
    }
    await page.keyboard.press('Escape');
    await page.locator('.tour-note').waitFor({ state: 'detached' });
    expect(await page.locator('.welcome').count()).toBe(0);
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('BUTTON');
  });

  it('a formula behind its (i)', async () => {
    await page.locator('.info').first().click();
    await page.locator('.info-words:popover-open').waitFor();
    expect(await serious(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('.info-words:popover-open').waitFor({ state: 'detached' });
  });

  it('a feature pinned and a label being written', async () => {
    await page.locator('.feature-rows .feature-number').first().click();
    await page.keyboard.press('l');
    await page.locator('.feature-rows .label-box').waitFor();
    expect(await serious(page)).toEqual([]);
    await page.keyboard.press('Escape');
  });

  it('an edit of a feature, what it changes, and a sweep of its strengths', async () => {
    // The feature above is pinned still.
    await page.getByRole('button', { name: /^Steer with feature/ }).click();
    const study = page.locator('.panel-study');
    await study.locator('.mover-table tbody tr').nth(3).waitFor();
    await study.getByLabel('Strengths, × its maximum').fill('0, 1');
    await study.getByRole('button', { name: 'Sweep strengths' }).click();
    await study.getByRole('status').filter({ hasText: 'Watched' }).waitFor();
    await page.getByLabel('And with two controls').check();
    expect(await serious(page)).toEqual([]);
    await page.getByLabel('And with two controls').uncheck();
    await page.getByRole('button', { name: 'Remove: Add to feature' }).click();
    await study.waitFor({ state: 'detached' });
  });

  it('two texts compared', async () => {
    await button('Compare with another text');
    await page.getByLabel('Second text, to compare with the first').fill('The grey heron waits by the old mill.');
    await page.locator('.panel-differences .feature-row').nth(3).waitFor();
    expect(await serious(page)).toEqual([]);
  });

  it('an empty text', async () => {
    await page.locator('.panel-compare').getByRole('button', { name: 'Close', exact: true }).click();
    const text = await page.locator('#text-box').inputValue();
    await page.locator('#text-box').fill('');
    await page.locator('.panel-predictions .empty').waitFor();
    expect(await serious(page)).toEqual([]);
    await page.locator('#text-box').fill(text);
    await page.locator('.feature-rows .feature-row').nth(3).waitFor();
    expect(open.errors).toEqual([]);
  });

  it('a dictionary that cannot be read', async () => {
    await button('Dictionaries and labels');
    await page.locator('dialog[open] .sheet-section input[type=file]:not([webkitdirectory])').first().setInputFiles(BROKEN);
    await page.locator('dialog[open] [role=alert]').waitFor();
    expect(await serious(page)).toEqual([]);
    await shut();
  });

  it('the training screen with a setting that is wrong', async () => {
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Train' }).click();
    await page.locator('.setup .advanced summary').click();
    await page.getByRole('textbox', { name: 'Tokens', exact: true }).fill('many');
    await page.locator('.setup .field-problem').first().waitFor();
    expect(await serious(page)).toEqual([]);
    await page.getByRole('textbox', { name: 'Tokens', exact: true }).fill('');
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Explore' }).click();
  });

  it('the training screen with the curves of a finished run', async () => {
    await page.evaluate(async () => {
      const settings = { dictionaries: { hook: 'blocks.0.hook_resid_post', ratio: 0.5 }, tokens: 2048, batch: 256, evaluate_tokens: 256 };
      await (
        await window.featurescope.train(settings)
      ).done;
    });
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Train' }).click();
    // A line may be flat, which is not visible to the driver.
    await page.locator('.panel-watch .chart-plot .chart-line').first().waitFor({ state: 'attached' });
    await page.locator('.panel-pareto .chart-point').first().waitFor({ state: 'attached' });
    expect(await serious(page)).toEqual([]);
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Explore' }).click();
  });

  it.each(['About this dictionary', 'Dictionaries and labels', 'Storage', 'Keys'])('the dialog "%s"', async (name) => {
    await button(name);
    await page.locator('dialog[open]').waitFor();
    await page.locator('dialog[open] .skeleton').waitFor({ state: 'detached' });
    const found = await serious(page);
    await shut();
    expect(found).toEqual([]);
  });
});
