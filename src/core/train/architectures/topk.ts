/**
 * TopK with an auxiliary loss for dead latents, as dictionary_learning's TopKTrainer (after Gao et al. 2024):
 *   p = ReLU(W_enc (x − b_dec) + b_enc);  f = the k largest of a row;  x̂ = f W_dec + b_dec
 *   loss = mean over rows of ‖x − x̂‖² + aux_alpha · aux
 *   aux = Σ‖r − a W_dec‖² / Σ‖r − mean r‖², r = x − x̂ taken as given, a = the min(aux_k_max, dead) largest p of
 *   dead latents; 0 when none is dead. A latent is dead after `dead_after_tokens` rows without being among the k.
 * A latent of value 0 is never among the k here; dictionary_learning lets it fill a place, which changes nothing but
 * the count of rows it was silent.
 */
import { addScaled, dot, largest, rowNorms } from '../vectors.ts';
import type { TrainableArchitecture } from '../descriptor.ts';
import { numberIn } from '../numbers.ts';
import { take, zerosLike, type Backward, type Counters, type Numbers, type Parameters, type Sizes } from '../types.ts';
import { geometricMedian } from '../geometricMedian.ts';
import { MOST_LATENTS } from '../limits.ts';
import { randomRows } from './random.ts';
import { foldUntied } from './untied.ts';

export interface TopkConfig extends Sizes {
  k: number;
  /** Weight of the auxiliary loss; 1/32 is customary. */
  aux_alpha: number;
  /** Most dead latents a row that take part in it; d_in / 2 is customary. */
  aux_k_max: number;
  /** Rows without being active after which a latent counts as dead. */
  dead_after_tokens: number;
  /** Decay of the running threshold that export uses for a JumpReLU. */
  threshold_beta: number;
  /** The threshold starts after this step. */
  threshold_start_step: number;
}

/** float32 machine epsilon, as the trainer adds it. */
const EPSILON = 2 ** -23;

