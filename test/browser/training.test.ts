/** Training through the scripting interface of the built page: a tiny run on real activations, with and without isolation. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Run, RunInfo, TrainConfig } from '../../src/api/training.ts';
import { closeBrowser, serveSite, sharedBrowser, watchPage, type Site } from '../helpers/page.ts';

/** What the scripts below leave in the page for the next. */
interface Holder extends Window {
  live: Run;
  seen: RunInfo[];
}

const CONFIG: TrainConfig = {
  name: 'tiny',
  dictionaries: { hook: 'blocks.0.hook_resid_post', d_sae: 64, alpha: [0.002, 0.008] },
  tokens: 8192,
  batch: 256,
  buffer_mib: 1,
  evaluate_tokens: 256,
  evaluate_every: 16,
  checkpoint_seconds: 1,
};
const WAIT = { timeout: 60_000 };

let site: Site;
let context: BrowserContext;
const errors: string[] = [];
const strangers: string[] = [];

async function open(): Promise<Page> {
  const page = await context.newPage();
  watchPage(page, site, { strangers, errors });
  await page.goto(site.url + '?device=wasm');
  await page.evaluate(() => window.featurescope.ready);
  return page;
}

const train = (page: Page, config: TrainConfig) =>
  page.evaluate(async (c) => {
    const holder = window as unknown as Holder;
    holder.seen = [];
    holder.live = await window.featurescope.train(c, { onProgress: (info) => holder.seen.push(info) });
    return holder.live.id;
  }, config);
const info = (page: Page) => page.evaluate(() => (window as unknown as Holder).live.info());
const list = (page: Page) => page.evaluate(async () => (await window.featurescope.runs.list()).map(({ name, state }) => ({ name, state })));
/** Sentence of a call that is refused. */
const refusal = (page: Page, call: (config: TrainConfig) => Promise<unknown>, config: TrainConfig = CONFIG) =>
  page.evaluate<string>(`(${String(call)})(${JSON.stringify(config)}).then(() => 'accepted', (error) => error.message)`);

