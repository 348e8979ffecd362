/**
 * Dead latents begin again at inputs the dictionary explains badly (Bricken et al. 2023, "Towards Monosemanticity",
 * appendix; the constants are dictionary_learning's): rows are drawn with probability ∝ their loss squared, the
 * decoder row becomes the row's direction, the encoder row the same at 0.2 × the mean norm of living encoder rows,
 * the bias 0, and Adam forgets what it knew of the latent.
 */
import type { AdamState } from './adam.ts';
import { take, type Numbers, type ParameterName, type Parameters, type Sizes } from './types.ts';
import { dot, rowNorms } from './vectors.ts';

const ENCODER_SHARE = 0.2;

/**
 * Changes parameters and optimiser in place.
 * @param dead latents to begin again
 * @param x [rows, d_in] candidates, as the encoder is fed
 * @param losses ‖x − x̂‖² of each candidate
 * @param random next number in [0, 1)
 * @returns the latents that began again: all of `dead`, or none when no candidate has a loss
 */
export function resample(
  { d_in, d_sae }: Sizes,
  parameters: Parameters,
  adam: AdamState,
  dead: readonly number[],
  x: Numbers,
  losses: ArrayLike<number>,
  random: () => number,
): readonly number[] {
  const cumulative = cumulate(losses);
  if (dead.length === 0 || !(cumulative[cumulative.length - 1] > 0)) return [];
  const isDead = new Set(dead);
  const encoder = parameters.W_enc;
  const scale = encoder ? ENCODER_SHARE * meanNorm(encoder, d_sae, d_in, isDead) : 0;
  const b_dec = parameters.b_dec;
  for (const latent of dead) {
    const direction = unit(x, pick(cumulative, random()), d_in, b_dec);
    // A tied dictionary has one matrix, whose rows the forward pass normalises: their mean norm keeps Adam's pace.
    const norm = encoder ? 1 : meanNorm(take(parameters, 'W_dec'), d_sae, d_in, isDead);
    for (let i = 0; i < d_in; i++) {
      take(parameters, 'W_dec')[latent * d_in + i] = norm * direction[i];
      if (encoder) encoder[latent * d_in + i] = scale * direction[i];
    }
    take(parameters, 'b_enc')[latent] = 0;
    forget(adam, parameters, latent, d_in);
  }
  return dead;
}

/** Running sums of the squared losses. */
function cumulate(losses: ArrayLike<number>): Float64Array {
  let sum = 0;
  return Float64Array.from(losses, (loss) => (sum += loss * loss));
}

/** First place whose running sum passes the share `u` of the whole. */
function pick(cumulative: Float64Array, u: number): number {
  const target = u * cumulative[cumulative.length - 1];
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Mean ‖row‖ of living latents; 1 when none lives. */
function meanNorm(matrix: Numbers, rows: number, width: number, isDead: ReadonlySet<number>): number {
  const living = [...rowNorms(matrix, rows, width)].filter((_, row) => !isDead.has(row));
  return living.length > 0 ? living.reduce((a, b) => a + b, 0) / living.length : 1;
}

function unit(x: Numbers, row: number, width: number, origin: Numbers | undefined): Float64Array {
  const direction = Float64Array.from({ length: width }, (_, i) => x[row * width + i] - (origin?.[i] ?? 0));
  const norm = Math.sqrt(dot(direction, 0, direction, 0, width));
  // A row at the origin points nowhere; the first axis is as good as any.
  if (!(norm > 0)) return Float64Array.from({ length: width }, (_, i) => (i === 0 ? 1 : 0));
  return direction.map((v) => v / norm);
}

/** Adam's means of everything that belongs to one latent. */
function forget({ m, v }: AdamState, parameters: Parameters, latent: number, width: number): void {
  for (const name of Object.keys(parameters) as ParameterName[]) {
    if (name === 'b_dec') continue;
    const size = name === 'b_enc' ? 1 : width;
    for (const mean of [m, v]) take(mean, name).fill(0, latent * size, (latent + 1) * size);
  }
}