export const topk: TrainableArchitecture<'topk', TopkConfig, 'k', 'aux_alpha'> = {
  name: 'topk',
  label: 'TopK',
  title: 'The k largest of each token, with a loss for dead features',
  formula: 'The k largest of ReLU(W_enc(x − b_dec) + b_enc), x̂ = W_dec f + b_dec, and a loss that revives dead features.',
  loss: 'mean over rows of summed squared error + aux_alpha · auxiliary loss of dead latents, rows scaled by `scale`',
  sparsity: {
    field: 'k',
    symbol: 'k',
    label: 'Sparsity k',
    help: 'Features active on each token. Several: a sweep.',
    folder: 'k',
    schema: numberIn({ least: 1, most: MOST_LATENTS, whole: true }),
    fallback: 32,
    countsLatents: true,
    valueOf: ({ k }) => k,
  },
  options: [
    { field: 'aux_alpha', label: 'Weight of the loss for dead features', schema: numberIn({ least: 0, most: 1e3 }), fallback: 1 / 32 },
  ],
  parameters: ['W_enc', 'b_enc', 'W_dec', 'b_dec'],
  clip: 1,
  countsSilence: true,

  settings: (sizes, k, { aux_alpha }, deadAfter) => ({
    ...sizes,
    k,
    aux_alpha,
    aux_k_max: Math.max(1, Math.floor(sizes.d_in / 2)),
    dead_after_tokens: deadAfter,
    threshold_beta: 0.999,
    threshold_start_step: 1000,
  }),
  weaken: (config) => config,
  penalty: () => 0,
  averagedOver: () => 1,

  /** Unit decoder rows, encoder their transpose, b_enc 0, b_dec the geometric median of the sample (else 0). */
  init({ d_in, d_sae }, random, sample) {
    const W_dec = randomRows(d_sae, d_in, 1, random);
    const b_dec = sample ? Float32Array.from(geometricMedian(sample, d_in)) : new Float32Array(d_in);
    return { W_enc: W_dec.slice(), b_enc: new Float32Array(d_sae), W_dec, b_dec };
  },

  backward(config, parameters, x, counters) {
    const { d_in, d_sae } = config;
    const rows = x.length / d_in;
    const forward = encode(config, parameters, x);
    countSilence(counters, forward.fired, rows);
    updateThreshold(config, counters, forward.smallest);
    const gradients = zerosLike(parameters);
    const errors = new Float64Array(rows * d_in);
    let squared = 0;
    for (let r = 0; r < rows; r++) {
      const error = errors.subarray(r * d_in, (r + 1) * d_in);
      for (let i = 0; i < d_in; i++) error[i] = -forward.centred[r * d_in + i];
      const p = forward.p.subarray(r * d_sae, (r + 1) * d_sae);
      for (const j of forward.chosen[r]) addScaled(error, 0, take(parameters, 'W_dec'), j * d_in, p[j], d_in);
      squared += dot(error, 0, error, 0, d_in);
      addScaled(take(gradients, 'b_dec'), 0, error, 0, 2 / rows, d_in);
      backRow(parameters, gradients, forward.centred, r, p, forward.chosen[r], error, 2 / rows);
    }
    const auxiliary = addAuxiliary(config, parameters, gradients, forward, errors, counters);
    const reconstruction = squared / rows;
    const l0 = forward.chosen.reduce((sum, list) => sum + list.length, 0) / rows;
    const loss = reconstruction + config.aux_alpha * auxiliary;
    return { loss, reconstruction, sparsity: 0, auxiliary, l0, gradients, fired: forward.fired } satisfies Backward;
  },

  /** Removes from each decoder row's gradient its part along the row, so that the step keeps the norm. */
  project({ d_in, d_sae }, parameters, gradients) {
    const W_dec = take(parameters, 'W_dec');
    const g = take(gradients, 'W_dec');
    const norms = rowNorms(W_dec, d_sae, d_in);
    for (let j = 0; j < d_sae; j++) {
      const scale = 1 / (norms[j] + 1e-6);
      const along = scale * dot(g, j * d_in, W_dec, j * d_in, d_in);
      addScaled(g, j * d_in, W_dec, j * d_in, -along * scale, d_in);
    }
  },

  /** Decoder rows of norm 1. */
  constrain({ d_in, d_sae }, parameters) {
    const W_dec = take(parameters, 'W_dec');
    const norms = rowNorms(W_dec, d_sae, d_in);
    for (let j = 0; j < d_sae; j++) for (let i = j * d_in; i < (j + 1) * d_in; i++) W_dec[i] /= norms[j] + EPSILON;
  },

  fold: (config, parameters, scale, frame) =>
    foldUntied(config, parameters, scale, { ...frame, architecture: 'topk', k: config.k, rescale_acts_by_decoder_norm: false }),

  recipe: {
    saelens: ({ k }) => ({ className: 'TopKTrainingSAEConfig', settings: [`k=${k}`] }),
    sparsify: ({ k, aux_alpha }) => ({ sparsity: `--k ${k}`, more: `--auxk_alpha ${aux_alpha}` }),
  },
};

interface Forward {
  /** x − b_dec. [rows, d_in] */
  centred: Float64Array;
  /** [rows, d_sae] */
  p: Float64Array;
  /** Active latents of each row. */
  chosen: number[][];
  fired: Uint32Array;
  /** Mean over rows of the smallest active value; NaN without any. */
  smallest: number;
}

