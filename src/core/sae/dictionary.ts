/**
 * A sparse dictionary in memory: what its file says (`config`) and its numbers in fp32 (`tensors`).
 * Names and shapes are SAELens's (6.18); `tied` is the form of Cunningham et al. 2023, section 2, and
 * `groupmax` and the topk and groupmax transcoders are sparsify's, which SAELens lacks. Plain data:
 * survives structured cloning.
 */
import { readFormOf, type Architecture } from './architectures/index.ts';
import type { TensorName } from './architectures/form.ts';

export type { Architecture, TensorName };

/** What is done to a row before encoding, and undone after decoding. */
export type Normalisation = 'none' | 'expected_average_only_in' | 'constant_norm_rescale' | 'layer_norm';

export interface DictionaryConfig {
  architecture: Architecture;
  d_in: number;
  d_sae: number;
  /** Width of a reconstruction; d_in except for transcoders. */
  d_out: number;
  /** Number format of the stored W_dec, as SAELens spells it: "float32". Computation is fp32. */
  dtype: string;
  /** Whether b_dec is subtracted from a row before encoding. */
  apply_b_dec_to_input: boolean;
  normalize_activations: Normalisation;
  /** 'hook_z': a row is all heads of a position, head 0 first. */
  reshape_activations: 'none' | 'hook_z';
  /**
   * expected_average_only_in, and tied: rows are multiplied by this before encoding. Absent: 1, which
   * for expected_average_only_in means that the file does not state it (see `estimateActivationScale`).
   */
  activation_scale?: number;
  /** Made on a stream whose writing weights were centred: each row's mean is removed first, put back last. */
  centred?: boolean;
  /** topk: latents kept per row. groupmax: groups of d_sae / k neighbours, of each of which the largest is kept. */
  k?: number;
  /** topk family: latents are counted in units of their decoder row's norm. */
  rescale_acts_by_decoder_norm?: boolean;
  /** TransformerLens hook point; null when the file does not say. */
  hook_name: string | null;
  /** Transcoders: where the reconstruction belongs. */
  hook_name_out: string | null;
  model_name: string | null;
  /** null for files older than SAELens 6. */
  sae_lens_version: string | null;
  context_size: number | null;
  prepend_bos: boolean | null;
  dataset_path: string | null;
  /** The configuration holds training settings: a checkpoint of a run rather than a release. */
  training_checkpoint: boolean;
}

/**
 * The settings that decide, beside the tensors, which numbers come out and of what: two dictionaries with the same tensors
 * and the same of these are one. In a fixed order, absent and unknown as null.
 */
export function settingsKey(config: DictionaryConfig): string {
  return JSON.stringify(DECISIVE.map((name) => config[name] ?? null));
}

const DECISIVE = [
  'architecture',
  'd_in',
  'd_sae',
  'd_out',
  'apply_b_dec_to_input',
  'normalize_activations',
  'reshape_activations',
  'activation_scale',
  'centred',
  'k',
  'rescale_acts_by_decoder_norm',
  'hook_name',
  'hook_name_out',
] as const satisfies readonly (keyof DictionaryConfig)[];

/**
 * Row-major. W_enc [d_in, d_sae]; W_dec [d_sae, d_out]; b_enc, threshold, log_threshold, b_gate,
 * b_mag, r_mag, scaling_factor [d_sae]; b_dec [d_out]; W_skip [d_out, d_in]; topk_threshold [1].
 * Tied: W_dec holds the raw rows, there is no W_enc and no b_dec. Which ones an architecture has:
 * `listTensors`.
 */
export type DictionaryTensors = Partial<Record<TensorName, Float32Array<ArrayBuffer>>>;

export interface Dictionary {
  config: DictionaryConfig;
  tensors: DictionaryTensors;
}

/** One tensor an architecture has. */
interface TensorSpec {
  name: TensorName;
  shape: number[];
  /** 'one-of-thresholds': threshold or log_threshold must be there. */
  need: 'always' | 'one-of-thresholds' | 'maybe';
}

