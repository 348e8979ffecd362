/** Dictionaries trained on data whose true features are known, and how many of those they find. Bundled by scripts/toy.mjs too. */
import { createRandom } from '../../src/core/array/random.ts';
import { maxCosines } from '../../src/core/sae/metrics.ts';
import { tied, type TiedConfig } from '../../src/core/train/architectures/tied.ts';
import { PAPER_ADAM } from '../../src/core/train/adam.ts';
import { createToy, type ToySettings } from '../../src/core/train/toy.ts';
import { createCounters, take, type Parameters } from '../../src/core/train/types.ts';
import type { TrainableConfig } from '../../src/core/train/architectures/index.ts';
import type { StepTrainer } from '../../src/kernels/trainer.ts';

export { TOY } from '../../src/core/train/toy.ts';
export { chooseBuild } from '../../src/kernels/wasm/kernels.ts';
export { createWasmTrainer } from '../../src/kernels/wasm/trainer.ts';

export interface ToyRun extends ToySettings {
  d_sae: number;
  steps: number;
  batch: number;
  lr: number;
  seed: number;
}

/** What one weight of the sparsity term comes to. */
export interface Recovery {
  alpha: number;
  /** Mean over true features of the largest cosine with any latent that is alive. */
  mmcs: number;
  /** True features with a cosine above 0.9. */
  found: number;
  /** Latents silent on every row measured. */
  dead: number;
  l0: number;
  fvu: number;
}

/** Fresh rows that are measured on. */
const MEASURED_ROWS = 2048;

export type CreateTrainer = (config: TrainableConfig, parameters: Parameters, maxRows: number) => Promise<StepTrainer>;

/** Trains a tied dictionary for each weight, on the same data and from the same start. */
export async function sweepToy(
  run: ToyRun,
  alphas: readonly number[],
  create: CreateTrainer,
  each?: (r: Recovery) => void,
): Promise<Recovery[]> {
  const toy = createToy(run, createRandom(run.seed));
  const configs = alphas.map((alpha) => ({ architecture: 'tied' as const, d_in: run.d, d_sae: run.d_sae, alpha }));
  const trainers = await Promise.all(configs.map((config) => create(config, tied.init(config, createRandom(run.seed + 1)), run.batch)));
  for (let step = 0; step < run.steps; step++) {
    const x = toy.sample(run.batch);
    for (const trainer of trainers) await trainer.step(x, { ...PAPER_ADAM, lr: run.lr, sparsity: 1 });
  }
  const fresh = toy.sample(MEASURED_ROWS);
  const results: Recovery[] = [];
  for (const [i, trainer] of trainers.entries()) {
    const result = measure(configs[i], (await trainer.snapshot()).parameters, fresh, toy.truth);
    each?.(result);
    results.push(result);
    trainer.release();
  }
  return results;
}

function measure(config: TiedConfig, parameters: Parameters, x: Float32Array, truth: Float32Array): Recovery {
  const { d_in, alpha } = config;
  const { reconstruction, l0, fired } = tied.backward(config, parameters, x, createCounters(config));
  const weights = take(parameters, 'W_dec');
  const alive = [...fired].flatMap((count, j) => (count > 0 ? [...weights.subarray(j * d_in, (j + 1) * d_in)] : []));
  const cosines = [...maxCosines(truth, alive.length > 0 ? alive : new Float32Array(d_in), d_in)];
  const mmcs = cosines.reduce((a, b) => a + b, 0) / cosines.length;
  const found = cosines.filter((c) => c > 0.9).length;
  return { alpha, mmcs, found, dead: fired.filter((n) => n === 0).length, l0, fvu: (reconstruction * x.length) / spread(x, d_in) };
}

/** Σ‖row − mean row‖². */
function spread(x: Float32Array, d: number): number {
  const rows = x.length / d;
  const mean = new Float64Array(d);
  x.forEach((v, i) => (mean[i % d] += v / rows));
  return x.reduce((sum, v, i) => sum + (v - mean[i % d]) ** 2, 0);
}