function encode({ d_in, d_sae, k }: TopkConfig, parameters: Parameters, x: Numbers): Forward {
  const rows = x.length / d_in;
  const b_dec = take(parameters, 'b_dec');
  const b_enc = take(parameters, 'b_enc');
  const W_enc = take(parameters, 'W_enc');
  const centred = Float64Array.from(x, (v, i) => v - b_dec[i % d_in]);
  const p = new Float64Array(rows * d_sae);
  const fired = new Uint32Array(d_sae);
  let sum = 0;
  let counted = 0;
  const chosen = Array.from({ length: rows }, (_, r) => {
    const row = p.subarray(r * d_sae, (r + 1) * d_sae);
    for (let j = 0; j < d_sae; j++) row[j] = Math.max(0, dot(W_enc, j * d_in, centred, r * d_in, d_in) + b_enc[j]);
    const list = largest(row, k);
    for (const j of list) fired[j]++;
    if (list.length > 0) {
      sum += Math.min(...list.map((j) => row[j]));
      counted++;
    }
    return list;
  });
  return { centred, p, chosen, fired, smallest: counted > 0 ? sum / counted : NaN };
}

function countSilence({ silent }: Counters, fired: Uint32Array, rows: number): void {
  for (let j = 0; j < silent.length; j++) silent[j] = fired[j] > 0 ? 0 : silent[j] + rows;
}

function updateThreshold({ threshold_beta, threshold_start_step }: TopkConfig, counters: Counters, smallest: number): void {
  if (counters.step <= threshold_start_step || Number.isNaN(smallest)) return;
  counters.threshold = counters.threshold < 0 ? smallest : threshold_beta * counters.threshold + (1 - threshold_beta) * smallest;
}

/** Adds what the active latents of one row get from ∂L/∂x̂ = factor · error. */
function backRow(
  parameters: Parameters,
  gradients: Parameters,
  centred: Float64Array,
  row: number,
  p: Float64Array,
  active: readonly number[],
  error: Float64Array,
  factor: number,
): void {
  const d = error.length;
  const W_dec = take(parameters, 'W_dec');
  for (const j of active) {
    const df = factor * dot(W_dec, j * d, error, 0, d);
    addScaled(take(gradients, 'W_dec'), j * d, error, 0, factor * p[j], d);
    addScaled(take(gradients, 'W_enc'), j * d, centred, row * d, df, d);
    take(gradients, 'b_enc')[j] += df;
    addScaled(take(gradients, 'b_dec'), 0, take(parameters, 'W_enc'), j * d, -df, d);
  }
}

/** @returns aux, unweighted */
function addAuxiliary(
  config: TopkConfig,
  parameters: Parameters,
  gradients: Parameters,
  { centred, p }: Forward,
  errors: Float64Array,
  { silent }: Counters,
): number {
  const { d_in, d_sae } = config;
  const rows = centred.length / d_in;
  const isDead = (j: number) => silent[j] >= config.dead_after_tokens;
  const k = Math.min(
    config.aux_k_max,
    silent.reduce((n, _, j) => n + (isDead(j) ? 1 : 0), 0),
  );
  if (k === 0) return 0;
  const spread = variation(errors, d_in);
  if (!(spread > 0)) return 0;
  let squared = 0;
  for (let r = 0; r < rows; r++) {
    const row = p.subarray(r * d_sae, (r + 1) * d_sae);
    const active = largest(row, k, isDead);
    // r − a W_dec with the other sign: errors hold x̂ − x = −r.
    const rest = errors.slice(r * d_in, (r + 1) * d_in);
    for (const j of active) addScaled(rest, 0, take(parameters, 'W_dec'), j * d_in, row[j], d_in);
    squared += dot(rest, 0, rest, 0, d_in);
    backRow(parameters, gradients, centred, r, row, active, rest, (2 * config.aux_alpha) / spread);
  }
  return squared / spread;
}

/** Σ‖row − mean row‖². */
function variation(matrix: Float64Array, width: number): number {
  const rows = matrix.length / width;
  const mean = new Float64Array(width);
  for (let r = 0; r < rows; r++) addScaled(mean, 0, matrix, r * width, 1 / rows, width);
  return matrix.reduce((sum, v, i) => sum + (v - mean[i % width]) ** 2, 0);
}