describe.each([{ isolation: true }, { isolation: false }])('training in the page, $isolation isolation', ({ isolation }) => {
  beforeEach(async () => {
    errors.length = strangers.length = 0;
    site = await serveSite({ isolation });
    context = await (await sharedBrowser()).newContext();
  });
  afterEach(async () => {
    await context.close();
    await site.close();
    expect(errors).toEqual([]);
    expect(strangers).toEqual([]);
  });

  // What has nothing to do with threads is not tried twice.
  const once: typeof it = isolation ? it : (((..._: unknown[]) => undefined) as unknown as typeof it);

  it('makes dictionaries that join the library and encode text', async () => {
    const page = await open();
    await train(page, CONFIG);
    const outcome = await page.evaluate(() => (window as unknown as Holder).live.done);
    expect(outcome.dictionaries).toHaveLength(2);
    expect(outcome.dictionaries.map(({ config }) => config.settings)).toMatchObject([{ alpha: 0.002 }, { alpha: 0.008 }]);
    for (const { metrics } of outcome.dictionaries) expect(metrics!.fvu).toBeGreaterThan(0);
    const end = await info(page);
    expect(end).toMatchObject({ state: 'finished', step: 32, resumes: 0, exact: true });
    const seen = await page.evaluate(() => (window as unknown as Holder).seen.map(({ state }) => state));
    expect(seen).toEqual(expect.arrayContaining(['starting', 'running', 'finished']));
    const listed = await page.evaluate(async (id) => {
      const api = window.featurescope;
      const active = (await api.encode({ text: 'The whale came up to the ship.' }, id)).values.length;
      return { active, found: (await api.dictionaries.list()).find((d) => d.id === id), kept: await api.storage.usage() };
    }, outcome.dictionaries[0].id);
    expect(listed.active).toBeGreaterThan(0);
    expect(listed.found).toMatchObject({ d_sae: 64, hook: 'blocks.0.hook_resid_post', fits: true });
    expect(listed.kept.items.filter(({ kind }) => kind === 'dictionary')).toHaveLength(2);
    const history = await page.evaluate((id) => window.featurescope.runs.history(id), end.id);
    expect(history).toHaveLength(2);
    expect(history[0].points.at(-1)).toMatchObject({ step: 32, tokens: 8192 });
    // Another visit knows the run, its curves and its dictionaries.
    await page.reload();
    await page.evaluate(() => window.featurescope.ready);
    expect(await list(page)).toEqual([{ name: 'tiny', state: 'finished' }]);
    expect(await page.evaluate(async (id) => (await window.featurescope.runs.history(id))[1].evaluations.length, end.id)).toBe(2);
    await page.evaluate((id) => window.featurescope.runs.remove(id), end.id);
    expect(await list(page)).toEqual([]);
    expect(
      await page.evaluate(async () => (await window.featurescope.dictionaries.list()).filter((d) => d.source === 'files').length),
    ).toBe(2);
  });

  it.runIf(isolation)('begins by the button on a phone, whose owner is then at the run, with its curves', async () => {
    const page = await open();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Train' }).click();
    await page.getByRole('button', { name: /^A quick look/ }).click();
    const button = page.locator('.run-preview').getByRole('button', { name: 'Train', exact: true });
    await button.focus();
    expect(await page.evaluate(() => scrollY)).toBeGreaterThan(400);
    await page.keyboard.press('Enter');
    const title = page.locator('.panel-watch h2');
    await expect.poll(() => title.evaluate((e) => e === document.activeElement).catch(() => false), { timeout: 60_000 }).toBe(true);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await expect.poll(() => page.locator('.charts .chart-line[d]').count(), { timeout: 60_000 }).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Stop and discard' }).click();
  });

  it('pauses, shows what it has, goes on, and keeps what it has when stopped', async () => {
    const page = await open();
    const id = await train(page, { ...CONFIG, tokens: 4_000_000 });
    const refused = await refusal(page, (config) => window.featurescope.train(config));
    expect(refused).toMatch(/"tiny" is being trained in this tab. One run at a time/);
    await page.evaluate(() => (window as unknown as Holder).live.pause());
    const paused = await info(page);
    expect(paused.state).toBe('paused');
    expect(await list(page)).toEqual([{ name: 'tiny', state: 'paused' }]);
    const preview = async () => {
      const { id: made, label } = await page.evaluate((run) => window.featurescope.runs.preview(run, 1), id);
      const all = await page.evaluate(async () => (await window.featurescope.dictionaries.list()).filter((d) => d.source === 'files'));
      expect(all.map((d) => d.id)).toEqual([made]);
      expect(label).toMatch(/tiny, dictionary 1 at step \d+ \(in training\)/);
      return made;
    };
    const first = await preview();
    await page.evaluate(() => (window as unknown as Holder).live.resume());
    await expect.poll(async () => (await info(page)).step, WAIT).toBeGreaterThan(paused.step + 4);
    expect(await preview()).not.toBe(first);
    expect(await page.evaluate((run) => window.featurescope.runs.history(run).then((h) => h[0].points.length), id)).toBeGreaterThan(0);
    await page.evaluate(() => (window as unknown as Holder).live.stop({ keep: true }));
    const { dictionaries } = await page.evaluate(() => (window as unknown as Holder).live.done);
    const kept = await page.evaluate(async () => (await window.featurescope.dictionaries.list()).filter((d) => d.source === 'files'));
    expect(kept.map((d) => d.id).sort()).toEqual(dictionaries.map((d) => d.id).sort());
    expect(await info(page)).toMatchObject({ state: 'stopped', resumes: 0 });
  });

  once('is one run in all tabs; the next visit finds what was interrupted', async () => {
    const [here, there] = [await open(), await open()];
    const id = await train(here, { ...CONFIG, tokens: 4_000_000 });
    await expect.poll(() => list(there), WAIT).toEqual([{ name: 'tiny', state: 'elsewhere' }]);
    expect(await refusal(there, (config) => window.featurescope.train(config))).toMatch(/goes on, or is paused, in another tab/);
    const resume = (page: Page) =>
      page.evaluate(
        (run) =>
          window.featurescope.runs.resume(run).then(
            () => '',
            (error: Error) => error.message,
          ),
        id,
      );
    expect(await resume(there)).toMatch(/another tab; resume it there/);
    const remove = (page: Page) =>
      page.evaluate(
        (run) =>
          window.featurescope.runs.remove(run).then(
            () => '',
            (error: Error) => error.message,
          ),
        id,
      );
    expect(await remove(there)).toMatch(/another tab; stop it there/);
    const has = async () =>
      (await here.evaluate(() => window.featurescope.storage.usage())).items.find(({ kind }) => kind === 'run')?.bytes;
    await expect.poll(has, WAIT).toBeGreaterThan(100_000);
    await here.close();
    await expect.poll(() => list(there), WAIT).toEqual([{ name: 'tiny', state: 'interrupted' }]);
    expect(await resume(there)).toBe('');
    expect(await list(there)).toEqual([{ name: 'tiny', state: 'running' }]);
    const run = await there.evaluate(async (x) => {
      const again = await window.featurescope.runs.get(x);
      const { step, resumes, exact } = again.info();
      await again.stop({ keep: false });
      return { step, resumes, exact, state: again.info().state };
    }, id);
    expect(run).toMatchObject({ resumes: 1, exact: true, state: 'stopped' });
    expect(run.step).toBeGreaterThan(1);
    expect(await remove(there)).toBe('');
  });

  once('takes texts, keeps them for the next visit, and trains on them', async () => {
    const page = await open();
    const added = await page.evaluate(async () => {
      const api = window.featurescope.corpus;
      const lines = Array.from({ length: 300 }, (_, i) =>
        JSON.stringify({ text: `Chapter ${i}. The ship sailed on and the sea was calm.` }),
      );
      return api.add('my lines', new File([lines.join('\n')], 'lines.jsonl'));
    });
    expect(added).toMatchObject({ corpus: { name: 'my lines', source: 'added', documents: 300 }, warnings: [] });
    await page.reload();
    await page.evaluate(() => window.featurescope.ready);
    const names = () => page.evaluate(async () => (await window.featurescope.corpus.list()).map((c) => [c.name, c.documents]));
    expect(await names()).toEqual([
      ['moby-dick', 1],
      ['sotu', 233],
      ['my lines', 300],
    ]);
    expect(await refusal(page, () => window.featurescope.corpus.add('my lines', 'again'))).toMatch(/already a text called "my lines"/);
    expect(await refusal(page, () => window.featurescope.corpus.add('Sotu', 'again'))).toMatch(/ships with the page/);
    expect(
      await refusal(page, () => window.featurescope.corpus.add('bad', new File([new Uint8Array([0xff, 0x00, 0x81])], 'a.txt'))),
    ).toMatch(/a.txt is not UTF-8 text/);
    expect(await refusal(page, () => window.featurescope.corpus.add('none', '  '))).toMatch(/holds no text/);
    expect(await refusal(page, (config) => window.featurescope.train({ ...config, corpus: 'my line' }))).toMatch(
      /no text called "my line"/,
    );
    await train(page, { ...CONFIG, corpus: 'my lines', tokens: 2048 });
    expect((await page.evaluate(() => (window as unknown as Holder).live.done)).dictionaries).toHaveLength(2);
    await page.evaluate(() => window.featurescope.storage.remove('corpus', 'my lines'));
    expect(await names()).toHaveLength(2);
  });

  once('says what a run would take, and refuses what is wrong', async () => {
    const page = await open();
    const estimate = await page.evaluate((config) => window.featurescope.runs.estimate({ ...config, tokens: 1e6 }), CONFIG);
    expect(estimate.tokensPerSecond).toBeGreaterThan(10);
    expect(estimate.seconds).toBeGreaterThan(1e6 / estimate.tokensPerSecond / 2);
    expect(estimate.bytes).toBeGreaterThan(2 ** 20);
    expect(await refusal(page, (config) => window.featurescope.train({ ...config, batch: -1 }))).toMatch(/`batch` must be a whole number/);
    expect(await list(page)).toEqual([]);
    const stopped = await page.evaluate(async (config) => {
      const controller = new AbortController();
      const starting = window.featurescope.train(config, { signal: controller.signal });
      setTimeout(() => controller.abort(), 50);
      return starting.then(
        () => 'started',
        (error: Error) => error.name,
      );
    }, CONFIG);
    expect(stopped).toBe('AbortError');
    await expect.poll(() => list(page), WAIT).toEqual([]);
  });
});

afterAll(closeBrowser);
