/** The Explore screen in the built page: links, Back, undo, long text, other scripts. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { closeBrowser, openPage, serveSite, type OpenPage, type Site } from '../helpers/page.ts';

let site: Site;
const opened: OpenPage[] = [];

beforeAll(async () => {
  site = await serveSite({ isolation: true });
});
afterEach(async () => {
  for (const page of opened.splice(0)) {
    expect(page.strangers).toEqual([]);
    expect(page.errors).toEqual([]);
    await page.close();
  }
});
afterAll(async () => {
  await site.close();
  await closeBrowser();
});

const PATIENT = { timeout: 60_000 };

async function open(query = ''): Promise<Page> {
  const page = await openPage(site, query);
  opened.push(page);
  await expect.poll(() => page.page.locator('[data-latent] .feature-number').count(), PATIENT).toBeGreaterThan(3);
  return page.page;
}

/** Fills the box and waits until what it says is on screen. */
async function type(page: Page, text: string): Promise<void> {
  await page.locator('#text-box').fill(text);
  await settled(page);
}

async function settled(page: Page): Promise<void> {
  // Typing is answered after a pause; then nothing may be busy.
  await page.waitForTimeout(400);
  await expect.poll(() => page.locator('.panel-strip[aria-busy=true], .panel-features[aria-busy=true]').count(), PATIENT).toBe(0);
}

/** The address once it says what is on screen. */
async function link(page: Page): Promise<string> {
  await page.waitForTimeout(800);
  return new URL(page.url()).hash;
}

const pinned = (page: Page) => page.locator('.pins .pin-name').allInnerTexts();
const ranking = (page: Page) => page.locator('.feature-tools input:checked').locator('xpath=..').innerText();
const dictionary = (page: Page) => page.locator('.dictionary-map').getAttribute('data-dictionary');
const choosePlace = (page: Page, block: number) => page.locator(`[data-cell="blocks.${block}.hook_resid_post"]`).first().click();
const tokenCount = (page: Page) => page.locator('#text-count').innerText();

describe('a link', () => {
  it('opened in a fresh profile shows the same', async () => {
    const page = await open();
    await type(page, 'The grey heron waits by the old mill. 🦊');
    await choosePlace(page, 1);
    await settled(page);
    await page.locator('.feature-tools label', { hasText: 'Sum' }).click();
    for (const row of [0, 2]) await page.locator('[data-latent] .feature-number').nth(row).click();
    const hash = await link(page);
    const there = await open(hash);
    expect(await there.locator('#text-box').inputValue()).toBe('The grey heron waits by the old mill. 🦊');
    expect(await pinned(there)).toEqual(await pinned(page));
    expect(await pinned(there)).toHaveLength(2);
    expect(await ranking(there)).toBe('Sum');
    expect(await dictionary(there)).toBe(await dictionary(page));
    expect(await there.locator('[data-metric]').first().getAttribute('data-metric')).toBe('feature');
    await there.reload();
    await expect.poll(() => pinned(there), PATIENT).toHaveLength(2);
    expect(await there.locator('#text-box').inputValue()).toContain('heron');
  });

  it('that is damaged leaves the usual page and a sentence', async () => {
    const page = await open('#v1.q1YqSS0uUbJS');
    expect(await page.locator('.notice').innerText()).toMatch(/link could not be read/);
    expect(await page.locator('[data-token]').count()).toBeGreaterThan(5);
  });

  it('is followed by Back and Forward', async () => {
    const page = await open();
    await type(page, 'one text');
    await link(page);
    const first = await dictionary(page);
    await choosePlace(page, 0);
    await link(page);
    const second = await dictionary(page);
    expect(second).not.toBe(first);
    await page.goBack();
    await expect.poll(() => dictionary(page)).toBe(first);
    await page.goForward();
    await expect.poll(() => dictionary(page)).toBe(second);
    expect(await page.locator('#text-box').inputValue()).toBe('one text');
  });
});

describe('the map of the model', () => {
  it('is walked by the arrow keys in one tab stop, and Enter chooses', async () => {
    const page = await open();
    const cell = page.locator('.dictionary-map [data-cell][tabindex="0"]');
    expect(await cell.count()).toBe(1);
    expect(await cell.getAttribute('aria-selected')).toBe('true');
    await cell.focus();
    await page.keyboard.press('Home');
    const first = await page.evaluate(() => (document.activeElement as HTMLElement).dataset.cell);
    expect(first).toBe('blocks.0.hook_resid_post');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect.poll(() => dictionary(page)).toContain('blocks.1.hook_resid_post');
    expect(await page.locator('.dictionary-map [aria-selected=true]').getAttribute('data-cell')).toBe('blocks.1.hook_resid_post');
    await settled(page);
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Train' }).click();
    const places = page.getByRole('grid', { name: 'Places in the model' });
    await places.getByRole('gridcell', { name: 'all of the blocks, Residual' }).click();
    expect(await places.locator('[aria-selected=true]').count()).toBe(6);
    await places.locator('[data-cell="blocks.0.hook_resid_post"]').press(' ');
    expect(await places.locator('[aria-selected=true]').count()).toBe(5);
  });
});

