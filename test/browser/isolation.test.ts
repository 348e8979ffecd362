/** The built page in a folder of a server that sends no headers of isolation, as GitHub Pages does. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, expect, it } from 'vitest';
import { deploy, type Deployment } from '../helpers/deployment.ts';
import { closeBrowser, sharedBrowser, watchPage } from '../helpers/page.ts';

const WAIT = { timeout: 90_000 };

let site: Deployment;
let context: BrowserContext;
let errors: string[];

async function start(init?: () => void): Promise<Page> {
  errors = [];
  site = await deploy({ isolation: false, folder: 'user/featurescope' });
  context = await (await sharedBrowser()).newContext();
  if (init) await context.addInitScript(init);
  const page = await context.newPage();
  watchPage(page, site, { strangers: [], errors });
  await page.goto(`${site.url}?device=wasm`);
  return page;
}

const ready = (page: Page) =>
  expect.poll(() => page.evaluate(() => window.featurescope.ready.then(() => true)).catch(() => false), WAIT).toBe(true);
const isolated = (page: Page) => page.evaluate(() => crossOriginIsolated);
/** Without taking hold of the page by its scripting interface, which would make it a used one. */
const shown = (page: Page) => expect.poll(() => page.locator('table.predictions tbody tr').count(), WAIT).toBeGreaterThan(5);
const reloads = (page: Page) => {
  let count = 0;
  page.on('domcontentloaded', () => count++);
  return () => count;
};
const menu = async (page: Page) => {
  await page.getByRole('button', { name: /^Device:/ }).click();
  return page.locator('#device-menu');
};

afterEach(async () => {
  await context.close();
  await site.stop();
});
afterAll(closeBrowser);

it('a page that nobody touches gets threads by one reload, and by no second one; offline it has them too', async () => {
  const page = await start();
  const count = reloads(page);
  await expect.poll(() => isolated(page).catch(() => false), WAIT).toBe(true);
  await shown(page);
  expect(count()).toBe(1);
  expect(await page.evaluate(() => window.featurescope.device())).toMatchObject({ kind: 'wasm', threads: expect.any(Number) as number });
  expect(await page.evaluate(() => window.featurescope.device().threads)).toBeGreaterThan(1);
  const open = await menu(page);
  await expect.poll(() => open.innerText(), WAIT).toContain('Threads are available');
  await page.evaluate(() => window.featurescope.offline.keep());
  await context.setOffline(true);
  await page.reload();
  await ready(page);
  expect(await isolated(page)).toBe(true);
  expect(await page.evaluate(() => window.featurescope.device().threads)).toBeGreaterThan(1);
  await page.locator('#text-box').fill('The old man and the sea.');
  await shown(page);
  expect(errors).toEqual([]);
});

it('a page in use is never reloaded; the device menu offers it, and switches it off for good', async () => {
  const page = await start();
  await page.locator('#text-box').fill('Mine.');
  await shown(page);
  const count = reloads(page);
  await page.evaluate(() => window.featurescope.offline.keep());
  const open = await menu(page);
  await expect.poll(() => open.innerText(), WAIT).toContain('until this page is loaded again');
  expect([count(), await isolated(page)]).toEqual([0, false]);
  await open.getByRole('button', { name: 'Reload with threads' }).click();
  await expect.poll(() => isolated(page).catch(() => false), WAIT).toBe(true);
  await ready(page);
  expect(await page.locator('#text-box').inputValue()).toBe('Mine.');

  await (await menu(page)).getByRole('checkbox').click();
  await expect.poll(() => isolated(page).catch(() => true), WAIT).toBe(false);
  await ready(page);
  await page.reload();
  await ready(page);
  expect(await isolated(page)).toBe(false);
  const again = await menu(page);
  await expect.poll(() => again.innerText(), WAIT).toContain('was told not to');
  await again.getByRole('checkbox').click();
  await expect.poll(() => isolated(page).catch(() => false), WAIT).toBe(true);
  expect(errors).toEqual([]);
});

it('a new build still arrives', async () => {
  const page = await start();
  await ready(page);
  await page.evaluate(() => window.featurescope.offline.keep());
  await site.deployNext();
  await page.reload();
  await ready(page);
  await expect.poll(() => page.evaluate(() => window.featurescope.offline.status().update), WAIT).toBe(true);
  await page.evaluate(() => window.featurescope.offline.update());
  await expect.poll(() => page.title().catch(() => ''), WAIT).toContain('next featurescope');
  await ready(page);
  expect(await isolated(page)).toBe(true);
  await shown(page);
});

it('a browser that refuses to remember is never reloaded unasked; the next visit has threads', async () => {
  const page = await start(() =>
    Object.defineProperty(globalThis, 'sessionStorage', {
      get: () => {
        throw new DOMException('refused', 'SecurityError');
      },
    }),
  );
  const count = reloads(page);
  const open = await menu(page);
  await expect.poll(() => open.innerText(), WAIT).toContain('until this page is loaded again');
  await page.waitForTimeout(8000);
  expect([count(), await isolated(page)]).toEqual([0, false]);
  await page.goto('about:blank');
  await page.goto(`${site.url}?device=wasm`);
  expect(await isolated(page)).toBe(true);
  await shown(page);
  expect(errors).toEqual([]);
});

it('a window without service workers works, with one thread, and says why', async () => {
  const page = await start(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'));
  await shown(page);
  const open = await menu(page);
  await expect.poll(() => open.innerText(), WAIT).toContain('this window has no service worker');
  expect(await isolated(page)).toBe(false);
  expect(errors).toEqual([]);
});

it('a browser that refuses service workers works, with one thread, and says why', async () => {
  const page = await start(() => {
    Object.defineProperty(Navigator.prototype, 'serviceWorker', {
      get: () => ({
        controller: null,
        getRegistration: () => Promise.resolve(undefined),
        register: () => Promise.reject(new DOMException('refused', 'SecurityError')),
        addEventListener: () => undefined,
      }),
    });
  });
  await shown(page);
  const count = reloads(page);
  await page.waitForTimeout(8000);
  expect([count(), await isolated(page)]).toEqual([0, false]);
  const open = await menu(page);
  await expect.poll(() => open.innerText(), WAIT).toContain('this window has no service worker');
  expect(await open.getByRole('checkbox').count()).toBe(0);
  expect(errors).toEqual([]);
});

it('a browser that does not obey the headers is reloaded once, and then told of it', async () => {
  // As where isolation is not implemented: the headers change nothing.
  const page = await start(() => Object.defineProperty(globalThis, 'crossOriginIsolated', { get: () => false }));
  const count = reloads(page);
  await expect.poll(count, WAIT).toBe(1);
  await shown(page);
  await page.waitForTimeout(8000);
  expect(count()).toBe(1);
  const open = await menu(page);
  await expect.poll(() => open.innerText(), WAIT).toContain('does not isolate it');
});
