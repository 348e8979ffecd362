/**
 * The renderer is killed at seeded moments while a run goes on; the page is opened again, finds the run and resumes it.
 * What comes out must be, byte for byte, what an uninterrupted run makes. `npm run test:crash` is the long form: ten
 * kills of a run of about a minute.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchProfile } from '../../scripts/chromium.mjs';
import type { Run, RunHistory, TrainConfig } from '../../src/api/training.ts';
import { createRandom } from '../../src/core/array/random.ts';
import { serveSite, type Site } from '../helpers/page.ts';

const FULL = process.env.FEATURESCOPE_CRASH === 'full';
const SEED = 20_260_101;
const MOST_MS = FULL ? 1_500_000 : 300_000;

/** Every architecture, with all that changes a run on its way: warm-up, resampling, measurements, several blocks. */
const CONFIG: TrainConfig = {
  name: 'crash',
  dictionaries: [
    { hook: 'blocks.1.hook_resid_post', d_sae: 256, alpha: 0.004 },
    { hook: 'blocks.0.hook_mlp_out', architecture: 'standard', d_sae: 256, l1_coefficient: 0.5 },
    { hook: 'blocks.1.hook_resid_post', architecture: 'topk', d_sae: 128, k: 8 },
  ],
  tokens: FULL ? 80_000 : 24_000,
  batch: 256,
  buffer_mib: 8,
  schedule: { warmup: 10, decay: 20, sparsityWarmup: 15 },
  resample_every: 37,
  dead_after: 4000,
  evaluate_every: 50,
  evaluate_tokens: 256,
  checkpoint_seconds: 1,
};

interface Holder extends Window {
  live?: Run;
}

interface Outcome {
  weights: Record<string, string>;
  history: RunHistory;
}

let site: Site;
beforeAll(async () => {
  site = await serveSite({ isolation: true });
});
afterAll(() => site.close());

async function withProfile<T>(work: (context: BrowserContext) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'featurescope-profile-'));
  const context = await launchProfile(folder);
  try {
    return await work(context);
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function open(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${site.url}?device=wasm`);
  await page.evaluate(() => window.featurescope.ready);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  return page;
}

/** Begins the run, or resumes the one that is found. @returns its step and how often it was resumed once it goes on */
const start = (page: Page, config: TrainConfig) =>
  page.evaluate(async (c) => {
    const [found, ...others] = await window.featurescope.runs.list();
    if (others.length > 0) throw new Error('There are several runs.');
    if (found && found.state !== 'interrupted') throw new Error(`The run is ${found.state}: ${found.message ?? ''}`);
    const live = found ? await window.featurescope.runs.resume(found.id) : await window.featurescope.train(c);
    (window as unknown as Holder).live = live;
    return live.info();
  }, config);
const stepOf = (page: Page) => page.evaluate(() => (window as unknown as Holder).live?.info().step ?? 0);

async function outcome(page: Page): Promise<Outcome> {
  const { zips, history } = await page.evaluate(async () => {
    const live = (window as unknown as Holder).live!;
    const { dictionaries } = await live.done;
    const bytesOf = async (id: string) => {
      const bytes = new Uint8Array(await (await window.featurescope.dictionaries.export(id, 'saelens')).arrayBuffer());
      let text = '';
      for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
      return btoa(text);
    };
    return { zips: await Promise.all(dictionaries.map(({ id }) => bytesOf(id))), history: await window.featurescope.runs.history(live.id) };
  });
  const weights: Record<string, string> = {};
  zips.forEach((zip, i) => {
    for (const [path, bytes] of Object.entries(unzipSync(Buffer.from(zip, 'base64')))) {
      if (path.endsWith('.safetensors')) weights[`${i} ${path}`] = Buffer.from(bytes).toString('base64');
    }
  });
  return { weights, history };
}

/** The whole renderer at once, as when it runs out of memory: page, workers and all. */
async function kill(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const crashed = new Promise((resolve) => page.once('crash', resolve));
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await page.close();
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function untilStep(page: Page, step: number): Promise<void> {
  while ((await stepOf(page)) < step) await sleep(50);
}

const uninterrupted = (threads: number): Promise<Outcome> =>
  withProfile(async (context) => {
    const page = await open(context);
    // Without checkpoints on the way, so that taking them is seen to change nothing.
    const began = Date.now();
    const info = await start(page, { ...CONFIG, threads, checkpoint_seconds: 10_000 });
    expect(info.threads).toBe(threads);
    const result = await outcome(page);
    process.stdout.write(
      `uninterrupted, ${info.threads} of ${threads} threads, ${info.kernels}: ${info.plan!.steps} steps in ${(Date.now() - began) / 1000} s\n`,
    );
    return result;
  });

describe.each([
  // One thread is no other way for the page, only a slower one.
  ...(FULL ? [{ threads: 1, kills: 10 }] : []),
  { threads: 2, kills: FULL ? 10 : 2 },
])('a run on $threads threads whose page is killed', ({ threads, kills }) => {
  it(
    `${kills} times ends with the bytes of one that was left alone`,
    async () => {
      const expected = await uninterrupted(threads);
      const random = createRandom(SEED + threads);
      const steps = Math.ceil(CONFIG.tokens! / CONFIG.batch!);
      // The first kill comes while text and model are still read, the last where a second's work does not end the run.
      const targets = [0, ...Array.from({ length: kills - 1 }, () => Math.ceil(random() * 0.7 * steps)).sort((a, b) => a - b)];
      const found = await withProfile(async (context) => {
        const resumes: number[] = [];
        for (const target of targets) {
          const page = await open(context);
          const starting = start(page, { ...CONFIG, threads });
          if (target === 0) starting.catch(() => undefined);
          else {
            const { resumes: times, exact } = await starting;
            expect(exact).toBe(true);
            resumes.push(times);
            await untilStep(page, target);
          }
          // Anywhere in the second from one checkpoint to the next.
          await sleep(1000 * random());
          await kill(page);
        }
        const page = await open(context);
        const info = await start(page, { ...CONFIG, threads });
        resumes.push(info.resumes);
        const result = await outcome(page);
        const end = await page.evaluate(() => (window as unknown as Holder).live!.info());
        process.stdout.write(`killed at steps ${targets.join(', ')}; resumed ${end.resumes} times; last from step ${info.step - 1}\n`);
        expect(end).toMatchObject({ state: 'finished', exact: true });
        expect(resumes.at(-1)).toBeGreaterThanOrEqual(kills - 1);
        return result;
      });
      expect(Object.keys(found.weights).length).toBeGreaterThanOrEqual(3);
      expect(Object.keys(found.weights)).toEqual(Object.keys(expected.weights));
      for (const [name, bytes] of Object.entries(expected.weights)) expect(found.weights[name] === bytes, name).toBe(true);
      expect(found.history.map(({ points }) => points)).toEqual(expected.history.map(({ points }) => points));
    },
    MOST_MS,
  );
});
