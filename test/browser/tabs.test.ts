/** Two tabs of one profile agree about labels, settings and the library. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeBrowser, serveSite, sharedBrowser, type Site, watchPage } from '../helpers/page.ts';

const WAIT = { timeout: 20_000 };

let site: Site;
let context: BrowserContext;
let here: Page;
let there: Page;
const errors: string[] = [];
const strangers: string[] = [];

async function open(): Promise<Page> {
  const page = await context.newPage();
  watchPage(page, site, { strangers, errors });
  await page.goto(site.url);
  await page.evaluate(() => window.featurescope.ready);
  return page;
}

beforeAll(async () => {
  site = await serveSite({ isolation: true });
  context = await (await sharedBrowser()).newContext();
  here = await open();
  there = await open();
});
afterAll(async () => {
  await context.close();
  await site.close();
  await closeBrowser();
});

const labelsOf = (page: Page) => page.evaluate(async () => (await window.featurescope.labels.list()).map((l) => `${l.latent} ${l.text}`));
const openedIn = (page: Page) =>
  page.evaluate(async () => (await window.featurescope.dictionaries.list()).filter((d) => d.source === 'files').map((d) => d.id));

/** Counts in a page how often a listener was called. */
const listen = (page: Page, what: 'labels' | 'dictionaries' | 'settings') =>
  page.evaluate((name) => {
    const counts = ((window as unknown as { heard?: Record<string, number> }).heard ??= {});
    window.featurescope[name].subscribe(() => (counts[name] = (counts[name] ?? 0) + 1));
  }, what);
const heard = (page: Page, what: string) =>
  page.evaluate((name) => (window as unknown as { heard?: Record<string, number> }).heard?.[name] ?? 0, what);

describe('two tabs', () => {
  it('show the same labels', async () => {
    await listen(there, 'labels');
    const set = (page: Page, latent: number, text: string) =>
      page.evaluate(
        async ([n, t]) => {
          const [{ id }] = await window.featurescope.dictionaries.list();
          await window.featurescope.labels.set(id, n, t);
        },
        [latent, text] as const,
      );
    await set(here, 3, 'the sea');
    await expect.poll(() => labelsOf(there), WAIT).toEqual(['3 the sea']);
    expect(await heard(there, 'labels')).toBeGreaterThan(0);
    await set(there, 3, '');
    await set(there, 4, 'the wind');
    await expect.poll(() => labelsOf(here), WAIT).toEqual(['4 the wind']);
  });

  it('have the same library, and encode with what the other opened', async () => {
    await listen(there, 'dictionaries');
    const id = await here.evaluate(async () => {
      const folder = '/__fixtures/dictionaries/saelens-v6/topk';
      const load = async (path: string) => ({ path, data: await (await fetch(`${folder}/${path}`)).blob() });
      const { dictionaries } = await window.featurescope.dictionaries.import(
        await Promise.all(['cfg.json', 'sae_weights.safetensors'].map(load)),
      );
      return dictionaries[0].id;
    });
    await expect.poll(() => openedIn(there), WAIT).toEqual([id]);
    expect(await heard(there, 'dictionaries')).toBeGreaterThan(0);
    const active = await there.evaluate(async (dictionary) => {
      const { d_in } = (await window.featurescope.dictionaries.list()).find((d) => d.id === dictionary)!;
      const acts = { data: new Float32Array(d_in).fill(1), shape: [1, d_in] };
      return (await window.featurescope.encode({ acts }, dictionary)).values.length;
    }, id);
    expect(active).toBeGreaterThan(0);
    await there.evaluate((dictionary) => window.featurescope.dictionaries.remove(dictionary), id);
    await expect.poll(() => openedIn(here), WAIT).toEqual([]);
    const refused = await here.evaluate(
      (dictionary) => window.featurescope.dictionaries.vectors(dictionary, 0).then(String, (error: Error) => error.message),
      id,
    );
    expect(refused).toMatch(/no dictionary called/);
  });

  it('have the same settings', async () => {
    await listen(there, 'settings');
    await here.evaluate(() => window.featurescope.settings.set('theme', 'dark'));
    await expect.poll(() => there.evaluate(() => window.featurescope.settings.get('theme')), WAIT).toBe('dark');
    expect(await heard(there, 'settings')).toBeGreaterThan(0);
  });

  it('pass over what is no message of theirs', async () => {
    await here.evaluate(() => {
      const channel = new BroadcastChannel('featurescope');
      for (const message of [null, 7, 'library', { version: 99, change: 'library' }, { version: 1, change: { toString: 1 } }])
        channel.postMessage(message);
      channel.close();
    });
    expect(await labelsOf(there)).toEqual(['4 the wind']);
    expect(errors).toEqual([]);
    expect(strangers).toEqual([]);
  });
});
