/** What was run, token by token, in the text it came from. */
import type { Input, Tokenized } from '../../src/api/model.ts';
import type { LoadedModel } from '../../src/engine/model/openModel.ts';

/** Tokens and spans of the ids that were run; ids given without text have the spans of what they decode to. */
export function describeTokens(input: Input, ids: number[], loaded: LoadedModel): Tokenized {
  const { tokenizer } = loaded;
  if (!tokenizer) return { ids, tokens: ids.map((id) => `[${id}]`), spans: ids.map(() => [0, 0]) };
  if (!('text' in input)) return { ids, tokens: ids.map((id) => tokenizer.token(id)), spans: tokenizer.spansOf(ids) };
  const tokenized = tokenizer.tokenize(input.text);
  if (ids.length === tokenized.ids.length) return tokenized;
  return { ids, tokens: [tokenizer.token(ids[0]), ...tokenized.tokens], spans: [[0, 0], ...tokenized.spans] };
}
