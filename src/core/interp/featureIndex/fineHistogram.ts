/**
 * Histograms of unknown range, one a latent: equal bins of a width that is a power of two, which doubles (pairs of bins
 * are joined, exactly) when a value lies beyond the last. The width in the end depends on the largest value alone.
 */

/** Widths reach from 2^LEAST up. */
const LEAST_EXPONENT = -60;

export class FineHistograms {
  readonly bins: number;
  /** Values below 0 have bins too; then 0 lies in the middle. */
  readonly isSigned: boolean;
  /** [latents, bins] */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** Width of a latent's bins is 2 to this; LEAST_EXPONENT where it has no values. [latents] */
  readonly exponents: Int16Array<ArrayBuffer>;
  readonly #perWidth: Float64Array;
  readonly #half: number;

  constructor(latents: number, bins: number, isSigned: boolean) {
    this.bins = bins;
    this.isSigned = isSigned;
    this.counts = new Uint32Array(latents * bins);
    this.exponents = new Int16Array(latents).fill(LEAST_EXPONENT);
    this.#perWidth = Float64Array.from(this.exponents, (e) => 2 ** -e);
    this.#half = isSigned ? bins / 2 : 0;
  }

  /** To be called when counts and exponents were filled from outside. */
  restored(): void {
    this.exponents.forEach((e, j) => (this.#perWidth[j] = 2 ** -e));
  }

  add(latent: number, value: number): void {
    let bin = Math.floor(value * this.#perWidth[latent]) + this.#half;
    if (bin >= this.bins || bin < 0) {
      let exponent = this.exponents[latent];
      do bin = Math.floor(value * 2 ** -++exponent) + this.#half;
      while (bin >= this.bins || bin < 0);
      this.#widen(latent, exponent);
    }
    this.counts[latent * this.bins + bin]++;
  }

  merge(latent: number, other: FineHistograms): void {
    if (other.exponents[latent] > this.exponents[latent]) this.#widen(latent, other.exponents[latent]);
    this.#join(latent, other.of(latent), this.exponents[latent] - other.exponents[latent]);
  }

  /** Bins of a latent. */
  of(latent: number): Uint32Array {
    return this.counts.subarray(latent * this.bins, (latent + 1) * this.bins);
  }

  #widen(latent: number, exponent: number): void {
    const from = this.exponents[latent];
    this.exponents[latent] = exponent;
    this.#perWidth[latent] = 2 ** -exponent;
    if (from === LEAST_EXPONENT) return;
    const old = this.of(latent).slice();
    this.of(latent).fill(0);
    this.#join(latent, old, exponent - from);
  }

  /** Adds bins that are 2^-shift as wide. */
  #join(latent: number, narrow: Uint32Array, shift: number): void {
    const row = this.of(latent);
    for (let b = 0; b < this.bins; b++) if (narrow[b] > 0) row[Math.floor((b - this.#half) * 2 ** -shift) + this.#half] += narrow[b];
  }
}

/** Bins shown. */
const SHOWN = 50;

/**
 * 50 equal bins of a latent, each of the same number of fine ones: from 0, or as far below 0 as above where values are
 * signed, to just above the largest.
 */
export function shownHistogram(fine: FineHistograms, latent: number): { edges: number[]; counts: number[] } {
  const width = 2 ** fine.exponents[latent];
  const row = fine.of(latent);
  const half = fine.isSigned ? fine.bins / 2 : 0;
  const above = row.findLastIndex((count) => count > 0) + 1 - half;
  const below = fine.isSigned
    ? half -
      Math.max(
        0,
        row.findIndex((count) => count > 0),
      )
    : 0;
  const shownOnASide = fine.isSigned ? SHOWN / 2 : SHOWN;
  const each = Math.max(1, Math.ceil(Math.max(above, below) / shownOnASide));
  const first = fine.isSigned ? half - shownOnASide * each : 0;
  const counts = Array.from({ length: SHOWN }, (_, i) => {
    let sum = 0;
    for (let b = Math.max(0, first + i * each); b < Math.min(fine.bins, first + (i + 1) * each); b++) sum += row[b];
    return sum;
  });
  return { edges: Array.from({ length: SHOWN + 1 }, (_, i) => (first - half + i * each) * width), counts };
}

/** Start at this many decades below 1, end above. */
const DECADES = { first: -8, last: 6, bins: 8 };
const LOG_BINS = (DECADES.last - DECADES.first) * DECADES.bins;
const LOG_EDGES = Float64Array.from({ length: LOG_BINS + 1 }, (_, i) => 10 ** (DECADES.first + i / DECADES.bins));

export { LOG_BINS };

/** The edge between log bins i − 1 and i, and which one an edge is. */
export function logEdge(i: number): number {
  return LOG_EDGES[i];
}
export function logEdgeAt(edge: number): number {
  return LOG_EDGES.indexOf(edge);
}

/** A guess of the bin for each exponent of fp32: its lowest number's. */
const GUESSES = Uint8Array.from({ length: 256 }, (_, e) =>
  Math.max(
    0,
    LOG_EDGES.findLastIndex((edge) => edge <= 2 ** (e - 127)),
  ),
);
const bits = new DataView(new ArrayBuffer(4));

/** The bin of |value|, by comparing with edges, so that no rounding of a logarithm decides; the outer ones take what lies beyond. */
export function logBin(value: number): number {
  bits.setFloat32(0, value);
  let bin = GUESSES[(bits.getUint16(0) >> 7) & 255];
  const size = Math.abs(value);
  while (bin < LOG_BINS - 1 && size >= LOG_EDGES[bin + 1]) bin++;
  return bin;
}

/** The bins from the first to the last that hold something. */
export function shownLogHistogram(counts: Uint32Array): { edges: number[]; counts: number[] } {
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return { edges: [], counts: [] };
  const last = counts.findLastIndex((count) => count > 0);
  return { edges: [...LOG_EDGES.subarray(first, last + 2)], counts: [...counts.subarray(first, last + 1)] };
}
