/** Active latents only, row by row: offsets, indices, values (compressed sparse rows). */
import { UsageError } from '../errors.ts';

export type Latents = {
  /** Row r holds entries rows[r] .. rows[r + 1] of `latents` and `values`. [n + 1] */
  rows: Uint32Array;
  /** Rising within a row. */
  latents: Uint32Array;
  /** In the dictionary's own units; greater than 0 unless its architecture keeps all, of whatever sign. */
  values: Float32Array;
  d_sae: number;
  /** What a row's reconstruction is multiplied by before `shift` is added; absent: 1. [n] */
  scale?: Float32Array;
  /** Added to every dimension of a row's reconstruction; absent: 0. [n] */
  shift?: Float32Array;
};

/** A latent's value in each row; 0 where it does not fire. [n] */
export function columnOf({ rows, latents, values }: Latents, latent: number): Float32Array {
  const column = new Float32Array(rows.length - 1);
  for (let r = 0; r < column.length; r++) column[r] = valueOf({ rows, latents, values }, r, latent);
  return column;
}

/** A latent's value in one row; 0 when it does not fire. */
export function valueOf({ rows, latents, values }: Pick<Latents, 'rows' | 'latents' | 'values'>, row: number, latent: number): number {
  let low = rows[row];
  let high = rows[row + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (latents[middle] < latent) low = middle + 1;
    else high = middle;
  }
  return low < rows[row + 1] && latents[low] === latent ? values[low] : 0;
}

const FIRST_CAPACITY = 1024;

/** Collects rows of unknown length in typed arrays that double. */
export class LatentsBuilder {
  readonly rows: Uint32Array<ArrayBuffer>;
  private row = 0;
  private used = 0;
  private latents = new Uint32Array(FIRST_CAPACITY);
  private values = new Float32Array(FIRST_CAPACITY);

  constructor(n: number) {
    this.rows = new Uint32Array(n + 1);
  }

  add(latent: number, value: number): void {
    if (this.used === this.latents.length) this.grow();
    this.latents[this.used] = latent;
    this.values[this.used++] = value;
  }

  endRow(): void {
    this.rows[++this.row] = this.used;
  }

  finish(d_sae: number, perRow: { scale?: Float32Array; shift?: Float32Array }): Latents {
    const { rows, used } = this;
    return { rows, latents: this.latents.slice(0, used), values: this.values.slice(0, used), d_sae, ...perRow };
  }

  private grow(): void {
    const latents = new Uint32Array(2 * this.used);
    const values = new Float32Array(2 * this.used);
    latents.set(this.latents);
    values.set(this.values);
    this.latents = latents;
    this.values = values;
  }
}

/**
 * Checks latents that came from a caller.
 * @returns the number of rows
 * @throws UsageError when the arrays do not fit each other or the dictionary
 */
export function assertLatents({ rows, latents, values, d_sae, scale, shift }: Latents, expected_d_sae: number): number {
  const n = rows.length - 1;
  if (d_sae !== expected_d_sae)
    throw new UsageError(`These latents belong to a dictionary of ${d_sae} latents; this one has ${expected_d_sae}.`);
  if (n < 0 || rows[0] !== 0 || rows[n] !== latents.length || latents.length !== values.length) {
    throw new UsageError('The latents do not fit together: rows must begin with 0 and end with the length of latents and of values.');
  }
  for (let r = 0; r < n; r++)
    if (rows[r + 1] < rows[r]) throw new UsageError(`The latents do not fit together: rows falls after entry ${r}.`);
  for (const latent of latents) if (latent >= d_sae) throw new UsageError(`There is no latent ${latent}; the dictionary has ${d_sae}.`);
  for (const perRow of [scale, shift]) {
    if (perRow && perRow.length !== n)
      throw new UsageError(`The latents do not fit together: ${n} rows, but ${perRow.length} values in scale or shift.`);
  }
  return n;
}

/** @returns the latents as a dense row-major array [n, d_sae]; for small n only */
export function toDense({ rows, latents, values, d_sae }: Latents): Float32Array<ArrayBuffer> {
  const n = rows.length - 1;
  const dense = new Float32Array(n * d_sae);
  for (let r = 0; r < n; r++) for (let e = rows[r]; e < rows[r + 1]; e++) dense[r * d_sae + latents[e]] = values[e];
  return dense;
}
