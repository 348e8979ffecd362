/**
 * Figures of a dictionary, each with its one formula (reference/sae-libraries.md C3, reference/paper.md A5).
 * Accumulators take a set in batches of any size and give figures of the whole set: never a mean of
 * per-batch ratios, save where the name says so.
 */
import type { Latents } from './latents.ts';

/** Added before taking log10 of a density (SAELens sparsity.safetensors). */
const DENSITY_FLOOR = 1e-10;

type ReconstructionFigures = {
  /** Rows seen. */
  rows: number;
  /** Mean over rows and dims of (x − x̂)² (sparse_coding). */
  mse: number;
  /** Mean over rows of Σ_dims (x − x̂)² (SAELens from 6.45.2): d × `mse`. */
  mseSum: number;
  /** Mean over rows of ‖x − x̂‖. */
  rmseNorm: number;
  /** Σ‖x − x̂‖² / Σ‖x − mean x‖², both over the whole set; NaN for a constant set. */
  fvu: number;
  /** 1 − fvu. */
  explainedVariance: number;
  /** dictionary_learning's: 1 − Σ_dims var(x − x̂) / Σ_dims var(x); a constant offset of x̂ costs nothing. */
  fracVarianceExplained: number;
  /** SAEBench's and SAELens's before 6.45.1, wrong but published; a mean over the batches as given. */
  explainedVarianceSaebench: number;
  /** Mean over rows of cos(x, x̂); a row of zeros counts as 0. */
  cosine: number;
  /** Mean over rows of ‖x‖ and of ‖x̂‖. */
  l2NormIn: number;
  l2NormOut: number;
  /** Mean over rows of ‖x̂‖/‖x‖, rows of zeros left out; below 1 is shrinkage. */
  l2Ratio: number;
  /** Mean ‖x̂‖² / mean ⟨x̂, x⟩; below 1 is shrinkage. */
  relativeReconstructionBias: number;
};

/** Sums of a set of rows and their reconstructions, in float64. */
export class ReconstructionMetrics {
  private rows = 0;
  private readonly d: number;
  /** Sums are of x less the first row, so that a large mean does not drown the variance. */
  private origin: Float64Array | undefined;
  private readonly sumX: Float64Array;
  private readonly sumError: Float64Array;
  private squareX = 0;
  private squareError = 0;
  private normError = 0;
  private cosine = 0;
  private normIn = 0;
  private normOut = 0;
  private ratio = 0;
  private ratioRows = 0;
  private squareOut = 0;
  private inner = 0;
  private batches = 0;
  private batchError = 0;
  private batchSquare = 0;

  /** @param d numbers in a row */
  constructor(d: number) {
    this.d = d;
    this.sumX = new Float64Array(d);
    this.sumError = new Float64Array(d);
  }

  /**
   * @param x [n, d]
   * @param xhat [n, d]
   */
  add(x: ArrayLike<number>, xhat: ArrayLike<number>): void {
    const n = x.length / this.d;
    if (n === 0) return;
    this.origin ??= Float64Array.from({ length: this.d }, (_, i) => x[i]);
    let batchError = 0;
    let batchSquare = 0;
    for (let r = 0; r < n; r++) {
      const row = this.addRow(x, xhat, r * this.d, this.origin);
      batchError += row.error;
      batchSquare += row.square;
    }
    this.rows += n;
    this.batches++;
    this.batchError += batchError / n;
    this.batchSquare += batchSquare / n;
  }

  private addRow(x: ArrayLike<number>, xhat: ArrayLike<number>, at: number, origin: Float64Array): { error: number; square: number } {
    let error = 0;
    let square = 0;
    let out = 0;
    let inner = 0;
    for (let i = 0; i < this.d; i++) {
      const v = x[at + i];
      const w = xhat[at + i];
      const moved = v - origin[i];
      this.sumX[i] += moved;
      this.squareX += moved * moved;
      this.sumError[i] += v - w;
      error += (v - w) * (v - w);
      square += v * v;
      out += w * w;
      inner += v * w;
    }
    this.squareError += error;
    this.normError += Math.sqrt(error);
    this.normIn += Math.sqrt(square);
    this.normOut += Math.sqrt(out);
    this.squareOut += out;
    this.inner += inner;
    if (square > 0 && out > 0) this.cosine += inner / Math.sqrt(square * out);
    if (square > 0) {
      this.ratio += Math.sqrt(out / square);
      this.ratioRows++;
    }
    return { error, square };
  }

  /** @returns figures of everything added; NaN throughout when nothing was */
  finish(): ReconstructionFigures {
    const { rows, d } = this;
    const aboutMean = this.squareX - sumOfSquares(this.sumX) / rows;
    const errorAboutMean = this.squareError - sumOfSquares(this.sumError) / rows;
    const fvu = aboutMean > 0 ? this.squareError / aboutMean : NaN;
    const meanSquare = this.batchSquare / this.batches;
    return {
      rows,
      mse: this.squareError / rows / d,
      mseSum: this.squareError / rows,
      rmseNorm: this.normError / rows,
      fvu,
      explainedVariance: 1 - fvu,
      fracVarianceExplained: aboutMean > 0 ? 1 - errorAboutMean / aboutMean : NaN,
      explainedVarianceSaebench: 1 - this.batchError / this.batches / (meanSquare - (meanSquare / d) ** 2),
      cosine: this.cosine / rows,
      l2NormIn: this.normIn / rows,
      l2NormOut: this.normOut / rows,
      l2Ratio: this.ratio / this.ratioRows,
      relativeReconstructionBias: this.squareOut / this.inner,
    };
  }

