/** How much of the activations a dictionary keeps, window by window. */
import type { Array2 } from '../../api/model.ts';
import { explainedPerRow } from '../../core/sae/metrics.ts';

/** 1 − Σ‖x − x̂‖² / Σ‖x − mean x‖² over the tokens read, and token by token, there with the mean of the token's window. */
export interface Explained {
  text: number;
  /** NaN where a token has not been read. */
  tokens: Float32Array;
}

export const EXPLAINED_FORMULA = '1 − Σ‖x − x̂‖² / Σ‖x − mean‖²';

/** Sums of one window, from which those of a text are made. */
export interface WindowExplained {
  rows: number;
  error: number;
  /** Σ‖x − mean‖² about the window's own mean. */
  square: number;
  mean: Float64Array;
  tokens: Float32Array;
}

/**
 * @param x [n, d]
 * @param xhat [n, d]
 */
export function explainWindow({ data: x, shape }: Array2, { data: xhat }: Array2): WindowExplained {
  const rows = shape[0];
  const d = rows === 0 ? 0 : x.length / rows;
  const mean = new Float64Array(d);
  for (let i = 0; i < x.length; i++) mean[i % d] += x[i] / rows;
  let error = 0;
  let square = 0;
  for (let i = 0; i < x.length; i++) {
    error += (x[i] - xhat[i]) ** 2;
    square += (x[i] - mean[i % d]) ** 2;
  }
  return { rows, error, square, mean, tokens: explainedPerRow(x, xhat, mean) };
}

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
