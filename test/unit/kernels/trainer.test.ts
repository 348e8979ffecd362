/** Training steps on WASM against the golden files and the twin. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { createAdam, PAPER_ADAM } from '../../../src/core/train/adam.ts';
import { standard } from '../../../src/core/train/architectures/standard.ts';
import { tied } from '../../../src/core/train/architectures/tied.ts';
import { trainStep } from '../../../src/core/train/step.ts';
import { createCounters, take, type Architecture, type ParameterName, type Parameters, type Sizes } from '../../../src/core/train/types.ts';
import { architectureOf, type TrainableConfig } from '../../../src/core/train/architectures/index.ts';
import { createPlainTrainer } from '../../../src/kernels/plainTrainer.ts';
import { createWasmTrainer } from '../../../src/kernels/wasm/trainer.ts';
import { randomNormal } from '../sae/helpers.ts';
import { readBatches, readGolden, readParameters } from '../train/goldens.ts';

const BUILT = join(import.meta.dirname, '../../../src/kernels/wasm/built');
const moduleOf = (build: string) => new WebAssembly.Module(readFileSync(join(BUILT, `train-${build}.wasm`)));
const TWINS = { tied: tied as unknown as Architecture, standard: standard as unknown as Architecture };
const GOLDENS = [
  { folder: 'tied-relu-l1', architecture: 'tied' as const },
  { folder: 'untied-standard', architecture: 'standard' as const },
];

/** ‖a − b‖ / ‖b‖ over a tensor. */
function relativeError(a: Parameters, b: Parameters, name: ParameterName): number {
  const expected = take(b, name);
  const got = take(a, name);
  expect(got.length).toBe(expected.length);
  let difference = 0;
  let size = 0;
  for (let i = 0; i < got.length; i++) {
    difference += (got[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  return Math.sqrt(difference / size);
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
      close(result.sparsity, line.l1!);
      close(result.l0, line.l0);
      close(result.gradientNorm, line.gradient_norm);
      if (step === 0 || step === 5) {
        const expected = readParameters(folder, 'expected-f64.safetensors', `grad${step}.`, 'float64');
        for (const name of names) expect(relativeError(trainer.gradients(), expected, name), `gradient of ${name}`).toBeLessThan(1e-5);
      }
      if ([1, 5, 25].includes(step + 1)) {
        const expected = readParameters(folder, 'expected-f64.safetensors', `after${step + 1}.`, 'float64');
        for (const name of names)
          expect(relativeError(trainer.parameters(), expected, name), `${name} after ${step + 1}`).toBeLessThan(1e-4);
      }
    }
  });

  it.each(['tied', 'standard'] as const)('agrees with the twin on %s dictionaries of odd shapes and batches', async (architecture) => {
    const random = createRandom(9);
    for (const [d_in, d_sae, rows] of [
      // In one dimension a unit row has no direction to learn, and Adam would amplify rounding.
      [2, 1, 1],
      [5, 3, 2],
      [7, 19, 5],
      [12, 33, 300],
      [33, 70, 517],
    ]) {
      const sizes: Sizes = { d_in, d_sae };
      const config = { architecture, ...sizes, alpha: 0.01, l1_coefficient: 0.02 } as unknown as TrainableConfig;
      const twin = TWINS[architecture];
      const start = twin.init(config, random);
      for (const bias of [start.b_enc, start.b_dec]) bias?.set(randomNormal(random, bias.length, 0.05));
      const trainer = await createWasmTrainer(moduleOf(build), build, config, start, 600);
      const state = { parameters: structuredClone(start), adam: createAdam(start), counters: createCounters(sizes) };
      for (let step = 0; step < 3; step++) {
        const x = randomNormal(random, rows * d_in);
        const expected = trainStep(twin, config, state, x, PAPER_ADAM);
        const before = (await trainer.firing()).fired;
        trainer.step(x, FULL);
        const got = await trainer.report();
        const { fired } = await trainer.firing();
        expect(Math.abs(got.loss - expected.loss)).toBeLessThan(1e-4 * Math.abs(expected.loss));
        // A latent at its threshold may be on here and off there.
        const differing = fired.reduce((sum, n, j) => sum + Math.abs(n - before[j] - expected.fired[j]), 0);
        expect(differing).toBeLessThanOrEqual(1);
      }
      for (const name of Object.keys(start) as ParameterName[])
        expect(relativeError(trainer.parameters(), state.parameters, name), `${name} ${d_in} × ${d_sae}`).toBeLessThan(1e-3);
    }
  });

  it.each(['tied', 'standard'] as const)('goes on from a snapshot of a %s dictionary with the same bits', async (architecture) => {
    const random = createRandom(2);
    const config = { architecture, d_in: 22, d_sae: 41, alpha: 0.01, l1_coefficient: 0.1 } as unknown as TrainableConfig;
    const start = architectureOf(config).init(config, random);
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

  it.each(['tied', 'standard'] as const)('warms up, clips and counts as the twin does, %s', async (architecture) => {
    const random = createRandom(4);
    const config = { architecture, d_in: 12, d_sae: 33, alpha: 0.05, l1_coefficient: 0.5 } as unknown as TrainableConfig;
    const start = architectureOf(config).init(config, random);
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
    expect(got.counters).toEqual(expected.counters);
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

  it('holds no more than six times the parameters and 12·B·(d + n) bytes', async () => {
    const config: TrainableConfig = { architecture: 'tied', d_in: 128, d_sae: 512, alpha: 0.01 };
    const trainer = await createWasmTrainer(moduleOf(build), build, config, tied.init(config, createRandom(1)), 1024);
    expect(trainer.bytes).toBeLessThanOrEqual(6 * 4 * (512 * 128 + 512) + 12 * 1024 * (128 + 512));
  });
});
