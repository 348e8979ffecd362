/** What every trainer has to hold, wherever it runs: in Node on WASM and on Dawn, and in Chromium. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/array/random.ts';
import { PAPER_ADAM } from '../../src/core/train/adam.ts';
import { architectureOf, type TrainableConfig } from '../../src/core/train/architectures/index.ts';
import { take, type ParameterName, type Parameters } from '../../src/core/train/types.ts';
import { createPlainTrainer } from '../../src/kernels/plainTrainer.ts';
import type { StepTrainer } from '../../src/kernels/trainer.ts';
import type { TrainerKind } from '../trainers/main.ts';
import { randomNormal } from '../unit/sae/helpers.ts';
import { readBatches, readGolden, readParameters, type Drift, NAMES } from '../unit/train/goldens.ts';
import { relativeError, startOf } from './training.ts';

type CreateTrainer = (config: TrainableConfig, parameters: Parameters, maxRows: number) => Promise<StepTrainer>;

export const FULL = { ...PAPER_ADAM, sparsity: 1 };
/** What the kernels train, and the folder of its goldens. */
const FOLDERS = { tied: 'tied-relu-l1', standard: 'untied-standard', topk: 'topk' };
export type Trained = keyof typeof FOLDERS;
export const TRAINED = Object.keys(FOLDERS) as Trained[];

/** Settings of every architecture at once. @param deadAfter rows */
export function configure(architecture: Trained, d_in: number, d_sae: number, deadAfter = 1e6): TrainableConfig {
  const k = Math.max(1, Math.floor(d_sae / 6));
  const topk = { k, aux_alpha: 1 / 32, aux_k_max: Math.ceil(d_in / 2), dead_after_tokens: deadAfter };
  const threshold = { threshold_beta: 0.9, threshold_start_step: 0 };
  return { architecture, d_in, d_sae, alpha: 0.01, l1_coefficient: 0.02, ...topk, ...threshold };
}

/** What the next step finds as gradients, projected but not clipped: without momentum Adam's mean is just that. */
async function gradientsOf(trainer: StepTrainer, probe: StepTrainer, x: Float32Array): Promise<Parameters> {
  await probe.restore(await trainer.snapshot());
  await probe.step(x, { ...FULL, beta1: 0, clip: Infinity });
  return (await probe.snapshot()).adam.m;
}

/**
 * Golden steps, odd shapes against the twin, snapshots, counts, memory.
 * @param short golden steps and snapshots alone: a software adapter takes seconds where others take none
 */
