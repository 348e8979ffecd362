/** Symmetric decorrelation, which FastICA does after every iteration. */
import { eigen } from './pca.ts';
import { dots, transpose, type Products } from './products.ts';

/** As far as products in fp32 come; the last steps are in float64. */
const NEAR = 1e-3;
const EXACT = 1e-9;
/** A singular value grows by half in a step, so this reaches 1 from 1e-8. */
const MOST_STEPS = 50;

/**
 * (W·Wᵀ)^−½·W: the orthogonal matrix nearest to W. Newton and Schulz's X ← 3/2·X − 1/2·X·Xᵀ·X, which is products alone;
 * eigenvectors of W·Wᵀ where there are few, or where a singular value is too small.
 * @param w [c, c]
 * @param pause between products; may throw to stop
 */
export async function decorrelate(
  w: Float64Array,
  c: number,
  products: Pick<Products, 'project' | 'decomposed'>,
  pause: () => Promise<void>,
): Promise<Float64Array> {
  if (c <= products.decomposed) {
    await pause();
    return byEigenvectors(w, c);
  }
  let x: Float64Array = w.map((value) => value / boundOf(w, c));
  for (let step = 0; step < MOST_STEPS; step++) {
    const gram = Float64Array.from(await products.project(x, x, c));
    const isNear = deviation(gram, c) < NEAR;
    const { next, error } = isNear ? polish(x, c) : { next: move(x, await products.project(gram, transpose(x, c, c), c)), error: Infinity };
    x = next;
    await pause();
    if (error < EXACT) return x;
  }
  return byEigenvectors(w, c);
}

/** A step in float64. @returns how far from orthogonal the matrix was, whose square is what is left */
function polish(x: Float64Array, c: number): { next: Float64Array; error: number } {
  const gram = dots(x, x, c);
  return { next: move(x, dots(gram, transpose(x, c, c), c)), error: deviation(gram, c) ** 2 };
}

function move(x: Float64Array, cubed: ArrayLike<number>): Float64Array {
  return x.map((value, at) => 1.5 * value - 0.5 * cubed[at]);
}

/** No singular value is above this: the root of the largest sum of sizes in a row of W·Wᵀ. */
function boundOf(w: Float64Array, c: number): number {
  const gram = dots(w, w, c);
  let largest = Number.MIN_VALUE;
  for (let i = 0; i < c; i++) {
    let sum = 0;
    for (let j = i * c; j < (i + 1) * c; j++) sum += Math.abs(gram[j]);
    largest = Math.max(largest, sum);
  }
  return Math.sqrt(largest);
}

/** Largest distance of an entry from the unit matrix's. */
function deviation(gram: Float64Array, c: number): number {
  let largest = 0;
  gram.forEach((value, at) => (largest = Math.max(largest, Math.abs(value - (at % (c + 1) === 0 ? 1 : 0)))));
  return largest;
}

function byEigenvectors(w: Float64Array, c: number): Float64Array {
  const { values, vectors } = eigen(dots(w, w, c), c);
  const v = Float64Array.from({ length: c * c }, (_, at) => vectors.get(Math.floor(at / c), at % c));
  // As scikit-learn: what rounding makes of a vanishing one must not be divided by.
  const scaled = v.map((value, at) => value / Math.sqrt(Math.max(Number.MIN_VALUE, values[at % c])));
  return dots(dots(scaled, v, c), transpose(w, c, c), c);
}
