/**
 * Data whose true features are known, after Sharkey et al. 2022 as the paper's code makes it (reference/paper.md F):
 * unit Gaussian directions; feature i of n is active with probability ∝ 0.99^i, `active` of them on average; strength
 * uniform on (0, 1). Optional correlation is left out: the paper's body does not use it.
 */
import { gaussian, randomRows } from './architectures/random.ts';
import { addScaled } from './vectors.ts';

export interface ToySettings {
  d: number;
  /** True features. */
  features: number;
  /** Mean number of features active in a row. */
  active: number;
  /** Probability of feature i falls as decay^i; 1 makes all equally common. */
  decay: number;
  /** Standard deviation of Gaussian noise on each number. */
  noise: number;
}

export const TOY: ToySettings = { d: 256, features: 512, active: 5, decay: 0.99, noise: 0 };

interface Toy {
  /** True directions, rows of norm 1. [features, d] */
  truth: Float32Array;
  /** Another `rows` rows. [rows, d] */
  sample(rows: number): Float32Array;
}

/** @param random next number in [0, 1) */
export function createToy({ d, features, active, decay, noise }: ToySettings, random: () => number): Toy {
  const truth = randomRows(features, d, 1, random);
  const weights = Float64Array.from({ length: features }, (_, i) => decay ** i);
  const total = weights.reduce((a, b) => a + b, 0);
  const chance = weights.map((w) => Math.min(1, (active * w) / total));
  return {
    truth,
    sample(rows) {
      const x = new Float32Array(rows * d);
      for (let r = 0; r < rows; r++) {
        for (let k = 0; k < features; k++) if (random() < chance[k]) addScaled(x, r * d, truth, k * d, random(), d);
        if (noise > 0) for (let i = r * d; i < (r + 1) * d; i++) x[i] += noise * gaussian(random);
      }
      return x;
    },
  };
}
