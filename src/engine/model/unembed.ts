/** From the residual to logits, for the rows that are wanted. */
import { throwIfStopped, type Stop } from '../../core/errors.ts';
import type { HookedModel } from './hookedModel.ts';

/** fp32 values of one block of logits: 64 MiB. */
const LOGIT_VALUES = 16 * 1024 * 1024;

/**
 * Final norm and unembedding of rows of a residual, in blocks of at most 64 MiB of logits.
 * @param resid [.., d_model]
 * @param starts where each row begins in `resid`
 * @param deliver called with the row's index in `starts` and its logits [d_vocab], valid during the call
 */
export async function unembed(
  model: HookedModel,
  resid: Float32Array,
  starts: readonly number[],
  deliver: (index: number, logits: Float32Array) => void,
  stop?: Stop,
  rowsAtOnce = Math.max(1, Math.floor(LOGIT_VALUES / model.config.d_vocab)),
): Promise<void> {
  const { d_model: D, d_vocab: V } = model.config;
  for (let first = 0; first < starts.length; first += rowsAtOnce) {
    throwIfStopped(stop);
    const count = Math.min(rowsAtOnce, starts.length - first);
    const x = new Float32Array(count * D);
    for (let i = 0; i < count; i++) x.set(resid.subarray(starts[first + i], starts[first + i] + D), i * D);
    const { ln_final } = await model.finalNorm.run({ x: model.runtime.tensor(x, [count, D]) }, ['ln_final']);
    const { logits } = await model.unembed.run({ x: ln_final }, ['logits']);
    const data = logits.data as Float32Array;
    for (let i = 0; i < count; i++) deliver(first + i, data.subarray(i * V, (i + 1) * V));
  }
}