export function describeTraining(kind: TrainerKind, create: CreateTrainer, short = false): void {
  describe(`training on ${kind}`, () => {
    it.each(TRAINED)('makes the golden steps of %s', async (architecture) => {
      const folder = FOLDERS[architecture];
      const golden = readGolden(folder);
      const { d, n, batch, hyperparameters } = golden;
      const config = { architecture, d_in: d, d_sae: n, ...hyperparameters } as unknown as TrainableConfig;
      const start = readParameters(folder, 'init.safetensors');
      const names = Object.keys(start) as ParameterName[];
      const trainer = await create(config, start, batch);
      const probe = await create(config, start, batch);
      expect(trainer.kernels).toBe(kind);
      const expected = (prefix: string) => readParameters(folder, 'expected-f64.safetensors', prefix, 'float64');
      for (const [step, x] of readBatches('float32').entries()) {
        if (step === 0 || step === 5) {
          const gradients = expected(`grad${step}.`);
          architectureOf(config).project?.(config, step === 0 ? start : expected('after5.'), gradients);
          const got = await gradientsOf(trainer, probe, x as Float32Array);
          for (const name of names) expect(relativeError(got, gradients, name), `gradient of ${name} at ${step}`).toBeLessThan(1e-5);
        }
        await trainer.step(x as Float32Array, FULL);
        const line = golden.log_float64[step];
        const report = await trainer.report();
        const close = (got: number, wanted: number, what: string) =>
          expect(Math.abs(got - wanted), `${what} at ${step}`).toBeLessThanOrEqual((step === 24 ? 1e-4 : 1e-5) * Math.abs(wanted));
        close(report.loss, line.loss, 'loss');
        close(report.reconstruction, line.reconstruction, 'reconstruction');
        if (line.l1 !== undefined) close(report.sparsity, line.l1, 'sparsity');
        if (line.auxiliary_unweighted !== undefined) close(report.auxiliary, line.auxiliary_unweighted, 'auxiliary');
        close(report.l0, line.l0, 'l0');
        close(report.gradientNorm, line.gradient_norm, 'norm');
        if (![1, 5, 25].includes(step + 1)) continue;
        const { parameters, counters } = await trainer.snapshot();
        expect(counters.step).toBe(step + 1);
        if (line.threshold !== undefined) close(counters.threshold, line.threshold, 'threshold');
        if (line.dead !== undefined && step === 24)
          expect(counters.silent.filter((rows) => rows >= hyperparameters.dead_after_tokens).length).toBe(line.dead);
        const weights = expected(`after${step + 1}.`);
        for (const name of names) {
          expect(relativeError(parameters, weights, name), `${name} after ${step + 1}`).toBeLessThan(1e-4);
          expectElements(parameters, weights, name, golden.tolerance.drift_from_float64[`after${step + 1}.${NAMES[folder][name]!.name}`]);
        }
      }
      trainer.release();
      probe.release();
    });

    it.skipIf(short).each(TRAINED)('agrees with the twin on %s dictionaries of odd shapes and batches', async (architecture) => {
      const random = createRandom(9);
      let auxiliary = 0;
      for (const [d_in, d_sae, rows] of [
        // In one dimension a unit row has no direction to learn, and Adam would amplify rounding.
        [2, 1, 1],
        [5, 3, 2],
        [7, 19, 5],
        [12, 33, 300],
        [33, 70, 517],
        [65, 129, 130],
      ]) {
        // Dead soon, so that TopK's second pass takes part.
        const config = configure(architecture, d_in, d_sae, 2 * rows);
        const start = startOf(config, random);
        const trainer = await create(config, start, 600);
        const twin = createPlainTrainer(config, start);
        for (let step = 0; step < 4; step++) {
          // The last batch is short.
          const x = randomNormal(random, (step === 3 ? Math.ceil(rows / 2) : rows) * d_in);
          const settings = { ...FULL, sparsity: step / 2, clip: step === 2 ? 0.05 : Infinity };
          await twin.step(x, settings);
          await trainer.step(x, settings);
          const [got, expected] = [await trainer.report(), await twin.report()];
          for (const figure of ['loss', 'reconstruction', 'sparsity', 'auxiliary', 'gradientNorm'] as const)
            expect(Math.abs(got[figure] - expected[figure]), `${figure} of ${d_in} × ${d_sae}, step ${step}`).toBeLessThanOrEqual(
              1e-4 * Math.abs(expected[figure]) + 1e-9,
            );
          auxiliary += expected.auxiliary;
          // A latent at its threshold may be on here and off there.
          expect(Math.abs(got.l0 - expected.l0) * rows).toBeLessThanOrEqual(1);
        }
        const [got, expected] = [await trainer.snapshot(), await twin.snapshot()];
        for (const name of Object.keys(start) as ParameterName[])
          expect(relativeError(got.parameters, expected.parameters, name), `${name} ${d_in} × ${d_sae}`).toBeLessThan(1e-3);
        expect(got.counters.step).toBe(4);
        expect(got.fired.reduce((sum, n, j) => sum + Math.abs(n - expected.fired[j]), 0)).toBeLessThanOrEqual(2);
        trainer.release();
      }
      expect(auxiliary > 0).toBe(architecture === 'topk');
    });

    it.skipIf(short)('gives ties of topk to the lower latents, dead ones too', async () => {
      const config = { ...configure('topk', 2, 700, 3), k: 300, aux_k_max: 150 } as TrainableConfig;
      const start: Parameters = {
        ...startOf(config, createRandom(1)),
        W_enc: new Float32Array(1400).fill(0.5),
        b_enc: new Float32Array(700),
      };
      const trainer = await create(config, start, 3);
      const x = Float32Array.of(3, 3, 4, 4, -9, -9);
      const lr = { ...FULL, lr: 0 };
      await trainer.step(x, lr);
      const { fired } = await trainer.firing();
      expect([...fired]).toEqual(Array.from({ length: 700 }, (_, j) => (j < 300 ? 2 : 0)));
      // Latents 300 to 699 are dead by now; only 150 of them learn.
      const probe = await create(config, start, 3);
      const learning = [...(await gradientsOf(trainer, probe, x)).b_enc!].flatMap((g, j) => (g === 0 ? [] : [j]));
      expect(learning).toEqual(Array.from({ length: 450 }, (_, j) => j));
      for (const t of [trainer, probe]) t.release();
    });

    it.each(TRAINED)('goes on from a snapshot of a %s dictionary with the same bits', async (architecture) => {
      const random = createRandom(2);
      const config = configure(architecture, 22, 41, 500);
      const batches = [1, 2, 3, 4].map(() => randomNormal(random, config.d_in * 300));
      const start = startOf(config, random);
      const settings = { ...FULL, sparsity: 0.5, clip: 0.1 };
      const trainer = await create(config, start, 300);
      const other = await create(config, startOf(config, random), 300);
      for (const x of batches.slice(0, 2)) await trainer.step(x, settings);
      const middle = await trainer.snapshot();
      await other.step(batches[3], settings);
      await other.restore(middle);
      expect(await other.snapshot()).toEqual(middle);
      for (const x of batches.slice(2)) for (const t of [trainer, other]) await t.step(x, settings);
      const end = await trainer.snapshot();
      expect(await other.snapshot()).toEqual(end);
      expect(await other.report()).toEqual(await trainer.report());
      expect(end.parameters).not.toEqual(middle.parameters);
      // From the start again: the same numbers, whatever was asked for in between.
      const again = await create(config, start, 300);
      for (const x of batches) await again.step(x, settings);
      expect(await again.snapshot()).toEqual(end);
      for (const t of [trainer, other, again]) t.release();
    });

    it.skipIf(short).each(TRAINED)('counts how often latents of a %s dictionary fire, from where it is told', async (architecture) => {
      const random = createRandom(4);
      const config = configure(architecture, 10, 37);
      const start = startOf(config, random);
      const trainer = await create(config, start, 100);
      const twin = createPlainTrainer(config, start);
      for (let step = 0; step < 4; step++) {
        if (step === 2) for (const t of [trainer, twin]) t.clearFired();
        const x = randomNormal(random, config.d_in * 50);
        for (const t of [trainer, twin]) await t.step(x, FULL);
      }
      const [got, expected] = [await trainer.firing(), await twin.firing()];
      expect(got.fired.reduce((sum, n, j) => sum + Math.abs(n - expected.fired[j]), 0)).toBeLessThanOrEqual(2);
      expect(got.fired.reduce((a, b) => a + b)).toBeGreaterThan(100);
      expect(got.silent.filter((rows, j) => rows !== expected.silent[j]).length).toBeLessThanOrEqual(2);
      trainer.clearFired();
      expect((await trainer.firing()).fired.every((n) => n === 0)).toBe(true);
      expect((await trainer.firing()).silent).toEqual(got.silent);
      trainer.release();
    });

    it.each(TRAINED)('holds no more than six times the parameters of a %s dictionary and 12·B·(d + n) bytes', async (architecture) => {
      // WASM memory comes in pages of 64 KiB, which would weigh more in a smaller one.
      const config = configure(architecture, 128, 512);
      const start = startOf(config, createRandom(1));
      const trainer = await create(config, start, 1024);
      const parameterBytes = 4 * Object.values(start).reduce((sum, { length }) => sum + length, 0);
      expect(trainer.bytes).toBeLessThanOrEqual(6 * parameterBytes + 12 * 1024 * (128 + 512));
      // Parameters, gradients and two means at the least.
      expect(trainer.bytes).toBeGreaterThan(4 * parameterBytes);
      trainer.release();
    });
  });
}

/** Every number, where the fixture's own float32 runs agree with float64: not where a gradient is near zero. */
function expectElements(got: Parameters, expected: Parameters, name: ParameterName, drift: Drift): void {
  const limit = Math.max(1e-5, 4 * Math.max(drift.float32, drift.float32_other_order, drift['inputs_shaken_by_2e-7']));
  const wanted = take(expected, name);
  let worst = 0;
  take(got, name).forEach((v: number, i: number) => (worst = Math.max(worst, Math.abs(v - wanted[i]))));
  expect(worst, name).toBeLessThanOrEqual(limit);
}
