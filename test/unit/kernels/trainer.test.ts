/** Training steps on WASM against the golden files and the twin. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { PAPER_ADAM } from '../../../src/core/train/adam.ts';
import type { TopkConfig } from '../../../src/core/train/architectures/topk.ts';
import { take, type ParameterName } from '../../../src/core/train/types.ts';
import { architectureOf, type TrainableConfig } from '../../../src/core/train/architectures/index.ts';
import { createPlainTrainer } from '../../../src/kernels/plainTrainer.ts';
import { createWasmTrainer, type WasmTrainer } from '../../../src/kernels/wasm/trainer.ts';
import { randomNormal } from '../sae/helpers.ts';
import { relativeError, startOf } from '../../helpers/training.ts';
import { readBatches, readGolden, readParameters, type LogLine } from '../train/goldens.ts';

const BUILT = join(import.meta.dirname, '../../../src/kernels/wasm/built');
const moduleOf = (build: string) => new WebAssembly.Module(readFileSync(join(BUILT, `train-${build}.wasm`)));
const NAMES = ['tied', 'standard', 'topk'] as const;
const GOLDENS = [
  { folder: 'tied-relu-l1', architecture: 'tied' as const },
  { folder: 'untied-standard', architecture: 'standard' as const },
  { folder: 'topk', architecture: 'topk' as const },
];

/** Settings that the architectures read what they know of. */
function configOf(architecture: (typeof NAMES)[number], d_in: number, d_sae: number): TrainableConfig {
  const topk = { k: 4, aux_alpha: 0.25, aux_k_max: 5, dead_after_tokens: 1, threshold_beta: 0.9, threshold_start_step: 1 };
  return { architecture, d_in, d_sae, alpha: 0.01, l1_coefficient: 0.02, ...topk };
}

/** The auxiliary loss, the threshold and who is dead. */
async function checkTopk(trainer: WasmTrainer, config: TrainableConfig, line: LogLine): Promise<void> {
  const { auxiliary } = await trainer.report();
  const { counters } = await trainer.snapshot();
  expect(Math.abs(auxiliary - line.auxiliary_unweighted!)).toBeLessThan(1e-4);
  expect(Math.abs(counters.threshold - line.threshold!)).toBeLessThan(1e-4);
  const after = (config as TopkConfig).dead_after_tokens;
  expect(counters.silent.reduce((n, silent) => n + (silent >= after ? 1 : 0), 0)).toBe(line.dead);
}

const FULL = { ...PAPER_ADAM, sparsity: 1 };

