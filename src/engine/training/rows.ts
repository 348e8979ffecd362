/** Sums over the rows of one batch. */
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import { encodeActivations } from '../dictionary/encode.ts';

/** Σ‖x − mean x‖² over the rows of a batch: what FVU divides by; 0 for one row. @param x [rows, d] */
export function batchVariation(x: Float32Array, d: number): number {
  const rows = x.length / d;
  const sums = new Float64Array(d);
  let squares = 0;
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < d; i++) {
      const v = x[r * d + i];
      sums[i] += v;
      squares += v * v;
    }
  }
  return squares - sums.reduce((sum, s) => sum + s * s, 0) / rows;
}

/** FVU; NaN for rows that do not vary, such as the only one of a last batch: a gap in a curve, not a point off its axis. */
export function shareUnexplained(squaredError: number, variation: number): number {
  return variation > 0 ? squaredError / variation : NaN;
}

/** ‖x − x̂‖² of each row. @param x [rows, d_in], as the dictionary reads it */
export async function rowLosses(engine: SaeEngine, dictionary: Dictionary, x: Float32Array): Promise<Float64Array> {
  const { d_in } = dictionary.config;
  const latents = await encodeActivations(engine, dictionary, { data: x, lengths: [x.length / d_in] });
  const xhat = await engine.decode(dictionary, latents);
  return Float64Array.from({ length: x.length / d_in }, (_, r) => {
    let sum = 0;
    for (let i = r * d_in; i < (r + 1) * d_in; i++) sum += (x[i] - xhat[i]) ** 2;
    return sum;
  });
}
