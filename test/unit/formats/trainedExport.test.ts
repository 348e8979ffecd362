/**
 * An export of each trained architecture computes, in SAELens and in a reading of its documentation in numpy, what
 * the dictionary computed in training: the same f, and x̂ of raw rows.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { exportSaelens } from '../../../src/core/formats/dictionaries/write.ts';
import { PAPER_ADAM } from '../../../src/core/train/adam.ts';
import { architectureOf, TRAINABLE, type TrainableConfig, type TrainableName } from '../../../src/core/train/architectures/index.ts';
import { take, type Parameters } from '../../../src/core/train/types.ts';
import { createPlainTrainer } from '../../../src/kernels/plainTrainer.ts';
import { foldTrained, packTrained } from '../../../src/engine/training/fold.ts';
import { randomNormal } from '../sae/helpers.ts';

const PYTHON = process.env.FEATURESCOPE_PYTHON ?? 'python3';
const canImport = (module: string) => spawnSync(PYTHON, ['-c', `import ${module}`], { timeout: 120_000 }).status === 0;
const D = 12;
const N = 40;
/** Of rows in training (design D9). */
const SCALE = 0.37;

const SETTINGS: Record<TrainableName, TrainableConfig> = {
  tied: { architecture: 'tied', d_in: D, d_sae: N, alpha: 0.01 },
  standard: { architecture: 'standard', d_in: D, d_sae: N, l1_coefficient: 0.1 },
  topk: {
    ...{ architecture: 'topk', d_in: D, d_sae: N, k: 5, aux_alpha: 1 / 32, aux_k_max: 6 },
    ...{ dead_after_tokens: 1000, threshold_beta: 0.999, threshold_start_step: 1000 },
  },
};

const folder = mkdtempSync(join(tmpdir(), 'featurescope-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Weights that training moved away from every special value. */
async function train(settings: TrainableConfig): Promise<Parameters> {
  const random = createRandom(3);
  const trainer = createPlainTrainer(settings, architectureOf(settings).init(settings, random));
  for (let step = 0; step < 40; step++) {
    const x = randomNormal(random, 64 * D).map((v, i) => SCALE * (v + (i % D === 3 ? 2 : 0)));
    await trainer.step(x, { ...PAPER_ADAM, lr: 0.01, sparsity: 1 });
  }
  return (await trainer.snapshot()).parameters;
}

/** The formulas of the architecture's file on raw rows: scaled before, the reconstruction scaled back. */
function compute(settings: TrainableConfig, parameters: Parameters, x: Float32Array): { f: number[]; xhat: number[] } {
  const W_dec = take(parameters, 'W_dec');
  const b_enc = take(parameters, 'b_enc');
  const row = (matrix: ArrayLike<number>, j: number) => Array.from({ length: D }, (_, i) => matrix[j * D + i]);
  const unit = (w: number[]) => w.map((v) => v / Math.hypot(...w));
  const isTied = settings.architecture === 'tied';
  const decoder = Array.from({ length: N }, (_, j) => (isTied ? unit(row(W_dec, j)) : row(W_dec, j)));
  const encoder = isTied ? decoder : decoder.map((_, j) => row(take(parameters, 'W_enc'), j));
  const origin = isTied ? new Float32Array(D) : take(parameters, 'b_dec');
  const all = { f: [] as number[], xhat: [] as number[] };
  for (let r = 0; r < x.length / D; r++) {
    const centred = row(x, r).map((v, i) => SCALE * v - origin[i]);
    let f = encoder.map((w, j) => Math.max(0, w.reduce((sum, v, i) => sum + v * centred[i], 0) + b_enc[j]));
    if (settings.architecture === 'topk') {
      const least = [...f].sort((a, b) => b - a)[settings.k - 1];
      f = f.map((v) => (v >= least ? v : 0));
    }
    all.f.push(...f);
    all.xhat.push(...Array.from(origin, (b, i) => (f.reduce((sum, v, j) => sum + v * decoder[j][i], 0) + b) / SCALE));
  }
  return all;
}

function readFloats(path: string): Float32Array {
  return new Float32Array(Uint8Array.from(readFileSync(path)).buffer);
}

/** The largest distance, relative to the largest value. */
function distance(got: ArrayLike<number>, expected: readonly number[]): number {
  expect(got.length).toBe(expected.length);
  const size = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((v, i) => Math.abs(v - got[i]))) / size;
}

async function checkWith(script: string, architecture: TrainableName): Promise<void> {
  const settings = SETTINGS[architecture];
  const parameters = await train(settings);
  const place = { hook: 'blocks.3.hook_resid_post', model: 'bookworm-9m', n_ctx: 128, corpus: 'moby-dick' };
  const opened = packTrained(foldTrained(settings, parameters, SCALE, place), architecture, { seed: 3 }, new Float32Array(N).fill(0.1));
  const into = join(folder, `${script}-${architecture}`);
  for (const { path, parts } of await exportSaelens(opened)) {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    const pieces = parts.map(async (part) => (part instanceof Uint8Array ? part : new Uint8Array(await part.arrayBuffer())));
    writeFileSync(join(into, path), Buffer.concat(await Promise.all(pieces)));
  }
  const x = randomNormal(createRandom(8), 50 * D);
  const files = ['x', 'f', 'xhat'].map((name) => join(into, `${name}.f32`));
  writeFileSync(files[0], x);
  const run = spawnSync(PYTHON, [join(import.meta.dirname, '../../python', script), into, ...files], { encoding: 'utf8' });
  expect(run.status, run.stderr).toBe(0);
  const expected = compute(settings, parameters, x);
  const [f, xhat] = files.slice(1).map(readFloats);
  // Enough fires, and not everything, for a comparison to mean something.
  const active = expected.f.filter((v) => v > 0).length / 50;
  expect(active).toBeGreaterThan(2);
  expect(active).toBeLessThan(N - 2);
  expect(distance(f, expected.f)).toBeLessThan(1e-5);
  expect(distance(xhat, expected.xhat)).toBeLessThan(1e-5);
}

describe.skipIf(!canImport('numpy'))('exports, read by numpy (skipped where Python has no numpy)', () => {
  it.each(TRAINABLE)('%s computes what it did in training', (architecture) => checkWith('forward.py', architecture), 60_000);
});

describe.skipIf(!canImport('sae_lens'))('exports, read by SAELens (skipped where Python has no sae_lens)', () => {
  it.each(TRAINABLE)('%s computes what it did in training', (architecture) => checkWith('saelens.py', architecture), 300_000);
});