describe('undo', () => {
  it('takes back a pin, a dictionary and a sample, and redo brings them back', async () => {
    const page = await open();
    await type(page, 'my own words');
    await page.locator('[data-latent] .feature-number').first().click();
    const was = await dictionary(page);
    await choosePlace(page, 0);
    await page.locator('.samples').selectOption({ index: 2 });
    await settled(page);
    await page.locator('.panel-strip h2').click();
    await page.keyboard.press('Control+z');
    await expect.poll(() => page.locator('#text-box').inputValue()).toBe('my own words');
    await page.keyboard.press('Control+z');
    await expect.poll(() => dictionary(page)).toBe(was);
    await expect.poll(() => pinned(page), PATIENT).toHaveLength(1);
    await page.keyboard.press('Control+z');
    expect(await page.locator('.notice').innerText()).toMatch(/^Undone: pinned feature \d+/);
    await expect.poll(() => pinned(page), PATIENT).toEqual([]);
    for (let i = 0; i < 3; i++) await page.keyboard.press('Control+Shift+z');
    await expect.poll(() => page.locator('#text-box').inputValue()).not.toBe('my own words');
    expect(await dictionary(page)).not.toBe(was);
  });
});

describe('tokens', () => {
  it('are brushed by dragging and by the keyboard, and copied as they were typed', async () => {
    const page = await open();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await type(page, 'The café in Zürich opened at nine. 🦊');
    const at = async (i: number) => (await page.locator(`[data-token="${i}"]`).boundingBox())!;
    const [from, to] = [await at(0), await at(2)];
    await page.mouse.move(from.x + 2, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(to.x + to.width - 2, to.y + to.height / 2, { steps: 6 });
    await page.mouse.up();
    await expect.poll(() => page.locator('.brushed').innerText()).toMatch(/^Tokens 0–2 chosen/);
    await page.keyboard.press('Control+c');
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect('The café in Zürich opened at nine. 🦊'.startsWith(copied.slice(0, 3))).toBe(true);
    await page.locator('.brushed button').click();
    await page.locator('[data-token="1"]').click();
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => page.locator('.brushed').innerText()).toMatch(/^Tokens 1–3 chosen/);
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('The café in Zürich opened at nine. 🦊');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.token-in-span').count()).toBe(0);
  });

  it('of a text from right to left stand and move that way', async () => {
    const page = await open();
    await type(page, 'שלום עולם');
    await page.locator('[data-token="2"]').click();
    const [first, second] = await Promise.all(['0', '8'].map(async (i) => (await page.locator(`[data-token="${i}"]`).boundingBox())!));
    expect(first.x).toBeGreaterThan(second.x);
    await page.keyboard.press('ArrowLeft');
    expect(await page.locator('[data-token][aria-selected=true]').getAttribute('data-token')).toBe('3');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('[data-token][aria-selected=true]').getAttribute('data-token')).toBe('2');
  });
});

describe('a text of 20,000 tokens', () => {
  const words = 'The old man looked at the sea and put down his hat while the wind was turning in the harbour. ';
  const text = Array.from({ length: 900 }, (_, i) => `${i}. ${words}`).join('');

  it('is read from what is on screen, drawn in part, walked and copied to its end', async () => {
    const page = await open();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('#text-box').fill(text);
    await expect.poll(() => tokenCount(page), PATIENT).toMatch(/tokens read, in \d+ windows/);
    const strip = page.locator('.strip');
    expect(await page.locator('[data-token]').count()).toBeLessThan(3000);
    await expect.poll(() => page.locator('[data-token="5"]').getAttribute('class'), PATIENT).not.toContain('unscored');

    const middle = '.strip-block .token:not(.token-unscored)';
    await strip.evaluate((e) => e.scrollTo(0, e.scrollHeight * 0.6));
    const near = () =>
      strip.evaluate((e, wanted) => {
        const frame = e.getBoundingClientRect();
        return [...e.querySelectorAll(wanted)].filter((t) => {
          const box = t.getBoundingClientRect();
          return box.top >= frame.top && box.bottom <= frame.bottom;
        }).length;
      }, middle);
    await expect.poll(near, PATIENT).toBeGreaterThan(100);
    // The start and what is on screen are read while most of the text is not.
    expect(Number(/^[\d\s\u202f\u00a0,]+/.exec(await tokenCount(page))![0].replace(/\D/g, ''))).toBeLessThan(15_000);

    await page.locator('[data-token]').first().click();
    await page.keyboard.press('End');
    const last = Number(await page.locator('[data-token][aria-selected=true]').getAttribute('data-token'));
    expect(last).toBeGreaterThan(15_000);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-token'))).toBe(String(last));
    await expect.poll(() => page.locator('.panel-predictions .panel-lead').innerText(), PATIENT).toContain(`After`);
    expect(await page.locator('.panel-predictions .panel-lead').innerText()).toContain(`position ${last}.`);
    await page.keyboard.press('ArrowUp');
    const above = Number(await page.locator('[data-token][aria-selected=true]').getAttribute('data-token'));
    expect(above).toBeLessThan(last);
    expect(above).toBeGreaterThan(last - 60);
    await page.keyboard.press('Home');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-token'))).toBe('0');

    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.length).toBeGreaterThan(60_000);
    expect(text.startsWith(copied)).toBe(true);
  });

  it('gives way to a short one at once, and outlives a reload though no link holds it', async () => {
    const page = await open();
    const noisy = Array.from({ length: 9000 }, (_, i) => ((i * 2654435761) % 4294967296).toString(36)).join(' ');
    await page.locator('#text-box').fill(noisy);
    await expect.poll(() => page.locator('.text-link').innerText(), PATIENT).toContain('too long for a link');
    await page.reload();
    await expect.poll(() => page.locator('#text-box').inputValue(), PATIENT).toBe(noisy);
    await page.locator('#text-box').fill('short');
    await expect.poll(() => tokenCount(page), PATIENT).toMatch(/^\d of 256 tokens/);
    await settled(page);
  });
});
