/** The rows and start weights every peer of `npm run bench:train` is given. */
import { createRandom } from '../../src/core/array/random.ts';
import { tied } from '../../src/core/train/architectures/tied.ts';
import { createToy } from '../../src/core/train/toy.ts';
import { take } from '../../src/core/train/types.ts';

export interface Shape {
  d: number;
  n: number;
  batch: number;
}

/** L1 weight at which the dictionaries of the benchmark become sparse within some hundred steps. */
export const ALPHA = 0.03;
/** Batches that are gone round. */
export const BATCHES = 4;

/** Sparse sums of n / 2 directions, scaled to mean norm √d as the product scales activations. */
export function makeBatches({ d, n, batch }: Shape): Float32Array[] {
  const toy = createToy({ d, features: n / 2, active: 16, decay: 1, noise: 0.02 }, createRandom(7));
  return Array.from({ length: BATCHES }, () => {
    const x = toy.sample(batch);
    let norms = 0;
    for (let r = 0; r < batch; r++) norms += Math.hypot(...x.subarray(r * d, (r + 1) * d));
    const scale = (Math.sqrt(d) * batch) / norms;
    return x.map((v) => v * scale);
  });
}

/** W_dec [n, d]; the bias starts at 0. */
export function makeWeights({ d, n }: Shape): Float32Array {
  return Float32Array.from(take(tied.init({ d_in: d, d_sae: n, alpha: ALPHA }, createRandom(1)), 'W_dec'));
}
