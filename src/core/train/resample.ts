/**
 * Dead latents begin again at inputs the dictionary explains badly. The source (Bricken et al. 2023, "Towards
 * Monosemanticity", appendix) draws an input for each dead latent with probability ∝ its loss squared, out of 819,200,
 * where hardly one comes twice. A batch has few, and two latents that begin at one row have the same gradients for
 * ever; so each row is drawn at most once, as dictionary_learning does (which draws ∝ the loss; its constants are
 * these). The decoder row becomes the row's direction, the encoder row the same at 0.2 × the mean norm of living
 * encoder rows, the bias 0, and Adam forgets what it knew of the latent.
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
 * @returns the latents that began again: the first of `dead`, as many as there are different candidates with a loss
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
  const rows = draw(dead.length, x, d_in, losses, random);
  const revived = dead.slice(0, rows.length);
  if (revived.length === 0) return revived;
  const isDead = new Set(dead);
  const decoder = take(parameters, 'W_dec');
  const encoder = parameters.W_enc;
  const scale = encoder ? ENCODER_SHARE * meanNorm(encoder, d_sae, d_in, isDead) : 0;
  // A tied dictionary has one matrix, whose rows the forward pass normalises: their mean norm keeps Adam's pace.
  const norm = encoder ? 1 : meanNorm(decoder, d_sae, d_in, isDead);
  for (const [n, latent] of revived.entries()) {
    const direction = unit(x, rows[n], d_in, parameters.b_dec);
    for (let i = 0; i < d_in; i++) {
      decoder[latent * d_in + i] = norm * direction[i];
      if (encoder) encoder[latent * d_in + i] = scale * direction[i];
    }
    take(parameters, 'b_enc')[latent] = 0;
    forget(adam, parameters, latent, d_in);
  }
  return revived;
}

/**
 * At most `most` rows, each drawn with probability ∝ its squared loss among those left: that is the order of
 * −ln u / weight (Efraimidis and Spirakis 2006).
 */
function draw(most: number, x: Numbers, width: number, losses: ArrayLike<number>, random: () => number): number[] {
  const places = Float64Array.from(losses, (loss) => -Math.log(1 - random()) / (loss * loss));
  const order = [...places.keys()].filter((row) => losses[row] * losses[row] > 0).sort((a, b) => places[a] - places[b]);
  return firstDifferent(most, order, x, width);
}

/** The first rows, less those with the numbers of one before: one token at the first position always gives one row. */
function firstDifferent(most: number, rows: readonly number[], x: Numbers, width: number): number[] {
  const found: number[] = [];
  const byNorm = new Map<number, number[]>();
  for (const row of rows) {
    if (found.length === most) break;
    const norm = dot(x, row * width, x, row * width, width);
    const near = byNorm.get(norm) ?? [];
    if (near.some((other) => isSame(x, other, row, width))) continue;
    byNorm.set(norm, [...near, row]);
    found.push(row);
  }
  return found;
}

function isSame(x: Numbers, a: number, b: number, width: number): boolean {
  for (let i = 0; i < width; i++) if (x[a * width + i] !== x[b * width + i]) return false;
  return true;
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
