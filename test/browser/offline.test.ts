/** The built page without a network, after a new build, and without room. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { deploy, type Deployment } from '../helpers/deployment.ts';
import { closeBrowser, oneThread, sharedBrowser, watchPage } from '../helpers/page.ts';

const WAIT = { timeout: 60_000 };

let site: Deployment;
let context: BrowserContext;
let errors: string[];
let strangers: string[];

async function open(query = ''): Promise<Page> {
  const page = await context.newPage();
  watchPage(page, site, { strangers, errors });
  await page.goto(site.url + query);
  await page.evaluate(() => window.featurescope.ready);
  return page;
}

async function start(options: { isolation?: boolean; folder?: string } = {}): Promise<void> {
  errors = [];
  strangers = [];
  site = await deploy(options);
  context = await (await sharedBrowser()).newContext();
}

/** Everything is kept, at once instead of when the page is quiet. */
const keep = (page: Page, everything = true) => page.evaluate((o) => window.featurescope.offline.keep(o), { everything });

async function reload(page: Page): Promise<void> {
  await page.reload();
  await page.evaluate(() => window.featurescope.ready);
}

async function type(page: Page, text: string): Promise<void> {
  await page.locator('#text-box').fill(text);
  const { ids } = await page.evaluate((t) => window.featurescope.tokenize(t), text);
  await expect.poll(() => page.locator('[data-token]').count(), WAIT).toBe(ids.length);
}

afterEach(async () => {
  await context.close();
  await site.stop();
});
afterAll(closeBrowser);

it('what was opened is kept by default, and works; everything is kept on request', async () => {
  await start();
  const page = await open('?device=wasm');
  await keep(page, false);
  const status = () => page.evaluate(() => window.featurescope.offline.status());
  const before = await status();
  expect(before).toMatchObject({ ready: true });
  // 25 of 26 dictionaries and the corpora.
  expect(before.missingBytes).toBeGreaterThan(30e6);
  expect(before.cachedBytes + before.missingBytes).toBe(before.everythingBytes);
  const encode = (name: string) =>
    page.evaluate(
      (id) =>
        window.featurescope.encode({ text: 'sea' }, id).then(
          ({ values }) => values.length,
          (error: Error) => error.message,
        ),
      `bookworm-9m/blocks.3.hook_resid_post/${name}`,
    );
  await context.setOffline(true);
  await reload(page);
  expect(await encode('r4-a0.004')).toBeGreaterThan(0);
  expect(await encode('r8-a0.003')).toMatch(/could not be (fetched|loaded|reached)|network/i);
  await context.setOffline(false);
  await page
    .getByRole('button', { name: /^Storage/ })
    .first()
    .click();
  await page.getByRole('button', { name: /^Save everything \(\d+(\.\d)? MB more\)/ }).click();
  await expect.poll(async () => (await status()).missingBytes, WAIT).toBe(0);
  await context.setOffline(true);
  await reload(page);
  expect(await encode('r8-a0.003')).toBeGreaterThan(0);
});

describe.each([
  { device: 'wasm', isolation: true, folder: '' },
  { device: 'wasm', isolation: false, folder: 'a folder/é' },
  { device: 'webgpu', isolation: true, folder: 'deep/er' },
] as const)('without a network, $device, isolated: $isolation, in /$folder', ({ device, isolation, folder }) => {
  it('the page opens, reads text and shows features', async () => {
    await start({ isolation, folder });
    const page = await open(`?device=${device}`);
    if (!isolation) await oneThread(page);
    await keep(page);
    expect(await page.evaluate(() => window.featurescope.offline.status())).toMatchObject({ ready: true, update: false });
    await context.setOffline(true);
    await site.stop();
    await reload(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolation);
    expect(await page.evaluate(() => window.featurescope.device().kind)).toBe(device);
    await type(page, 'The wind and the sea and the old man.');
    await expect.poll(() => page.locator('table.predictions tbody tr').count(), WAIT).toBeGreaterThan(5);
    await expect.poll(() => page.locator('.panel-features [role=row], .panel-features tbody tr').count(), WAIT).toBeGreaterThan(5);
    await expect.poll(() => page.locator('.app-footer').innerText()).toContain('Works offline.');
    // Every dictionary; on the software adapter two.
    const latents = await page.evaluate(
      async (most) => {
        const list = (await window.featurescope.dictionaries.list()).slice(0, most);
        return Promise.all(list.map(async ({ id }) => (await window.featurescope.encode({ text: 'sea' }, id)).values.length));
      },
      device === 'wasm' ? 100 : 2,
    );
    expect(Math.min(...latents)).toBeGreaterThan(0);
    expect(await page.evaluate(async () => (await window.featurescope.generate({ text: 'The' }, { tokens: 2 })).ids.length)).toBe(2);
    const missing = await page.evaluate(() =>
      fetch('models/nothing.json').then(
        (r) => `answered ${r.status}`,
        () => 'no network',
      ),
    );
    expect(missing).toBe('no network');
    expect(strangers).toEqual([]);
    // The browser itself reports the file that is missing on purpose.
    expect(errors.filter((error) => !/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_FAILED/.test(error))).toEqual([]);
  });
});

