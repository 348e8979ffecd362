/**
 * Sums that do not depend on the order of what is added: every number is rounded once, to a multiple of a unit, and whole
 * numbers are added in two limbs. Exact up to 2²⁷ numbers of size 1,000.
 */
const LIMB = 2 ** 26;

export class ExactSums {
  /** In units of `unit · LIMB`, and of `unit`. */
  readonly high: Float64Array<ArrayBuffer>;
  readonly low: Float64Array<ArrayBuffer>;
  readonly #scale: number;

  /** @param unit a power of two */
  constructor(n: number, unit: number, from?: { high: Float64Array<ArrayBuffer>; low: Float64Array<ArrayBuffer> }) {
    this.high = from?.high ?? new Float64Array(n);
    this.low = from?.low ?? new Float64Array(n);
    this.#scale = 1 / unit;
  }

  add(i: number, value: number): void {
    const q = value * this.#scale;
    const high = Math.floor(q / LIMB);
    this.high[i] += high;
    this.low[i] += Math.round(q - high * LIMB);
  }

  addFrom(i: number, other: ExactSums, j: number): void {
    this.high[i] += other.high[j];
    this.low[i] += other.low[j];
  }

  value(i: number): number {
    return (this.high[i] * LIMB + this.low[i]) / this.#scale;
  }

  /** Brings every low limb below LIMB, so that the same sum has the same bytes. */
  carry(): void {
    for (let i = 0; i < this.low.length; i++) {
      const carried = Math.floor(this.low[i] / LIMB);
      this.high[i] += carried;
      this.low[i] -= carried * LIMB;
    }
  }
}

/** Values: exact from 2⁻⁷ up, since fp32 has 24 bits. Squares: to 2.3e-10. */
export const VALUE_UNIT = 2 ** -30;
export const SQUARE_UNIT = 2 ** -32;