/** @returns the tensors of the configuration's architecture, with shapes as stored */
export function listTensors({
  architecture,
  d_in,
  d_sae,
  d_out,
}: Pick<DictionaryConfig, 'architecture' | 'd_in' | 'd_sae' | 'd_out'>): TensorSpec[] {
  const always = (name: TensorName, ...shape: number[]): TensorSpec => ({ name, shape, need: 'always' });
  const maybe = (name: TensorName, ...shape: number[]): TensorSpec => ({ name, shape, need: 'maybe' });
  const form = readFormOf(architecture);
  const decoder = always('W_dec', d_sae, d_out);
  const own = form.own.map(({ name, size, need }): TensorSpec => ({ name, shape: size === 'one' ? [] : [d_sae], need }));
  if (form.isTied) return [decoder, ...own];
  return [
    always('W_enc', d_in, d_sae),
    decoder,
    always('b_dec', d_out),
    ...own,
    ...(form.skips ? [always('W_skip', d_out, d_in)] : []),
    ...(form.transcodes ? [] : [maybe('scaling_factor', d_sae)]),
  ];
}

/** Reconstructs another hook than the one it reads. */
export function isTranscoder(architecture: Architecture): boolean {
  return readFormOf(architecture).transcodes;
}

/** Its reconstruction needs the raw rows again. */
export function hasSkip(architecture: Architecture): boolean {
  return readFormOf(architecture).skips;
}

/** Keeps the k largest latents of a row. */
export function isTopk(architecture: Architecture): boolean {
  return readFormOf(architecture).selects === 'largest';
}

/** Keeps the largest latent of each of k groups. */
export function isGroupmax(architecture: Architecture): boolean {
  return readFormOf(architecture).selects === 'groups';
}

/** Training form of batch top-k; at inference one threshold stands for all latents. */
export function isBatchTopk(architecture: Architecture): boolean {
  return readFormOf(architecture).selects === 'one threshold';
}

/** The paper's form, of one matrix. */
export function isTiedForm(architecture: Architecture): boolean {
  return readFormOf(architecture).isTied;
}

/** Lower end of a row norm that is divided by; sparse_coding and SAELens clamp here too. */
export const SMALLEST_NORM = 1e-8;

/** Largest 1 − cosine between a latent's encoder column and decoder row for them to count as one direction. */
const TIED_COSINE_SLACK = 1e-5;

/**
 * Whether a dictionary is the paper's tied form in SAELens clothes: no b_dec, and for every latent
 * encoder column and decoder row parallel with product 1, so that ablating it makes it read 0.
 */
export function isTied({ config, tensors }: Dictionary): boolean {
  if (isTiedForm(config.architecture)) return true;
  const { W_enc, W_dec, b_dec } = tensors;
  const { architecture, d_in, d_sae } = config;
  const form = readFormOf(architecture);
  if (form.selects !== 'positive' || form.transcodes || !W_enc || !W_dec || b_dec?.some((v) => v !== 0)) return false;
  for (let j = 0; j < d_sae; j++) {
    let product = 0;
    let encoder = 0;
    let decoder = 0;
    for (let i = 0; i < d_in; i++) {
      const e = W_enc[i * d_sae + j];
      const d = W_dec[j * d_in + i];
      product += e * d;
      encoder += e * e;
      decoder += d * d;
    }
    if (Math.abs(product - 1) > TIED_COSINE_SLACK || product < (1 - TIED_COSINE_SLACK) * Math.sqrt(encoder * decoder)) return false;
  }
  return true;
}

/**
 * The scalar of expected_average_only_in: √d / mean‖x‖ (SAELens training/activation_scaler.py).
 * @param x [n, d]
 * @returns 1 when all rows are zero or there are none
 */
export function estimateActivationScale(x: Float32Array, d: number): number {
  let sum = 0;
  const n = x.length / d;
  for (let r = 0; r < n; r++) {
    let square = 0;
    for (let i = r * d; i < (r + 1) * d; i++) square += x[i] * x[i];
    sum += Math.sqrt(square);
  }
  return sum > 0 ? Math.sqrt(d) / (sum / n) : 1;
}