describe('a new build', () => {
  const version = (page: Page) => page.evaluate(() => window.featurescope.version);
  /** '' while the page is between two builds; a tab that answers nothing at all does not hold the test up. */
  const versionNow = (page: Page) => Promise.race([version(page).catch(() => ''), new Promise((done) => setTimeout(done, 5000, ''))]);
  /** As the browser does by itself sooner or later. */
  const look = (page: Page) => page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())?.update()));
  const offered = (page: Page) => expect.poll(() => page.locator('.banner', { hasText: 'new version' }).count(), WAIT);
  const keptHashes = (page: Page) =>
    page.evaluate(async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith('featurescope'));
      const keys = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map((request) => request.url)));
      return keys.flat();
    });

  it('is offered, leaves the open page as it is, starts when asked, and fetches only what changed', async () => {
    await start();
    const page = await open();
    const old = await version(page);
    await keep(page);
    const before = await keptHashes(page);
    site.asked();
    const changed = await site.deployNext();
    await look(page);
    await offered(page).toBe(1);
    // The page goes on as the old build, also with what it had not asked for yet and with what the server no longer has.
    expect(await version(page)).toBe(old);
    expect(await page.evaluate(async () => (await window.featurescope.generate({ text: 'The' }, { tokens: 2 })).ids.length)).toBe(2);
    await type(page, 'Still the same page.');
    await page.locator('.banner', { hasText: 'new version' }).getByRole('button', { name: 'Reload' }).click();
    await expect.poll(() => versionNow(page), WAIT).toBe('9.9.9');
    await page.evaluate(() => window.featurescope.ready);
    expect(await page.title()).toMatch(/^next/);
    await keep(page);
    // sw.js changed too, but is no file of the page.
    const asked = new Set(site.asked().filter((path) => !['sw.js', 'favicon.ico'].includes(path)));
    expect([...asked].map((path) => path || 'index.html').sort()).toEqual(changed.sort());
    // Those that name the code's file, and not the rest.
    expect(changed.length).toBeLessThan(before.length / 2);
    const after = await keptHashes(page);
    expect(after.length).toBe(before.length);
    expect(after.filter((key) => !before.includes(key))).toHaveLength(changed.length);
    await site.stop();
    await context.setOffline(true);
    await reload(page);
    expect(await version(page)).toBe('9.9.9');
    expect(errors).toEqual([]);
  });

  it('starts at a plain reload of the only tab, and not at one of two', async () => {
    await start();
    const page = await open();
    await keep(page);
    const second = await open();
    await site.deployNext();
    await look(page);
    await offered(page).toBe(1);
    await offered(second).toBe(1);
    await reload(second);
    expect([await version(page), await version(second)]).not.toContain('9.9.9');
    await type(page, 'Both go on as they were.');
    await second.close();
    await page.reload();
    await expect.poll(() => versionNow(page), WAIT).toBe('9.9.9');
    expect(errors).toEqual([]);
  });

  it('takes every tab along when asked to', async () => {
    await start();
    const page = await open();
    await keep(page);
    const second = await open();
    await site.deployNext();
    await look(page);
    await offered(second).toBe(1);
    await second.evaluate(() => window.featurescope.offline.update());
    for (const tab of [page, second]) await expect.poll(() => versionNow(tab), WAIT).toBe('9.9.9');
    expect(errors).toEqual([]);
  });

  it('that is not whole on the server is not taken', async () => {
    await start();
    const page = await open();
    const old = await version(page);
    await keep(page);
    await site.deployBroken();
    await look(page).catch(() => undefined);
    await page.waitForTimeout(1500);
    await offered(page).toBe(0);
    await reload(page);
    expect(await version(page)).toBe(old);
    await site.stop();
    await reload(page);
    expect(await version(page)).toBe(old);
    expect(errors).toEqual([]);
  });
});

