/** What callers give as text, as rows of token ids. */
import { UsageError } from '../../src/core/errors.ts';
import type { Input, Tokenized } from '../../src/api/model.ts';
import { tokenizerOf, type LoadedModel } from '../../src/engine/model/openModel.ts';
import type { Rows } from '../../src/engine/model/run.ts';

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

/** Tokens and spans of the ids that were run; ids given without text have the spans of what they decode to. */
export function describeTokens(input: Input, ids: number[], loaded: LoadedModel): Tokenized {
  const { tokenizer } = loaded;
  if (!tokenizer) return { ids, tokens: ids.map((id) => `[${id}]`), spans: ids.map(() => [0, 0]) };
  if (!('text' in input)) return { ids, tokens: ids.map((id) => tokenizer.token(id)), spans: tokenizer.spansOf(ids) };
  const tokenized = tokenizer.tokenize(input.text);
  if (ids.length === tokenized.ids.length) return tokenized;
  return { ids, tokens: [tokenizer.token(ids[0]), ...tokenized.tokens], spans: [[0, 0], ...tokenized.spans] };
}
