/** How much of the activations a dictionary keeps, window by window. */
import type { WindowExplained } from '../../api/dictionaries.ts';

/** 1 − Σ‖x − x̂‖² / Σ‖x − mean x‖² over the tokens read, and token by token, there with the mean of the token's window. */
export interface Explained {
  text: number;
  /** NaN where a token has not been read. */
  tokens: Float32Array;
}

export const EXPLAINED_FORMULA = '1 − Σ‖x − x̂‖² / Σ‖x − mean‖²';

/** Of a text in windows; the parts' squares about their own means are moved to the mean of all. */
export function explainText(parts: readonly { first: number; explained: WindowExplained }[], tokens: number): Explained {
  const out = new Float32Array(tokens).fill(NaN);
  let rows = 0;
  let error = 0;
  let square = 0;
  let mean: Float64Array | null = null;
  for (const { first, explained } of parts) {
    out.set(explained.tokens, first);
    if (explained.rows === 0) continue;
    error += explained.error;
    square += explained.square;
    if (mean) square += (joinMeans(mean, rows, explained) * rows * explained.rows) / (rows + explained.rows);
    else mean = explained.mean.slice();
    rows += explained.rows;
  }
  return { text: square > 0 ? 1 - error / square : NaN, tokens: out };
}

/** Moves `mean` of `rows` rows to that of both; returns the squared distance of the two means. */
function joinMeans(mean: Float64Array, rows: number, { rows: more, mean: other }: WindowExplained): number {
  let distance = 0;
  for (let i = 0; i < mean.length; i++) {
    const step = other[i] - mean[i];
    distance += step * step;
    mean[i] += (step * more) / (rows + more);
  }
  return distance;
}
