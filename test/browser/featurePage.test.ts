/** The page of a feature in the built page: opened from Explore, gone through by mouse and by keyboard alone, left again. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serious } from '../helpers/axe.ts';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

const PATIENT = { timeout: 90_000 };
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
    expect(await serious(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await page.waitForTimeout(700);
    await page.goBack();
    await page.locator('#text-box').waitFor();
  });

  it('threw nothing', () => expect(open.errors).toEqual([]));
});