  /** Mean of the rows added so far. [d] */
  mean(): Float64Array<ArrayBuffer> {
    return Float64Array.from(this.sumX, (sum, i) => sum / this.rows + (this.origin ? this.origin[i] : NaN));
  }
}

/**
 * How much of each row the dictionary explains: 1 − ‖x − x̂‖² / ‖x − mean‖². At most 1; below 0 where
 * the mean would have been the better guess; NaN for a row that is the mean. (SAELens's "legacy"
 * explained variance is the mean of this; the figure of a set is `explainedVariance`.)
 * @param x [n, d]
 * @param xhat [n, d]
 * @param mean [d]; zeros measure against ‖x‖²
 * @returns [n]
 */
export function explainedPerRow(x: ArrayLike<number>, xhat: ArrayLike<number>, mean: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const d = mean.length;
  const explained = new Float32Array(x.length / d);
  for (let r = 0; r < explained.length; r++) {
    let error = 0;
    let about = 0;
    for (let i = 0; i < d; i++) {
      error += (x[r * d + i] - xhat[r * d + i]) ** 2;
      about += (x[r * d + i] - mean[i]) ** 2;
    }
    explained[r] = about > 0 ? 1 - error / about : NaN;
  }
  return explained;
}

/** Mean over rows of the number of active latents. */
export function l0({ rows, values }: Pick<Latents, 'rows' | 'values'>): number {
  return values.length / (rows.length - 1);
}

/** Mean over rows of Σ f. */
export function l1({ rows, values }: Pick<Latents, 'rows' | 'values'>): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum / (rows.length - 1);
}

/** How often each latent fires, over rows added in order. */
export class FiringCounts {
  /** Rows on which a latent fired. [d_sae] */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** Sum and maximum of a latent's values. [d_sae] */
  readonly sums: Float64Array<ArrayBuffer>;
  readonly maxima: Float32Array<ArrayBuffer>;
  rows = 0;
  private readonly lastRow: Float64Array;

  constructor(d_sae: number) {
    this.counts = new Uint32Array(d_sae);
    this.sums = new Float64Array(d_sae);
    this.maxima = new Float32Array(d_sae);
    this.lastRow = new Float64Array(d_sae).fill(-1);
  }

  add({ rows, latents, values }: Latents): void {
    for (let r = 0; r < rows.length - 1; r++) {
      for (let e = rows[r]; e < rows[r + 1]; e++) {
        const latent = latents[e];
        this.counts[latent]++;
        this.sums[latent] += values[e];
        if (values[e] > this.maxima[latent]) this.maxima[latent] = values[e];
        this.lastRow[latent] = this.rows + r;
      }
    }
    this.rows += rows.length - 1;
  }

  /** Share of rows a latent fires on. [d_sae] */
  density(): Float64Array<ArrayBuffer> {
    return Float64Array.from(this.counts, (count) => count / this.rows);
  }

  /** log10(density + 1e-10), as sparsity.safetensors has it. [d_sae] */
  log10Density(): Float64Array<ArrayBuffer> {
    return this.density().map((density) => Math.log10(density + DENSITY_FLOOR));
  }

  /** Latents that fired on more than `rows` rows (the paper: 10). */
  alive(rows = 0): number {
    return this.counts.reduce((n, count) => n + (count > rows ? 1 : 0), 0);
  }

  /** Latents silent on the last `window` rows, or on all when fewer were added. */
  dead(window: number): number {
    return this.lastRow.reduce((n, last) => n + (last < this.rows - window ? 1 : 0), 0);
  }
}

/**
 * Cosine of every row of A with every row of B; a row of zeros has cosine 0 with all.
 * @param A [a, d]
 * @param B [b, d]
 * @returns [a, b]
 */
export function cosines(A: ArrayLike<number>, B: ArrayLike<number>, d: number): Float64Array<ArrayBuffer> {
  const a = A.length / d;
  const b = B.length / d;
  const normsA = norms(A, d);
  const normsB = norms(B, d);
  const result = new Float64Array(a * b);
  for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) result[i * b + j] = cosineOf(A, i, normsA[i], B, j, normsB[j], d);
  return result;
}

/**
 * For each row of A the largest signed cosine with any row of B (sparse_coding mcs_duplicates). Not symmetric.
 * @returns [a]
 */
export function maxCosines(A: ArrayLike<number>, B: ArrayLike<number>, d: number): Float64Array<ArrayBuffer> {
  const normsB = norms(B, d);
  return norms(A, d).map((norm, i) => {
    let most = -1;
    for (let j = 0; j < normsB.length; j++) most = Math.max(most, cosineOf(A, i, norm, B, j, normsB[j], d));
    return most;
  });
}

/** Mean of `maxCosines`. */
export function mmcs(A: ArrayLike<number>, B: ArrayLike<number>, d: number): number {
  const all = maxCosines(A, B, d);
  return all.reduce((sum, c) => sum + c, 0) / all.length;
}

function cosineOf(A: ArrayLike<number>, i: number, normA: number, B: ArrayLike<number>, j: number, normB: number, d: number): number {
  let inner = 0;
  for (let k = 0; k < d; k++) inner += A[i * d + k] * B[j * d + k];
  return normA > 0 && normB > 0 ? inner / (normA * normB) : 0;
}

function norms(matrix: ArrayLike<number>, d: number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: matrix.length / d }, (_, r) => {
    let square = 0;
    for (let i = r * d; i < (r + 1) * d; i++) square += matrix[i] * matrix[i];
    return Math.sqrt(square);
  });
}

function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, v) => sum + v * v, 0);
}
