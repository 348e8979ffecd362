/** How much of the activations of one window a dictionary keeps. */
import { explainedPerRow } from './metrics.ts';

/** Sums of one window, from which those of a text are made: 1 − Σ‖x − x̂‖² / Σ‖x − mean‖². */
export type WindowExplained = {
  rows: number;
  /** Σ‖x − x̂‖². */
  error: number;
  /** Σ‖x − mean‖² about the window's own mean. */
  square: number;
  /** Of the rows. [d] */
  mean: Float64Array;
  /** Share of each row that is explained, against the window's own mean; NaN for a row that is the mean. [rows] */
  tokens: Float32Array;
};

/**
 * @param x [rows, d]
 * @param xhat [rows, d]
 * @param rows 0 for no rows, whose mean has no dimensions
 */
export function explainWindow(x: Float32Array, xhat: Float32Array, rows: number): WindowExplained {
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
