/** Comparing engines: latents within rounding of their threshold, or of the k-th largest, may fall on either side. */
import { expect } from 'vitest';
import { createRandom } from '../../src/core/array/random.ts';
import { readFormOf } from '../../src/core/sae/architectures/index.ts';
import { isBatchTopk, isGroupmax, isTopk, type Architecture, type Dictionary } from '../../src/core/sae/dictionary.ts';
import { encode, multiplyRow } from '../../src/core/sae/encode.ts';
import type { Latents } from '../../src/core/sae/latents.ts';
import { getPlan } from '../../src/core/sae/plan.ts';
import { createPerRow, prepareRow } from '../../src/core/sae/rows.ts';
import { createDictionary, randomNormal } from '../unit/sae/helpers.ts';

/** Design D5: times max(1, largest/10). */
export const TOLERANCES = { wasm: 1e-4, webgpu: 5e-4 };

type Sparse = Pick<Latents, 'rows' | 'latents' | 'values'>;

const rowOf = ({ rows, latents, values }: Sparse, r: number) =>
  new Map(Array.from(latents.slice(rows[r], rows[r + 1]), (latent, e) => [latent, values[rows[r] + e]]));

/** Fails unless every latent has the twin's value, or is within tolerance of where it would switch. */
export function expectSameLatents(dictionary: Dictionary, x: Float32Array, actual: Sparse, tolerance: number): void {
  const golden = encode(dictionary, x);
  expect(actual.rows).toHaveLength(golden.rows.length);
  const scaled = tolerance * Math.max(1, golden.values.reduce((most, v) => Math.max(most, v), 0) / 10);
  const wrong: string[] = [];
  for (let r = 0; r < golden.rows.length - 1; r++) {
    const [mine, theirs] = [rowOf(actual, r), rowOf(golden, r)];
    const order = [...mine.keys()];
    if (order.some((latent, i) => i > 0 && latent <= order[i - 1])) wrong.push(`row ${r} does not rise`);
    let margins: Float64Array | undefined;
    for (const latent of new Set([...mine.keys(), ...theirs.keys()])) {
      const [a, b] = [mine.get(latent), theirs.get(latent)];
      if (a !== undefined && b !== undefined) {
        if (!(Math.abs(a - b) <= scaled)) wrong.push(`row ${r}, latent ${latent}: ${a} instead of ${b}`);
        continue;
      }
      margins ??= marginsOf(dictionary, x, r, [...theirs.values()]);
      if (!(margins[latent] <= scaled)) wrong.push(`row ${r}, latent ${latent}: ${a ?? 'silent'} instead of ${b ?? 'silent'}`);
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
}

/** How far each latent of a row is from switching on or off. */
function marginsOf(dictionary: Dictionary, x: Float32Array, row: number, active: number[]): Float64Array {
  const { config } = dictionary;
  const plan = getPlan(dictionary);
  const c = new Float64Array(config.d_in);
  const q = new Float64Array(config.d_sae);
  prepareRow(config, plan, x, row, c, createPerRow(config, row + 1));
  multiplyRow(plan, c, q);
  const values = q.map((product, j) => (plan.gain ? product * plan.gain[j] : product) + plan.bias[j]);
  // In topk a latent competes with the smallest that was kept, in groupmax with the others of its group.
  const smallest = plan.k !== undefined && active.length === plan.k ? Math.min(...active) : 0;
  const rival = (j: number) => {
    const first = Math.floor(j / plan.groupSize!) * plan.groupSize!;
    return Math.max(0, ...values.subarray(first, first + plan.groupSize!).filter((_, i) => first + i !== j));
  };
  return q.map((product, j) => {
    const p = values[j];
    const bar = plan.groupSize === undefined ? smallest : rival(j);
    const fromThreshold = Math.abs(p - Math.max(bar, plan.threshold ? plan.threshold[j] : 0));
    return plan.gateBias ? Math.min(fromThreshold, Math.abs(product + plan.gateBias[j])) : fromThreshold;
  });
}

/** Dictionaries of odd shapes with rows to encode: widths around the kernels' tiles, one row, many rows. */
export function randomSuite(architecture: Architecture, count: number): { dictionary: Dictionary; x: Float32Array<ArrayBuffer> }[] {
  return Array.from({ length: count }, (_, seed) => {
    const random = createRandom(1000 + seed);
    const among = (choices: number[]) => choices[Math.floor(random() * choices.length)];
    const d_in = among([1, 2, 3, 7, 16, 31, 64, 100, 257]);
    const d_sae = among([1, 2, 7, 8, 9, 63, 64, 65, 127, 300, 1025]);
    const n = among([1, 2, 3, 4, 5, 17, 64, 65, 130]);
    const dictionary = createDictionary(
      {
        architecture,
        d_in,
        d_out: d_in,
        d_sae,
        ...((isTopk(architecture) || isBatchTopk(architecture)) && { k: Math.min(d_sae, among([1, 2, 5, 40])) }),
        // Groups of one size: some divisor.
        ...(isGroupmax(architecture) && { k: among([1, 2, 3, 5, 7, 8, 25, 64].filter((k) => d_sae % k === 0)) }),
        ...((architecture === 'topk' || isBatchTopk(architecture)) && { rescale_acts_by_decoder_norm: random() < 0.5 }),
        apply_b_dec_to_input: architecture !== 'tied' && random() < 0.5,
        normalize_activations: among([0, 1, 2]) === 0 && architecture !== 'tied' ? 'layer_norm' : 'none',
        ...(architecture === 'tied' && { activation_scale: 0.3 }),
        // sparsify's, which knows nothing else.
        ...(architecture === 'groupmax' && { apply_b_dec_to_input: true, normalize_activations: 'none' as const }),
      },
      seed + 1,
    );
    if (readFormOf(architecture).selects === 'thresholds')
      dictionary.tensors.threshold = dictionary.tensors.threshold!.map((t) => Math.abs(t));
    return { dictionary, x: randomNormal(random, n * d_in, 2) };
  });
}

/** Correlation of two columns, as its formula stands; 0 where one never changes. */
export function pearson(a: number[], b: number[]): number {
  const mean = (v: number[]) => v.reduce((x, y) => x + y, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (f: (i: number) => number) => a.reduce((total, _, i) => total + f(i), 0);
  const scale = Math.sqrt(sum((i) => (a[i] - ma) ** 2) * sum((i) => (b[i] - mb) ** 2));
  return scale > 0 ? sum((i) => (a[i] - ma) * (b[i] - mb)) / scale : 0;
}
