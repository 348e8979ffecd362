/** Means of every latent over the tokens of a corpus: what mode 'mean' puts in a parent's place. */
import { throwIfStopped } from '../../../core/errors.ts';
import { encodeRows } from '../../model/encodeRows.ts';
import { run } from '../../model/run.ts';
import { nextTask } from '../../model/runtime.ts';
import type { Machine } from './bases.ts';
import type { NamedDictionary } from './sources.ts';
import type { CorpusMeans } from './treeJob.ts';

/** Windows of one forward pass. */
const WINDOWS_AT_ONCE = 8;

/**
 * One pass for all dictionaries, and the shares of the tokens.
 * @param windows token ids, each from an empty context
 * @param onTokens after each batch, in tokens
 * @throws AbortedError; EngineError
 */
export async function corpusMeans(
  { model, engine, stop }: Machine,
  dictionaries: readonly NamedDictionary[],
  windows: readonly (readonly number[])[],
  onTokens: (tokens: number) => void = () => {},
): Promise<CorpusMeans['of']> {
  const sums = new Map<string | null, Float64Array>(
    dictionaries.map(({ id, dictionary }) => [id, new Float64Array(dictionary.config.d_sae)]),
  );
  const counts = new Float64Array(model.config.d_vocab);
  const hooks = [...new Set(dictionaries.map(({ dictionary }) => dictionary.config.hook_name!))];
  const total = windows.reduce((sum, { length }) => sum + length, 0);
  for (let next = 0; next < windows.length;) {
    throwIfStopped(stop);
    let end = next + 1;
    while (end < windows.length && end - next < WINDOWS_AT_ONCE && windows[end].length === windows[next].length) end++;
    const ids = windows.slice(next, end).map((window) => [...window]);
    const acts = hooks.length > 0 ? (await run(model, { ids, isBatch: true }, { read: hooks }, stop)).acts : {};
    for (const { id, dictionary } of dictionaries) {
      const { latents, values } = await encodeRows(engine, dictionary, acts[dictionary.config.hook_name!].data, stop);
      const sum = sums.get(id)!;
      for (let e = 0; e < latents.length; e++) sum[latents[e]] += values[e];
    }
    for (const id of ids.flat()) counts[id]++;
    onTokens(ids.length * ids[0].length);
    next = end;
    await nextTask();
  }
  sums.set(null, counts);
  for (const sum of sums.values()) for (let j = 0; j < sum.length; j++) sum[j] /= Math.max(1, total);
  return sums;
}
