/**
 * One person's visit, on every kind of browser: type, pin, label, reload, offline, reload, type; then another tab, and
 * the link in a browser that has never been here.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { deploy, type Deployment } from '../helpers/deployment.ts';
import { closeBrowser, oneThread, sharedBrowser, watchPage, THREE_WAYS } from '../helpers/page.ts';

const WAIT = { timeout: 60_000 };
const TEXT = 'The wind and the sea.';
const LABEL = 'boats, I think';

let site: Deployment;
const contexts: BrowserContext[] = [];
let errors: string[] = [];
let strangers: string[] = [];

async function newProfile(): Promise<BrowserContext> {
  const context = await (await sharedBrowser()).newContext();
  contexts.push(context);
  return context;
}

async function open(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage();
  watchPage(page, site, { strangers, errors });
  await page.goto(address);
  await shown(page);
  return page;
}

/** Features of what is in the box are on screen. */
async function shown(page: Page): Promise<void> {
  await page.evaluate(() => window.featurescope.ready);
  await page.locator('.panel-features .feature-row[data-latent]').first().waitFor(WAIT);
}

async function type(page: Page, text: string): Promise<void> {
  const box = page.locator('#text-box');
  await box.click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(text);
  const { ids } = await page.evaluate((t) => window.featurescope.tokenize(t), text);
  await expect.poll(() => page.locator('[data-token]').count(), WAIT).toBe(ids.length);
  await expect.poll(() => page.locator('.panel-features').getAttribute('aria-busy'), WAIT).toBe('false');
}

const firstRow = (page: Page) => page.locator('.panel-features .feature-row[data-latent]').first();
const pinnedNames = (page: Page) => page.locator('.pins [data-slot] .pin-name').allInnerTexts();
const labelsShown = (page: Page, label: string) => page.getByRole('button', { name: new RegExp(`Label of feature \\d+: ${label}`) });

afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  await site.stop();
  errors = [];
  strangers = [];
});
afterAll(closeBrowser);

describe.each(THREE_WAYS)('a visit with $device, isolated: $isolation', ({ device, isolation }) => {
  it('keeps what was typed, pinned and labelled through reloads, offline, in another tab and by link', async () => {
    site = await deploy({ isolation });
    const context = await newProfile();
    const page = await open(context, `${site.url}?device=${device}`);
    expect(await page.evaluate(() => window.featurescope.device().kind)).toBe(device);
    if (!isolation) await oneThread(page);

    await type(page, TEXT);
    const row = firstRow(page);
    const latent = Number(await row.getAttribute('data-latent'));
    await row.locator('.feature-number').click();
    await expect.poll(() => pinnedNames(page), WAIT).toEqual([String(latent)]);
    await page.locator(`.feature-row[data-latent="${latent}"] .label-button`).first().click();
    await page.keyboard.type(LABEL);
    await page.keyboard.press('Enter');
    await expect.poll(() => labelsShown(page, LABEL).count(), WAIT).toBeGreaterThan(0);
    // The address is written at a pace browsers allow.
    await expect.poll(() => page.url(), WAIT).toContain('#');

    /** Numbers and values of the first rows: the same for everybody. */
    const order = async (where: Page) => {
      const cells = await where.locator('.panel-features .feature-row[data-latent] > :nth-child(-n + 2)').allInnerTexts();
      return cells.slice(0, 20);
    };
    const before = await order(page);
    const same = async (where: Page) => {
      await shown(where);
      await expect.poll(() => order(where), WAIT).toEqual(before);
      expect(await where.locator('#text-box').inputValue()).toBe(TEXT);
      await expect.poll(() => pinnedNames(where), WAIT).toEqual([String(latent)]);
    };
    await page.waitForTimeout(1500);
    await page.reload();
    await same(page);
    await expect.poll(() => labelsShown(page, LABEL).count(), WAIT).toBeGreaterThan(0);

    const second = await open(context, page.url());
    await same(second);
    await second.locator(`.feature-row[data-latent="${latent}"] .label-button`).first().click();
    await second.keyboard.press('ControlOrMeta+a');
    await second.keyboard.type('the sea');
    await second.keyboard.press('Enter');
    await expect.poll(() => labelsShown(page, 'the sea').count(), WAIT).toBeGreaterThan(0);
    await second.close();

    const stranger = await open(await newProfile(), page.url());
    await same(stranger);
    expect(await labelsShown(stranger, 'the sea').count()).toBe(0);
    await stranger.close();

    await page.evaluate(() => window.featurescope.offline.keep());
    await context.setOffline(true);
    await site.stop();
    await page.reload();
    await same(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolation);
    await expect.poll(() => labelsShown(page, 'the sea').count(), WAIT).toBeGreaterThan(0);
    await type(page, 'A ship.');
    await expect.poll(() => page.locator('table.predictions tbody tr').count(), WAIT).toBeGreaterThan(5);
    expect(strangers).toEqual([]);
    expect(errors.filter((error) => !/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_FAILED/.test(error))).toEqual([]);
  });
});