describe.each(['simd', 'relaxed'] as const)('training on WASM, %s', (build) => {
  it.each(GOLDENS)('makes the golden steps of $folder', async ({ folder, architecture }) => {
    const { d, n, batch, hyperparameters, log_float64 } = readGolden(folder);
    const config = { architecture, d_in: d, d_sae: n, ...hyperparameters } as unknown as TrainableConfig;
    const start = readParameters(folder, 'init.safetensors');
    const trainer = await createWasmTrainer(moduleOf(build), build, config, start, batch);
    const names = Object.keys(start) as ParameterName[];
    for (const [step, x] of readBatches('float32').entries()) {
      trainer.step(x as Float32Array, FULL);
      const result = await trainer.report();
      const line = log_float64[step];
      const close = (got: number, expected: number) =>
        expect(Math.abs(got - expected) / Math.abs(expected)).toBeLessThan(step === 24 ? 1e-4 : 1e-5);
      close(result.loss, line.loss);
      close(result.reconstruction, line.reconstruction);
      if (architecture === 'topk') await checkTopk(trainer, config, line);
      else close(result.sparsity, line.l1!);
      close(result.l0, line.l0);
      close(result.gradientNorm, line.gradient_norm);
      if (step === 0 || step === 5) {
        const expected = readParameters(folder, 'expected-f64.safetensors', `grad${step}.`, 'float64');
        // The files have gradients before projection.
        const before = step === 0 ? start : readParameters(folder, 'expected-f64.safetensors', 'after5.', 'float64');
        architectureOf(config).project?.(config, before, expected);
        for (const name of names) expect(relativeError(trainer.gradients(), expected, name), `gradient of ${name}`).toBeLessThan(1e-5);
      }
      if ([1, 5, 25].includes(step + 1)) {
        const expected = readParameters(folder, 'expected-f64.safetensors', `after${step + 1}.`, 'float64');
        for (const name of names)
          expect(relativeError(trainer.parameters(), expected, name), `${name} after ${step + 1}`).toBeLessThan(1e-4);
      }
    }
  });

  it.each(NAMES)('agrees with the twin on %s dictionaries of odd shapes and batches', async (architecture) => {
    const random = createRandom(9);
    for (const [d_in, d_sae, rows] of [
      // In one dimension a unit row has no direction to learn, and Adam would amplify rounding.
      [2, 1, 1],
      [5, 3, 2],
      [7, 19, 5],
      [12, 33, 300],
      [33, 170, 517],
    ]) {
      const config = configOf(architecture, d_in, d_sae);
      const start = startOf(config, random);
      const trainer = await createWasmTrainer(moduleOf(build), build, config, start, 600);
      const twin = createPlainTrainer(config, start);
      for (let step = 0; step < 3; step++) {
        const x = randomNormal(random, rows * d_in);
        trainer.step(x, FULL);
        await twin.step(x, FULL);
        const [got, expected] = [await trainer.report(), await twin.report()];
        for (const term of ['loss', 'auxiliary', 'gradientNorm'] as const) {
          expect(Math.abs(got[term] - expected[term]), `${term} ${d_in} × ${d_sae}`).toBeLessThanOrEqual(1e-4 * Math.abs(expected[term]));
        }
        // A latent at its threshold may be on here and off there.
        const fired = (await twin.firing()).fired;
        const differing = (await trainer.firing()).fired.reduce((sum, n, j) => sum + Math.abs(n - fired[j]), 0);
        expect(differing).toBeLessThanOrEqual(2);
      }
      const expected = (await twin.snapshot()).parameters;
      for (const name of Object.keys(start) as ParameterName[])
        expect(relativeError(trainer.parameters(), expected, name), `${name} ${d_in} × ${d_sae}`).toBeLessThan(1e-3);
    }
  });

  it('chooses the first of equal values, and never a latent of value 0', async () => {
    const random = createRandom(5);
    const [d_in, d_sae, rows] = [8, 150, 40];
    for (const { k, aux_k_max } of [
      { k: 3, aux_k_max: 2 },
      { k: 149, aux_k_max: 149 },
    ]) {
      const config = { ...configOf('topk', d_in, d_sae), k, aux_k_max } as TrainableConfig;
      const start = startOf(config, random);
      // Every encoder row 25 times: each row's best latents are all equal.
      const [W_enc, b_enc] = [take(start, 'W_enc'), take(start, 'b_enc')];
      for (let j = 6; j < d_sae; j++) {
        W_enc.set(W_enc.subarray((j % 6) * d_in, (j % 6) * d_in + d_in), j * d_in);
        b_enc[j] = b_enc[j % 6];
      }
      const trainer = await createWasmTrainer(moduleOf(build), build, config, start, rows);
      const twin = createPlainTrainer(config, start);
      const x = randomNormal(random, rows * d_in);
      trainer.step(x, FULL);
      await twin.step(x, FULL);
      expect((await trainer.firing()).fired).toEqual((await twin.firing()).fired);
      const [got, expected] = [await trainer.report(), await twin.report()];
      expect(got.l0).toBe(expected.l0);
      expect(expected.auxiliary > 0).toBe(k === 3);
      expect(Math.abs(got.auxiliary - expected.auxiliary)).toBeLessThanOrEqual(1e-5 * expected.auxiliary);
      const { parameters } = await twin.snapshot();
      for (const name of ['W_enc', 'b_enc', 'W_dec', 'b_dec'] as const)
        expect(relativeError(trainer.parameters(), parameters, name), name).toBeLessThan(1e-4);
    }
  });

  it.each(NAMES)('goes on from a snapshot of a %s dictionary with the same bits', async (architecture) => {
    const random = createRandom(2);
    const config = configOf(architecture, 22, 41);
    const start = startOf(config, random);
    const batches = [1, 2, 3, 4].map(() => randomNormal(random, config.d_in * 300));
    const trainer = await createWasmTrainer(moduleOf(build), build, config, start, 300);
    const other = await createWasmTrainer(moduleOf(build), build, config, architectureOf(config).init(config, random), 300);
    const settings = { ...PAPER_ADAM, sparsity: 0.5, clip: 0.1 };
    trainer.step(batches[0], settings);
    trainer.step(batches[1], settings);
    const middle = await trainer.snapshot();
    trainer.step(batches[2], settings);
    trainer.step(batches[3], settings);
    other.step(batches[3], settings);
    await other.restore(middle);
    expect(await other.snapshot()).toEqual(middle);
    other.step(batches[2], settings);
    other.step(batches[3], settings);
    expect(await other.snapshot()).toEqual(await trainer.snapshot());
    expect(await other.report()).toEqual(await trainer.report());
  });

  it.each(NAMES)('warms up, clips and counts as the twin does, %s', async (architecture) => {
    const random = createRandom(4);
    const config = configOf(architecture, 12, 33);
    const start = startOf(config, random);
    const trainer = await createWasmTrainer(moduleOf(build), build, config, start, 64);
    const twin = createPlainTrainer(config, start);
    for (const settings of [
      { ...PAPER_ADAM, sparsity: 0, clip: 0.01 },
      { ...PAPER_ADAM, sparsity: 0.3, clip: 1e9 },
      { ...PAPER_ADAM, sparsity: 1, lr: 1e-4 },
    ]) {
      const x = randomNormal(random, config.d_in * 64);
      trainer.step(x, settings);
      await twin.step(x, settings);
      const [got, expected] = [await trainer.report(), await twin.report()];
      for (const term of ['loss', 'sparsity', 'gradientNorm', 'l0'] as const) {
        expect(Math.abs(got[term] - expected[term]), term).toBeLessThanOrEqual(1e-4 * expected[term]);
      }
    }
    const [got, expected] = [await trainer.snapshot(), await twin.snapshot()];
    expect(got.fired).toEqual(expected.fired);
    expect(got.counters.silent).toEqual(expected.counters.silent);
    expect(got.counters.step).toBe(3);
    expect(got.counters.threshold).toBeCloseTo(expected.counters.threshold, 5);
    expect(got.adam.steps).toBe(3);
    for (const name of Object.keys(start) as ParameterName[]) {
      expect(relativeError(got.parameters, expected.parameters, name), name).toBeLessThan(1e-4);
      expect(relativeError(got.adam.m, expected.adam.m, name), `m of ${name}`).toBeLessThan(1e-3);
      expect(relativeError(got.adam.v, expected.adam.v, name), `v of ${name}`).toBeLessThan(1e-3);
    }
    trainer.clearFired();
    expect(Math.max(...(await trainer.firing()).fired)).toBe(0);
    expect((await trainer.firing()).silent).toEqual(expected.counters.silent);
  });

  it.each(NAMES)('holds no more than six times the parameters and 12·B·(d + n) bytes, %s', async (architecture) => {
    for (const [d_in, d_sae, rows] of [
      [128, 512, 1024],
      [512, 2048, 1024],
      [256, 1024, 4096],
    ]) {
      const config = { ...configOf(architecture, d_in, d_sae), k: 32, aux_k_max: d_in / 2 } as TrainableConfig;
      const start = architectureOf(config).init(config, createRandom(1));
      const trainer = await createWasmTrainer(moduleOf(build), build, config, start, rows);
      const parameters = Object.values(start).reduce((sum, { byteLength }) => sum + byteLength, 0);
      expect(trainer.bytes).toBeLessThanOrEqual(6 * parameters + 12 * rows * (d_in + d_sae));
    }
  });
});
