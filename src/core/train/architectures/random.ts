/** Random directions for start weights. */
import { dot } from '../vectors.ts';

/** Rows of a given norm in uniformly random directions. [rows, width] */
export function randomRows(rows: number, width: number, norm: number, random: () => number): Float32Array {
  const matrix = Float64Array.from({ length: rows * width }, () => gaussian(random));
  for (let r = 0; r < rows; r++) {
    const scale = norm / Math.sqrt(dot(matrix, r * width, matrix, r * width, width));
    for (let i = r * width; i < (r + 1) * width; i++) matrix[i] *= scale;
  }
  return Float32Array.from(matrix);
}

/** Box and Muller's transform; 1 − u keeps the logarithm finite. */
export function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
