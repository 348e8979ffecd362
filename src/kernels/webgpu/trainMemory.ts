/** What training on a GPU keeps in its buffers: settings, figures, and how long each is. */
import { architectureOf, type TrainableConfig } from '../../core/train/architectures/index.ts';
import { EngineError } from '../../core/errors.ts';
import type { ParameterName } from '../../core/train/types.ts';
import type { StepReport, StepSettings } from '../trainer.ts';
import { FIGURES_WORDS, GROUPS, SETTINGS_BYTES, SLOT_COUNT, type BufferName } from './trainKernel.ts';
import { listPasses, topkSettings } from './trainPasses.ts';

/** Largest count that the shaders hold. */
export const LARGEST_COUNT = 2 ** 32 - 1;

/** Three words: workgroups along x, y and z. */
export const GROUPS_BYTES = 12;

/** As `Settings` in the shaders reads them. */
export function packSettings(
  config: TrainableConfig,
  rows: number,
  { lr, beta1, beta2, eps, clip }: StepSettings & { clip: number },
  adamSteps: number,
  step: number,
): ArrayBuffer {
  const topk = topkSettings(config);
  const packed = new ArrayBuffer(SETTINGS_BYTES);
  const root = Math.sqrt(1 - beta2 ** adamSteps);
  const floats = [2 * perError(config, rows), penaltyOf(config) / rows, topk?.aux_alpha ?? 0, clip];
  const adam = [beta1, 1 - beta1, beta2, 1 - beta2, lr / (1 - beta1 ** adamSteps), root, eps, topk?.threshold_beta ?? 0];
  new Uint32Array(packed).set([rows, config.d_in, config.d_sae, topk?.k ?? 0]);
  new Float32Array(packed).set([...floats, ...adam], 4);
  if (topk) {
    const deadAfter = Math.min(topk.dead_after_tokens, LARGEST_COUNT);
    new Uint32Array(packed).set([deadAfter, topk.aux_k_max, step > topk.threshold_start_step ? 1 : 0], 16);
  }
  return packed;
}

/** Weight of one squared error in the loss. */
function perError(config: TrainableConfig, rows: number): number {
  return 1 / (rows * architectureOf(config).averagedOver(config));
}

function penaltyOf(config: TrainableConfig): number {
  return architectureOf(config).penalty(config);
}

/** The losses, from what `Figures` in the shaders holds. */
export function readFigures(words: ArrayBuffer, config: TrainableConfig, rows: number): StepReport {
  const [squared, l1, firing, auxSquared, spread, , gradientNorm] = new Float32Array(words);
  const topk = topkSettings(config);
  const hasDead = topk && new Uint32Array(words)[FIGURES_WORDS - 1] > 0;
  const reconstruction = squared * perError(config, rows);
  const sparsity = (penaltyOf(config) / rows) * l1;
  const auxiliary = hasDead ? auxSquared / spread : 0;
  const weighted = topk ? topk.aux_alpha * auxiliary : 0;
  return { loss: reconstruction + sparsity + weighted, reconstruction, sparsity, auxiliary, l0: firing / rows, gradientNorm };
}

export function lengthOf(name: ParameterName, { d_in, d_sae }: TrainableConfig): number {
  return name === 'b_dec' ? d_in : name === 'b_enc' ? d_sae : d_sae * d_in;
}

/** Numbers in each buffer. */
export function bufferLengths(config: TrainableConfig, names: readonly ParameterName[], rows: number): Map<BufferName, number> {
  const { d_in, d_sae } = config;
  const lengths = new Map<BufferName, number>();
  for (const name of names) for (const prefix of ['', 'g_', 'm_', 'v_'] as const) lengths.set(`${prefix}${name}`, lengthOf(name, config));
  for (const name of ['x', 'error'] as const) lengths.set(name, rows * d_in);
  for (const name of ['norms', 'sums', 'hits', 'fired', 'silent'] as const) lengths.set(name, d_sae);
  lengths
    .set('f', rows * d_sae)
    .set('figures', FIGURES_WORDS)
    .set('partials', SLOT_COUNT * GROUPS);
  if (topkSettings(config)) {
    const indirect = (GROUPS_BYTES / 4) * listPasses(config, names).filter(({ forDead }) => forDead).length;
    lengths
      .set('p', rows * d_sae)
      .set('rest', rows * d_in)
      .set('lows', rows)
      .set('means', d_in);
    lengths.set('asked', indirect).set('granted', indirect);
  }
  return lengths;
}

/** @throws EngineError when a buffer is larger than the device binds */
export function checkRoom({ limits }: GPUDevice, lengths: Map<BufferName, number>): void {
  const largest = Math.max(...[...lengths.values()].map(sizeOf));
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  if (largest <= most) return;
  const mib = (bytes: number) => Math.ceil(bytes / 2 ** 20);
  throw new EngineError(
    `This dictionary needs ${mib(largest)} MiB in one piece on the graphics device, which gives at most ${mib(most)}. Choose fewer latents or a smaller batch, or train on the CPU.`,
  );
}

/** Bytes of a buffer. */
export function sizeOf(length: number): number {
  return Math.max(16, 4 * length);
}
