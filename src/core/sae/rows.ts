/** From raw rows of a hook to what the encoder multiplies: checks, centring, normalisation, scale, b_dec. */
import { UsageError } from '../errors.ts';
import { isTranscoder, type Dictionary, type DictionaryConfig } from './dictionary.ts';
import type { Plan } from './plan.ts';

/** SAELens's layer_norm eps. */
const LAYER_NORM_EPS = 1e-5;

/** What decoding needs per row; filled while rows are prepared. */
export type PerRow = { scale?: Float32Array<ArrayBuffer>; shift?: Float32Array<ArrayBuffer> };

/**
 * @param x raw rows
 * @returns how many rows there are
 * @throws UsageError when x is not a whole number of rows
 */
export function countRows({ config }: Dictionary, x: Float32Array): number {
  if (x.length % config.d_in !== 0)
    throw new UsageError(`The dictionary takes rows of ${config.d_in} numbers; ${x.length} is not a multiple of that.`);
  return x.length / config.d_in;
}

/** Room for what decoding needs per row; transcoders undo nothing, since they reconstruct another hook. */
export function createPerRow({ architecture, normalize_activations, centred }: DictionaryConfig, n: number): PerRow {
  if (isTranscoder(architecture)) return {};
  const hasScale = normalize_activations === 'constant_norm_rescale' || normalize_activations === 'layer_norm';
  const hasShift = centred === true || normalize_activations === 'layer_norm';
  return { ...(hasScale && { scale: new Float32Array(n) }), ...(hasShift && { shift: new Float32Array(n) }) };
}

/**
 * Prepares one row.
 * @param row its index in x, for sentences and `perRow`
 * @param target [d_in], written: the row as the encoder takes it
 * @throws UsageError when a number of the row is NaN or infinite
 */
export function prepareRow(config: DictionaryConfig, plan: Plan, x: Float32Array, row: number, target: Float64Array, perRow: PerRow): void {
  const d = config.d_in;
  let sum = 0;
  for (let i = 0; i < d; i++) {
    target[i] = x[row * d + i];
    sum += target[i];
  }
  if (!Number.isFinite(sum)) throw new UsageError(`Row ${row} of the activations holds a value that is not finite.`);
  const needsMean = config.centred === true || config.normalize_activations === 'layer_norm';
  const mean = needsMean ? sum / d : 0;
  if (needsMean) for (let i = 0; i < d; i++) target[i] -= mean;
  const { factor, undo } = findFactor(config, target);
  const multiplier = factor * plan.inputScale;
  if (multiplier !== 1) for (let i = 0; i < d; i++) target[i] *= multiplier;
  if (plan.inputBias) for (let i = 0; i < d; i++) target[i] -= plan.inputBias[i];
  if (perRow.scale) perRow.scale[row] = undo;
  if (perRow.shift) perRow.shift[row] = mean;
}

/** What a row is multiplied by, and what its reconstruction is multiplied by; a zero row stays zero. */
function findFactor({ normalize_activations, d_in }: DictionaryConfig, row: Float64Array): { factor: number; undo: number } {
  if (normalize_activations !== 'constant_norm_rescale' && normalize_activations !== 'layer_norm') return { factor: 1, undo: 1 };
  let square = 0;
  for (let i = 0; i < d_in; i++) square += row[i] * row[i];
  if (normalize_activations === 'layer_norm') {
    const deviation = Math.sqrt(square / Math.max(1, d_in - 1));
    return { factor: 1 / (deviation + LAYER_NORM_EPS), undo: deviation };
  }
  const undo = Math.sqrt(square / d_in);
  return { factor: undo > 0 ? 1 / undo : 0, undo };
}
