/** What callers give as text, as rows of token ids. */
import { UsageError } from '../src/core/errors.ts';
import type { Input } from '../src/api/model.ts';
import { tokenizerOf, type LoadedModel } from '../src/engine/model/openModel.ts';
import type { Rows } from '../src/engine/model/run.ts';

/** @throws UsageError unless the input has exactly one of text, ids, batch */
export function toRows(input: Input, loaded: LoadedModel): Rows {
  if (typeof input !== 'object' || input === null) throw new UsageError('The input must be { text }, { ids } or { batch }.');
  const kinds = ['text', 'ids', 'batch'].filter((kind) => kind in input);
  if (kinds.length !== 1) throw new UsageError('The input must have exactly one of `text`, `ids` and `batch`.');
  const bos = input.prepend_bos ? [loaded.model.config.bos_token_id] : [];
  const list = (ids: unknown, name: string): number[] => {
    if (!Array.isArray(ids)) throw new UsageError(`\`${name}\` must be a list of token ids.`);
    return [...bos, ...(ids as number[])];
  };
  if ('text' in input) return { ids: [[...bos, ...tokenizerOf(loaded).encode(input.text)]], isBatch: false };
  if ('ids' in input) return { ids: [list(input.ids, 'ids')], isBatch: false };
  if (!Array.isArray(input.batch)) throw new UsageError('`batch` must be a list of lists of token ids.');
  return { ids: input.batch.map((ids, r) => list(ids, `batch[${r}]`)), isBatch: true };
}
