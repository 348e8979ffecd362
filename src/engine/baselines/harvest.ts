/** Activations of a hook for fitting directions: text through the model, context by context, each from an empty one. */
import { throwIfStopped, type Stop } from '../../core/errors.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { run } from '../model/run.ts';
import { nextTask } from '../model/runtime.ts';

/** Contexts of one forward pass; more gains nothing. */
const CONTEXTS_AT_ONCE = 8;

export interface HarvestJob {
  model: HookedModel;
  hook: string;
  ids: Uint16Array | Uint32Array;
  /** Tokens to read; fewer when the text ends. */
  tokens: number;
  stop?: Stop;
}

/**
 * All tokens count, the first of a context too, as they do when a dictionary reads.
 * @returns rows [n, width], some contexts at a time. @throws AbortedError; EngineError
 */
export async function* harvestRows({ model, hook, ids, tokens, stop }: HarvestJob): AsyncGenerator<Float32Array> {
  const { n_ctx } = model.config;
  const end = Math.min(tokens, ids.length);
  for (let first = 0; first < end;) {
    throwIfStopped(stop);
    const whole = Math.min(CONTEXTS_AT_ONCE, Math.floor((end - first) / n_ctx));
    const length = whole > 0 ? n_ctx : end - first;
    const batch = Array.from({ length: Math.max(1, whole) }, (_, c) => [...ids.subarray(first + c * length, first + (c + 1) * length)]);
    const { acts } = await run(model, { ids: batch, isBatch: true }, { read: [hook] }, stop);
    yield acts[hook].data;
    first += batch.length * length;
    await nextTask();
  }
}
