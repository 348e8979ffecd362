/**
 * Dictionaries that compute the same with less to say: scales, norms and the tied form put into the weights,
 * for formats that know none of these. Exact up to fp32 rounding.
 */
import { isTiedForm, SMALLEST_NORM, type Dictionary, type DictionaryConfig, type DictionaryTensors } from './dictionary.ts';

/**
 * The tied form as "standard": W_enc = s·Ŵᵀ, W_dec = Ŵ/s, b_dec = 0, with Ŵ the unit rows and s the
 * activation scale.
 */
export function foldTied({ config, tensors }: Dictionary): Dictionary {
  const { d_in, d_sae, activation_scale: s = 1, ...rest } = config;
  const raw = tensors.W_dec!;
  const W_enc = new Float32Array(d_in * d_sae);
  const W_dec = new Float32Array(d_in * d_sae);
  for (let j = 0; j < d_sae; j++) {
    const norm = rowNorm(raw, j, d_in);
    for (let i = 0; i < d_in; i++) {
      const unit = raw[j * d_in + i] / norm;
      W_enc[i * d_sae + j] = unit * s;
      W_dec[j * d_in + i] = unit / s;
    }
  }
  return {
    config: { ...rest, d_in, d_sae, architecture: 'standard', apply_b_dec_to_input: false },
    tensors: { W_enc, W_dec, b_enc: tensors.b_enc!.slice(), b_dec: new Float32Array(d_in) },
  };
}

/**
 * Without tied form, activation scale, decoder norm units, scaling_factor and log_threshold. What a row is
 * normalised by (layer_norm, constant_norm_rescale) stays, since weights cannot hold it.
 */
export function foldScales(dictionary: Dictionary): Dictionary {
  const { config, tensors } = isTiedForm(dictionary.config.architecture) ? foldTied(dictionary) : dictionary;
  const { d_in, d_sae, d_out } = config;
  const { activation_scale: s = 1, rescale_acts_by_decoder_norm: isRescaled, normalize_activations, ...rest } = config;
  const { scaling_factor, log_threshold, ...kept } = tensors;
  const W_enc = tensors.W_enc!.slice();
  const W_dec = tensors.W_dec!.slice();
  const b_enc = tensors.b_enc?.slice();
  for (let j = 0; j < d_sae; j++) {
    const norm = isRescaled ? rowNorm(tensors.W_dec!, j, d_out) : 1;
    for (let i = 0; i < d_in; i++) W_enc[i * d_sae + j] *= s * norm;
    for (let i = 0; i < d_out; i++) W_dec[j * d_out + i] *= (scaling_factor?.[j] ?? 1) / (s * norm);
    if (b_enc) b_enc[j] *= norm;
  }
  return {
    config: {
      ...rest,
      normalize_activations: normalize_activations === 'expected_average_only_in' ? 'none' : normalize_activations,
      ...(isRescaled !== undefined && { rescale_acts_by_decoder_norm: false }),
    },
    tensors: {
      ...kept,
      W_enc,
      W_dec,
      ...(b_enc && { b_enc }),
      b_dec: tensors.b_dec!.map((v) => v / s),
      ...(log_threshold && !kept.threshold && { threshold: log_threshold.map(Math.exp) }),
    },
  };
}

/** The same latents with b_dec subtracted from the input, or not, as `subtracts` says; the encoder's biases make up for it. */
export function foldInputBias(dictionary: Dictionary, subtracts: boolean): Dictionary {
  const { config, tensors } = dictionary;
  if (config.apply_b_dec_to_input === subtracts) return dictionary;
  const sign = subtracts ? 1 : -1;
  const shift = multiplyBias(tensors, config).map((v) => sign * v);
  const { b_enc, b_gate, b_mag, r_mag } = tensors;
  return {
    config: { ...config, apply_b_dec_to_input: subtracts },
    tensors: {
      ...tensors,
      ...(b_enc && { b_enc: b_enc.map((b, j) => b + shift[j]) }),
      ...(b_gate && { b_gate: b_gate.map((b, j) => b + shift[j]) }),
      ...(b_mag && { b_mag: b_mag.map((b, j) => b + Math.exp(r_mag![j]) * shift[j]) }),
    },
  };
}

/** b_dec·W_enc. [d_sae] */
function multiplyBias({ W_enc, b_dec }: DictionaryTensors, { d_in, d_sae }: DictionaryConfig): Float64Array {
  const product = new Float64Array(d_sae);
  for (let i = 0; i < d_in; i++) for (let j = 0; j < d_sae; j++) product[j] += b_dec![i] * W_enc![i * d_sae + j];
  return product;
}

function rowNorm(rows: Float32Array, row: number, width: number): number {
  let square = 0;
  for (let i = row * width; i < (row + 1) * width; i++) square += rows[i] * rows[i];
  return Math.max(Math.sqrt(square), SMALLEST_NORM);
}
