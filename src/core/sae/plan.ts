/**
 * Every architecture reduced to one form, so that the engines (twin, blocked, WASM, WebGPU) differ in
 * loops only:
 *   m = mean of x where `centred`, else 0
 *   u = (x − m) normalised; c = u·inputScale − b_dec where applied
 *   q = c·W;  p = q·gain + bias;  f = p where it passes the activation rule, else 0
 *   x̂ = ((Σ f·decoderGain·row) + outBias) · outputScale, then × scale + shift per row (+ inputScale·x·W_skipᵀ)
 * Sources: SAELens 6.18 saes/*.py (formulas in reference/sae-libraries.md A2), Cunningham et al. 2023 section 2,
 * sparsify 1.3 sparse_coder.py (groupmax, skip and transcode; A4).
 */
import { UsageError } from '../errors.ts';
import { readFormOf } from './architectures/index.ts';
import { SMALLEST_NORM, type Dictionary, type DictionaryTensors, type TensorName } from './dictionary.ts';

export interface Plan {
  /** Encoder matrix: [d_in, d_sae], or [d_sae, d_in] when `byRows`. Not a copy. */
  weights: Float32Array<ArrayBuffer>;
  byRows: boolean;
  /** Per latent; absent: 1. [d_sae] */
  gain?: Float64Array;
  /** Per latent. [d_sae] */
  bias: Float64Array;
  /** Gated: a latent is on when q + gateBias > 0. [d_sae] */
  gateBias?: Float64Array;
  /** A latent is on when p > threshold, strictly; never below 0 unless `isSigned`. Absent: 0. [d_sae] */
  threshold?: Float64Array;
  /** Values may be 0 or below. */
  isSigned?: boolean;
  /** The k largest p of a row, of those the positive ones; ties go to the lower index. */
  k?: number;
  /** Of each run of this many latents only the largest p is kept, if positive; ties go to the lower index. */
  groupSize?: number;
  inputScale: number;
  /** Subtracted from a row after scaling. [d_in] */
  inputBias?: Float32Array;
  /** [d_sae, d_out]. Not a copy. */
  decoder: Float32Array<ArrayBuffer>;
  /** Per latent; absent: 1. [d_sae] */
  decoderGain?: Float64Array;
  /** [d_out] */
  outBias?: Float32Array;
  outputScale: number;
}

/** Below every pre-activation in fp32; −infinity itself is not safe in WGSL. */
const ALL = -3e38;

const plans = new WeakMap<Dictionary, Plan>();

/**
 * The plan of a dictionary, made once per object; its tensors must not change afterwards.
 * @throws UsageError when a tensor the architecture needs is absent
 */
export function getPlan(dictionary: Dictionary): Plan {
  let plan = plans.get(dictionary);
  if (!plan) plans.set(dictionary, (plan = createPlan(dictionary)));
  return plan;
}

/**
 * The same encoder without its activation rule: what comes back are the pre-activations p above `floors`, of any sign.
 * @param floors −Infinity for all. [d_sae]
 */
export function withFloors(dictionary: Dictionary, floors: Float64Array): Dictionary {
  const { k: _k, groupSize: _groupSize, gateBias: _gateBias, ...plan } = getPlan(dictionary);
  const view = { ...dictionary };
  plans.set(view, { ...plan, threshold: floors.map((floor) => Math.max(ALL, floor)), isSigned: true });
  return view;
}

function createPlan({ config, tensors }: Dictionary): Plan {
  const { architecture, d_sae, d_out } = config;
  const inputScale = config.activation_scale ?? 1;
  const decoder = need(tensors, 'W_dec');
  const form = readFormOf(architecture);
  if (form.isTied) {
    const inverse = rowNorms(decoder, d_sae, d_out).map((norm) => 1 / norm);
    const bias = Float64Array.from(need(tensors, 'b_enc'));
    return { weights: decoder, byRows: true, gain: inverse, bias, inputScale, decoder, decoderGain: inverse, outputScale: 1 / inputScale };
  }
  const b_dec = need(tensors, 'b_dec');
  const isRescaled = form.rescales !== null && config.rescale_acts_by_decoder_norm === true;
  const norms = isRescaled ? rowNorms(decoder, d_sae, d_out) : undefined;
  const decoderGain = combineGains(
    norms?.map((norm) => 1 / norm),
    tensors.scaling_factor,
  );
  return {
    weights: need(tensors, 'W_enc'),
    byRows: false,
    ...createActivation({ config, tensors }, norms),
    inputScale,
    ...(config.apply_b_dec_to_input && { inputBias: b_dec }),
    decoder,
    ...(decoderGain && { decoderGain }),
    outBias: b_dec,
    outputScale: form.transcodes ? 1 : 1 / inputScale,
  };
}

type ActivationRule = Pick<Plan, 'gain' | 'bias' | 'gateBias' | 'threshold' | 'isSigned' | 'k' | 'groupSize'>;

function createActivation({ config, tensors }: Dictionary, norms: Float64Array | undefined): ActivationRule {
  const { architecture, d_sae } = config;
  const { selects } = readFormOf(architecture);
  if (selects === 'gate') {
    return {
      gain: Float64Array.from(need(tensors, 'r_mag'), Math.exp),
      bias: Float64Array.from(need(tensors, 'b_mag')),
      gateBias: Float64Array.from(need(tensors, 'b_gate')),
    };
  }
  const b_enc = Float64Array.from(need(tensors, 'b_enc'));
  const linear = norms ? { gain: norms, bias: b_enc.map((b, j) => b * norms[j]) } : { bias: b_enc };
  switch (selects) {
    case 'largest':
      return { ...linear, k: config.k ?? d_sae };
    case 'groups':
      return { ...linear, groupSize: d_sae / (config.k ?? d_sae) };
    case 'one threshold':
      return { ...linear, threshold: new Float64Array(d_sae).fill(Math.max(0, need(tensors, 'topk_threshold')[0])) };
    case 'thresholds':
      return { ...linear, threshold: readThresholds(tensors) };
    case 'all':
      return { ...linear, threshold: new Float64Array(d_sae).fill(ALL), isSigned: true };
    case 'positive':
      return linear;
  }
}

/** The forward pass compares with relu(threshold) (SAELens 6.48); log_threshold is the older training parameter. */
function readThresholds(tensors: DictionaryTensors): Float64Array {
  if (tensors.log_threshold && !tensors.threshold) return Float64Array.from(tensors.log_threshold, Math.exp);
  return Float64Array.from(need(tensors, 'threshold'), (t) => Math.max(0, t));
}

function combineGains(a: Float64Array | undefined, b: Float32Array | undefined): Float64Array | undefined {
  if (!b) return a;
  return a ? a.map((v, j) => v * b[j]) : Float64Array.from(b);
}

/** ‖row‖ of [rows, width], at least SMALLEST_NORM. */
function rowNorms(matrix: Float32Array, rows: number, width: number): Float64Array {
  const norms = new Float64Array(rows);
  for (let j = 0; j < rows; j++) {
    let square = 0;
    for (let i = j * width; i < (j + 1) * width; i++) square += matrix[i] * matrix[i];
    norms[j] = Math.max(Math.sqrt(square), SMALLEST_NORM);
  }
  return norms;
}

function need(tensors: DictionaryTensors, name: TensorName): Float32Array<ArrayBuffer> {
  const tensor = tensors[name];
  if (!tensor) throw new UsageError(`The dictionary has no ${name}, which its architecture needs.`);
  return tensor;
}
