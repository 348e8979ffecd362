/** From active latents back to raw rows; work grows with the active latents, not with d_sae. */
import { UsageError } from '../errors.ts';
import { hasSkip, type Dictionary } from './dictionary.ts';
import { assertLatents, type Latents } from './latents.ts';
import { getPlan } from './plan.ts';

/**
 * x̂ in raw units of the dictionary's output hook. The specification of every other decoder.
 * @param o.x [n, d_in], the raw rows the latents came from; needed by skip transcoders only
 * @returns [n, d_out]
 * @throws UsageError when the latents do not fit the dictionary, or x is missing or has other rows
 */
export function decode(dictionary: Dictionary, latents: Latents, o: DecodeOptions = {}): Float32Array<ArrayBuffer> {
  const frame = createDecodeFrame(dictionary, latents, o);
  const { decoder, decoderGain } = getPlan(dictionary);
  const { d_out } = dictionary.config;
  const decoded = new Float32Array(frame.n * d_out);
  const sum = new Float64Array(d_out);
  for (let row = 0; row < frame.n; row++) {
    sum.fill(0);
    for (let e = latents.rows[row]; e < latents.rows[row + 1]; e++) {
      const latent = latents.latents[e];
      const value = latents.values[e] * (decoderGain ? decoderGain[latent] : 1);
      for (let i = 0, at = latent * d_out; i < d_out; i++) sum[i] += value * decoder[at + i];
    }
    frame.finishRow(row, sum, decoded);
  }
  return decoded;
}

export type DecodeOptions = { x?: Float32Array };

/** Everything of decoding but the sum over active latents, the same for every engine. */
interface DecodeFrame {
  /** Rows to decode. */
  n: number;
  /**
   * Adds bias, skip and a row's own scale and shift.
   * @param sum [d_out], Σ f·decoderGain·row of the row; used up
   * @param decoded [n, d_out], the row is written
   */
  finishRow(row: number, sum: Float64Array, decoded: Float32Array): void;
}

/** @throws UsageError as `decode` does */
export function createDecodeFrame(dictionary: Dictionary, latents: Latents, o: DecodeOptions): DecodeFrame {
  const { config, tensors } = dictionary;
  const { d_in, d_out, d_sae } = config;
  const n = assertLatents(latents, d_sae);
  const { outBias, outputScale, inputScale } = getPlan(dictionary);
  const skip = hasSkip(config.architecture) ? checkSkip(tensors.W_skip, o.x, n, d_in) : undefined;
  return {
    n,
    finishRow(row, sum, decoded) {
      if (outBias) for (let i = 0; i < d_out; i++) sum[i] += outBias[i];
      if (skip) addSkip(skip, row, d_in, inputScale, sum);
      const scale = outputScale * (latents.scale ? latents.scale[row] : 1);
      const shift = latents.shift ? latents.shift[row] : 0;
      for (let i = 0; i < d_out; i++) decoded[row * d_out + i] = sum[i] * scale + shift;
    },
  };
}

/** A latent's directions. */
export type LatentVectors = {
  /**
   * p = (u − b_dec / activation_scale)·enc + b_enc, with u the row after centring and per-row
   * normalisation, and without the b_dec term where the dictionary does not subtract it. [d_in]
   */
  enc: Float32Array<ArrayBuffer>;
  /** A latent of value f adds f·dec to x̂ (times the row's `scale` where rows are normalised). [d_out] */
  dec: Float32Array<ArrayBuffer>;
  b_enc: number;
};

/**
 * A latent's directions as they act: row norms, gains and the activation scale included.
 * @throws UsageError when there is no such latent
 */
export function vectors(dictionary: Dictionary, latent: number): LatentVectors {
  const { d_in, d_sae } = dictionary.config;
  if (!Number.isInteger(latent) || latent < 0 || latent >= d_sae) {
    throw new UsageError(`There is no latent ${latent}; the dictionary has ${d_sae}, counted from 0.`);
  }
  const plan = getPlan(dictionary);
  const encoderScale = plan.inputScale * (plan.gain ? plan.gain[latent] : 1);
  const [from, step] = plan.byRows ? [latent * d_in, 1] : [latent, d_sae];
  return {
    enc: Float32Array.from({ length: d_in }, (_, i) => plan.weights[from + i * step] * encoderScale),
    dec: decoderVector(dictionary, latent),
    b_enc: plan.bias[latent],
  };
}

/** `dec` of a latent that exists, alone. [d_out] */
export function decoderVector(dictionary: Dictionary, latent: number): Float32Array<ArrayBuffer> {
  const { d_out } = dictionary.config;
  const { decoder, decoderGain, outputScale } = getPlan(dictionary);
  const scale = outputScale * (decoderGain ? decoderGain[latent] : 1);
  return decoder.slice(latent * d_out, (latent + 1) * d_out).map((value) => value * scale);
}

interface Skip {
  weights: Float32Array;
  x: Float32Array;
}

function checkSkip(weights: Float32Array | undefined, x: Float32Array | undefined, n: number, d_in: number): Skip {
  if (!weights) throw new UsageError('The dictionary has no W_skip, which its architecture needs.');
  if (!x) throw new UsageError('A skip transcoder adds a linear map of its input: give the raw rows as x.');
  if (x.length !== n * d_in)
    throw new UsageError(`x must hold the ${n} rows of ${d_in} numbers that were encoded, ${n * d_in} in all; it has ${x.length}.`);
  return { weights, x };
}

/** sum += inputScale·x·W_skipᵀ for one row. */
function addSkip({ weights, x }: Skip, row: number, d_in: number, inputScale: number, sum: Float64Array): void {
  for (let o = 0; o < sum.length; o++) {
    let product = 0;
    for (let i = 0; i < d_in; i++) product += weights[o * d_in + i] * x[row * d_in + i];
    sum[o] += inputScale * product;
  }
}
