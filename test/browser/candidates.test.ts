/** Candidate edits in batches, in Chromium: on WebGPU and on WASM they agree with runs of their own. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStaticServer } from '../../scripts/serve.mjs';
import { MODELS } from '../helpers/goldens.ts';
import { WEBGPU } from '../helpers/modelSuite.ts';
import { closeBrowser, sharedBrowser, watchPage } from '../helpers/page.ts';
import type {} from '../candidates/main.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const problems: string[] = [];
let page: Page;
let close: () => Promise<void>;

beforeAll(async () => {
  const dir = join(ROOT, 'node_modules/.cache/candidates');
  await build({
    root: join(ROOT, 'test/candidates'),
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
  page = await context.newPage();
  watchPage(page, { url }, { strangers: problems, errors: problems });
  await page.goto(url);
  close = async () => {
    await context.close();
    await new Promise((done) => server.close(done));
  };
});
afterAll(async () => {
  await close();
  await closeBrowser();
});

test.each([
  { device: 'wasm', kernels: /^wasm-/, tolerance: 0 },
  { device: 'webgpu', kernels: /^webgpu$/, tolerance: WEBGPU.values },
] as const)('on $device they equal runs of their own', async ({ device, kernels, tolerance }) => {
  const files = Object.fromEntries(
    ['config.json', 'model.safetensors'].map((path) => [path, [...readFileSync(join(MODELS, 'tiny-neox', path))]]),
  );
  const trial = await page.evaluate(([device, files]) => window.candidates.tryCandidates(device, files), [device, files] as const);
  expect(trial.kernels).toMatch(kernels);
  expect(trial.results).toBe(24);
  expect(trial.cost.rows).toBeGreaterThan(10);
  expect(trial.cost.rows).toBeLessThan(22);
  expect(trial.cost.batches).toBeLessThan(trial.cost.rows / 2);
  expect(trial.worst).toBeLessThanOrEqual(tolerance);
  expect(trial.buffers[1]).toBe(trial.buffers[0]);
  expect(problems).toEqual([]);
});
