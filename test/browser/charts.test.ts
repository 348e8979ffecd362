/** Charts under a hand and under keys: reading, a stretch seen closer, the table beside. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainConfig } from '../../src/api/training.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

const CONFIG: TrainConfig = {
  name: 'tiny',
  dictionaries: { hook: 'blocks.0.hook_resid_post', d_sae: 64, alpha: [0.002, 0.008] },
  tokens: 8192,
  batch: 128,
  buffer_mib: 1,
  evaluate_tokens: 256,
  // Few measurements: their lines go on far beyond a stretch.
  evaluate_every: 16,
};

let site: Site;
let open: OpenPage;
let page: Page;
beforeAll(async () => {
  site = await serveSite({ isolation: true });
  open = await openPage(site, '?device=wasm');
  ({ page } = open);
  await page.evaluate(async (config) => (await window.featurescope.train(config)).done, CONFIG);
  await page
    .getByRole('button', { name: 'Train', exact: true })
    .or(page.getByRole('link', { name: 'Train', exact: true }))
    .first()
    .click();
  await page.locator('.charts .chart-line').first().waitFor();
}, 120_000);
afterAll(async () => {
  expect(open.errors).toEqual([]);
  await open.close();
  await site.close();
  await closeBrowser();
});

const chart = (title: string) => page.locator('.chart', { has: page.getByRole('slider', { name: title, exact: true }) });
const plot = (title: string) => page.getByRole('slider', { name: title, exact: true });
const zoom = () => page.locator('.chart-zoom').innerText();

/** Drags over a stretch of a chart, as shares of its width. */
async function drag(over: Locator, from: number, to: number): Promise<void> {
  await over.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await over.boundingBox())!;
  await page.mouse.move(x + from * width, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + to * width, y + height / 2, { steps: 4 });
  await page.mouse.up();
}

/** Whether a curve of a chart can be hit left of its axis. */
const spills = async (title: string) => {
  await plot(title).scrollIntoViewIfNeeded();
  return plot(title).evaluate((area) => {
    const lines = [...area.querySelectorAll('.chart-line')];
    const { left, top, bottom } = area.getBoundingClientRect();
    for (let y = top; y < bottom; y += 0.5)
      if (document.elementsFromPoint(left + 30, y).some((element) => lines.includes(element))) return true;
    return false;
  });
};

describe('curves of a run', () => {
  it('are seen closer where they are dragged over, inside their axes, all at once; Escape shows the whole run', async () => {
    expect(await zoom()).toMatch(/^Drag over a chart/);
    await drag(plot('Loss'), 0.4, 0.6);
    await expect.poll(zoom).toMatch(/^\d.* to .* tokens\./);
    expect(await spills('CE recovered')).toBe(false);
    const marks = await chart('L0').locator('.chart-frame > text').allTextContents();
    expect(marks.length).toBeGreaterThanOrEqual(2);
    expect(marks).not.toContain('0');
    await plot('FVU').press('Escape');
    await expect.poll(zoom).toMatch(/^Drag over a chart/);
  });

  it('are seen closer by key, about the cursor', async () => {
    await plot('Loss').press('Home');
    await plot('Loss').press('+');
    await expect.poll(zoom).toMatch(/^0 to 4\D?096 tokens\./);
    await plot('Loss').press('-');
    await expect.poll(zoom).toMatch(/^Drag over a chart/);
  });

  it('are shown whole again by a double click and by the button', async () => {
    await drag(plot('L0'), 0.3, 0.7);
    await expect.poll(zoom).toMatch(/^\d/);
    await plot('L0').dblclick();
    await expect.poll(zoom).toMatch(/^Drag/);
    await drag(plot('L0'), 0.3, 0.7);
    await page.getByRole('button', { name: 'Show the whole run' }).click();
    await expect.poll(zoom).toMatch(/^Drag/);
  });

  it('are not moved by a click', async () => {
    await plot('Loss').click();
    expect(await zoom()).toMatch(/^Drag/);
  });
});

describe('a histogram', () => {
  it('is read bin by bin, and stands beside as a table', async () => {
    const title = 'How often features fire';
    await plot(title).press('Home');
    expect(await plot(title).getAttribute('aria-valuetext')).toMatch(/^never: α 0.002 \d+; α 0.008 \d+ features$/);
    await plot(title).press('End');
    expect(await plot(title).getAttribute('aria-valuetext')).toMatch(/^on at most 100 % of tokens: /);
    await chart(title).getByText('As a table').click();
    // The table is made when its fold has opened.
    await expect.poll(() => chart(title).locator('tbody tr').count()).toBe(12);
  });

  it('of a dictionary’s card is the same chart', async () => {
    await page
      .getByRole('button', { name: 'Explore', exact: true })
      .or(page.getByRole('link', { name: 'Explore', exact: true }))
      .first()
      .click();
    await page.getByRole('button', { name: 'About this dictionary' }).first().click();
    const card = page.locator('dialog[open]');
    const read = card.getByRole('slider', { name: 'How often features fire' });
    await read.press('End');
    expect(await read.getAttribute('aria-valuetext')).toMatch(/^on at most 100 % of tokens: \d+ features$/);
    expect(await card.locator('.chart-area').count()).toBe(1);
  });
});
