/**
 * FastICA (Hyvärinen 1999), as scikit-learn's defaults have it: log cosh, all components at once, symmetric decorrelation,
 * unit variance. Whitening is in float64.
 */
import { createRandom } from '../array/random.ts';
import { UsageError } from '../errors.ts';
import { decorrelate } from './decorrelate.ts';
import { principalComponents } from './pca.ts';
import { dots, transpose, type HeldRows, type Products } from './products.ts';

/** scikit-learn's. */
export const ICA_LIMITS = { iterations: 200, tolerance: 1e-4 } as const;

/** A direction that varies less than this part of the strongest one is noise of fp32, which whitening would blow up. */
const LEAST_SHARE = 1e-12;

interface Whitening {
  /** z = white·(x − mean) has covariance 1. [c, d] */
  white: Float64Array;
  /** Its pseudo-inverse, turned: x − mean ≈ z·colour. [c, d] */
  colour: Float64Array;
  /** c */
  components: number;
}

/**
 * @param components how many; absent: all that vary
 * @throws UsageError when fewer vary than are asked for
 */
export function whiten(covariance: Float64Array, d: number, components?: number): Whitening {
  const { eigenvalues, directions } = principalComponents(covariance, d);
  const vary = eigenvalues.findIndex((value) => !(value > LEAST_SHARE * eigenvalues[0]));
  const there = vary < 0 ? d : vary;
  if (there === 0) throw new UsageError('The activations do not vary, so there are no independent components.');
  const c = components ?? there;
  if (c > there)
    throw new UsageError(`Only ${there} of the ${d} directions vary, so there are no ${c} independent components. Ask for fewer.`);
  const scaled = (power: number) => directions.slice(0, c * d).map((value, at) => value * eigenvalues[Math.floor(at / d)] ** power);
  return { white: scaled(-0.5), colour: scaled(0.5), components: c };
}

interface IcaJob {
  products: Pick<Products, 'project' | 'decomposed'>;
  /** White rows in pieces. */
  pieces: readonly HeldRows[];
  /** Rows of all pieces. */
  rows: number;
  components: number;
  seed: number;
  /** Default scikit-learn's. */
  tolerance?: number;
  /** After each big product; may throw to stop. */
  pause: () => Promise<void>;
  /** After each iteration, with how far it moved. */
  onIteration?: (iteration: number, change: number) => void;
}

interface Unmixing {
  /** Of white rows: s = rotation·z. Orthogonal. [c, c] */
  rotation: Float64Array;
  iterations: number;
  /** Largest 1 − |cosine| of a component with itself in the last iteration. */
  change: number;
  converged: boolean;
}

export async function fastIca(job: IcaJob): Promise<Unmixing> {
  const { pieces, rows, components: c, seed, tolerance = ICA_LIMITS.tolerance, pause } = job;
  const random = createRandom(seed);
  const orthogonal = (matrix: Float64Array) => decorrelate(matrix, c, job.products, pause);
  let w = await orthogonal(Float64Array.from({ length: c * c }, () => normal(random)));
  let change = Infinity;
  for (let iteration = 1; iteration <= ICA_LIMITS.iterations; iteration++) {
    const product = new Float64Array(c * c);
    const slope = new Float64Array(c);
    for (const piece of pieces) {
      const sums = await piece.contrast(w);
      sums.product.forEach((value, at) => (product[at] += value));
      sums.slope.forEach((value, at) => (slope[at] += value));
      await pause();
    }
    const next = await orthogonal(product.map((value, at) => (value - slope[Math.floor(at / c)] * w[at]) / rows));
    change = changeOf(next, w, c);
    w = next;
    job.onIteration?.(iteration, change);
    if (change < tolerance) return { rotation: w, iterations: iteration, change, converged: true };
  }
  return { rotation: w, iterations: ICA_LIMITS.iterations, change, converged: false };
}

/** Encoder and decoder rows of the components: s = unmixing·(x − mean), x − mean ≈ s·mixing. [c, d] each */
export function unmix(
  { rotation }: Unmixing,
  { white, colour, components: c }: Whitening,
): { unmixing: Float64Array; mixing: Float64Array } {
  const times = (rows: Float64Array) => dots(rotation, transpose(rows, c, rows.length / c), c);
  return { unmixing: times(white), mixing: times(colour) };
}

function changeOf(next: Float64Array, before: Float64Array, c: number): number {
  let largest = 0;
  for (let i = 0; i < c; i++) {
    let cosine = 0;
    for (let j = i * c; j < (i + 1) * c; j++) cosine += next[j] * before[j];
    largest = Math.max(largest, Math.abs(Math.abs(cosine) - 1));
  }
  return largest;
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
