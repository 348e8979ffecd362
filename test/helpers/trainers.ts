/** The trainers in Chromium, each seen from here as a StepTrainer. */
import { join, resolve } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { createStaticServer } from '../../scripts/serve.mjs';
import type { TrainableConfig } from '../../src/core/train/architectures/index.ts';
import type { Parameters } from '../../src/core/train/types.ts';
import type { KernelName } from '../../src/kernels/engine.ts';
import type { StepTrainer } from '../../src/kernels/trainer.ts';
import type { TrainerKind, TrainerMethod } from '../trainers/main.ts';
import { sharedBrowser, watchPage } from './page.ts';

const ROOT = resolve(import.meta.dirname, '../..');

export interface TrainerPage {
  create(kind: TrainerKind, config: TrainableConfig, parameters: Parameters, maxRows: number): Promise<StepTrainer>;
  page: Page;
  /** Uncaught errors, console errors and requests to others. */
  problems: string[];
  close(): Promise<void>;
}

/** Builds the page of test/trainers and opens it. */
export async function openTrainerPage(): Promise<TrainerPage> {
  const dir = join(ROOT, 'node_modules/.cache/trainers');
  await build({
    root: join(ROOT, 'test/trainers'),
    base: './',
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    build: { outDir: dir, emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022', minify: false },
  });
  const server = createStaticServer({ dir, isolation: false });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const context = await (await sharedBrowser()).newContext();
  const page = await context.newPage();
  const problems: string[] = [];
  watchPage(page, { url }, { strangers: problems, errors: problems });
  await page.goto(url);
  return {
    page,
    problems,
    async create(kind, config, parameters, maxRows) {
      const made = await page.evaluate((a) => window.trainers.create(...a), [kind, config, parameters, maxRows] as const);
      return remote(page, made);
    },
    async close() {
      await context.close();
      await new Promise((done) => server.close(done));
    },
  };
}

function remote(page: Page, { id, kernels, bytes }: { id: number; kernels: KernelName; bytes: number }): StepTrainer {
  const call = <T>(method: TrainerMethod, ...args: unknown[]) =>
    page.evaluate(([id, method, args]) => window.trainers.call(id, method, args), [id, method, args] as const) as Promise<T>;
  return {
    kernels,
    bytes,
    step: (x, settings) => call('step', x, settings),
    report: () => call('report'),
    snapshot: () => call('snapshot'),
    restore: (state) => call('restore', state),
    firing: () => call('firing'),
    clearFired: () => void call('clearFired'),
    release: () => void call('release'),
  };
}