describe('what is no file of the page', () => {
  it('is answered by the server: a true 404, also under names close to index.html', async () => {
    await start({ folder: 'app' });
    const page = await open();
    await keep(page);
    await reload(page);
    expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
    const statuses = await page.evaluate(async () => {
      const paths = ['nothing', 'index.html/', 'models/', 'models/bookworm-9m/none.json', '.kept/x', 'assets/none.js', '../app', 'sw.js'];
      return Promise.all(paths.map(async (path) => [path, (await fetch(path)).status]));
    });
    expect(
      statuses
        .slice(0, -1)
        .filter(([path]) => path !== '../app')
        .map(([, status]) => status),
    ).toEqual(new Array(6).fill(404));
    expect(statuses.at(-1)).toEqual(['sw.js', 200]);
    const nested = await context.newPage();
    const answer = await nested.goto(`${site.url}models/deep/link`);
    expect(answer?.status()).toBe(404);
  });

  it('a part of a kept file is given as a part', async () => {
    await start();
    const page = await open();
    await keep(page);
    await reload(page);
    const ranges = await page.evaluate(async () => {
      const path = 'models/bookworm-9m/onnx/model.onnx';
      const whole = new Uint8Array(await (await fetch(path)).arrayBuffer());
      const get = async (range: string) => {
        const response = await fetch(path, { headers: { range } });
        const bytes = new Uint8Array(await response.arrayBuffer());
        return {
          status: response.status,
          range: response.headers.get('content-range'),
          bytes: [...bytes.slice(0, 4)],
          length: bytes.length,
        };
      };
      return {
        size: whole.length,
        at: [...whole.slice(10, 14)],
        middle: await get('bytes=10-13'),
        tail: await get('bytes=-5'),
        beyond: await get('bytes=99999999-'),
      };
    });
    expect(ranges.middle).toEqual({ status: 206, range: `bytes 10-13/${ranges.size}`, bytes: ranges.at, length: 4 });
    expect(ranges.tail).toMatchObject({ status: 206, length: 5 });
    expect(ranges.beyond).toMatchObject({ status: 416, length: 0 });
  });
});

describe('without room', () => {
  it('the page works, and says what is not kept', async () => {
    await start();
    const page = await open();
    const devtools = await context.newCDPSession(page);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 3_000_000 });
    await expect(keep(page)).rejects.toThrow(/no room left to save this page for offline use/);
    expect(await page.evaluate(() => window.featurescope.offline.status())).toMatchObject({ ready: false, supported: true });
    await type(page, 'The page goes on.');
    const { problem } = await page.evaluate(() => window.featurescope.storage.usage());
    expect(problem).toMatch(/no room left to save this page/);
    await expect.poll(() => page.locator('.app-footer').innerText()).toMatch(/no room left/);
    await reload(page);
    await type(page, 'And so it does after a reload.');
    expect(errors).toEqual([]);
  });

  it('a dictionary and a label are kept for the visit, with a sentence', async () => {
    await start();
    const page = await open();
    const devtools = await context.newCDPSession(page);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 1 });
    const outcome = await page.evaluate(async () => {
      const { dictionaries, labels, storage } = window.featurescope;
      const [shipped] = await dictionaries.list();
      const folder = 'dictionaries/bookworm-9m/resid_post_1_r4-a0.004';
      const names = ['cfg.json', 'sae_weights.safetensors'];
      const files = await Promise.all(names.map(async (path) => ({ path, data: await (await fetch(`${folder}/${path}`)).blob() })));
      const imported = await dictionaries.import(files);
      await labels.set(shipped.id, 3, 'the sea');
      return {
        warnings: imported.warnings,
        here: (await dictionaries.list()).some((d) => d.id === imported.dictionaries[0].id),
        labels: (await labels.list()).map((l) => l.text),
        problem: labels.problem(),
        use: await storage.usage(),
        exported: (await (await labels.export()).text()).includes('the sea'),
      };
    });
    expect(outcome.warnings.join(' ')).toMatch(/could not be kept for the next visit: the browser has no room left/);
    expect(outcome).toMatchObject({ here: true, labels: ['the sea'], exported: true });
    expect(outcome.problem).toMatch(/no room left/);
    expect(outcome.use.problem).toMatch(/Labels are not kept/);
    expect(outcome.use.items.filter(({ kind }) => kind !== 'settings')).toEqual([]);
    expect(errors).toEqual([]);
  });
});

describe('the files kept', () => {
  it('are listed, deleted, and then fetched only on request', async () => {
    await start();
    const page = await open();
    await keep(page);
    const kept = async () => (await page.evaluate(() => window.featurescope.storage.usage())).items.find(({ kind }) => kind === 'offline');
    expect((await kept())?.bytes).toBeGreaterThan(40_000_000);
    await page.evaluate(() => window.featurescope.storage.remove('offline', 'all'));
    expect(await kept()).toBeUndefined();
    await reload(page);
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
    expect(await page.evaluate(() => window.featurescope.offline.status())).toMatchObject({ ready: false, saving: false });
    await keep(page);
    expect((await kept())?.bytes).toBeGreaterThan(40_000_000);
    expect(errors).toEqual([]);
  });

  it('are fetched by themselves once the page is quiet, and not before', async () => {
    await start();
    const page = await open();
    await type(page, 'Typing goes before.');
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
    await expect.poll(() => page.locator('.app-footer').innerText(), WAIT).toContain('Works offline.');
    // Only one of the two runtimes, the one in use.
    expect(site.asked().filter((path) => path.endsWith('.wasm') && path.includes('asyncify'))).toEqual([]);
    expect(errors).toEqual([]);
  });
});
