/** Text to ids and back, on the tokenizer library of transformers.js. */
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { UsageError } from '../../core/errors.ts';
import { FormatError } from '../../core/formats/bytes.ts';
import { tokenBytes, tokenSpans } from '../../core/lm/tokens.ts';
import type { Tokenized } from '../../api/model.ts';
import { wordEncoder } from './wordEncoder.ts';

/** Longest text taken; a book. */
const MAX_CHARACTERS = 2_000_000;

export interface Tokenizer {
  /** Entries of the vocabulary, added tokens included: one more than the highest id. */
  readonly size: number;
  /** @throws UsageError when the text is absurdly long or not text */
  encode(text: string): number[];
  /** Ids with the string of each token and the characters it covers. */
  tokenize(text: string): Tokenized;
  /** Characters of `text` (NFC) each id covers, when the ids spell it out. */
  spans(text: string, ids: readonly number[]): [number, number][];
  /** The string of one id, U+FFFD where it is part of a character; `[id]` beyond the vocabulary. */
  token(id: number): string;
  decode(ids: readonly number[]): string;
}

/**
 * @param json text of tokenizer.json
 * @param configJson text of tokenizer_config.json
 * @throws FormatError when the library cannot make a tokenizer of it
 */
export function createTokenizer(json: string, configJson: string | undefined): Tokenizer {
  const hub = makeHubTokenizer(json, configJson);
  const added = hub.get_added_tokens_decoder();
  const vocab = hub.get_vocab(true);
  let size = 0;
  for (const id of vocab.values()) size = Math.max(size, id + 1);
  const utf8 = new TextEncoder();
  const lengths = new Map<number, number>();

  const byteLength = (id: number): number => {
    let length = lengths.get(id);
    if (length === undefined) {
      const literal = added.get(id)?.content;
      const piece = literal ?? hub.id_to_token(id) ?? '';
      length = (literal === undefined ? tokenBytes(piece)?.length : undefined) ?? utf8.encode(piece).length;
      lengths.set(id, length);
    }
    return length;
  };
  const token = (id: number) => (hub.id_to_token(id) === undefined ? `[${id}]` : hub.decode([id], { clean_up_tokenization_spaces: false }));
  const settings = configJson ? (JSON.parse(configJson) as Record<string, unknown>) : {};
  const encodeWords = wordEncoder(hub, settings, (text) => hub.encode(text, { add_special_tokens: false }).ids);
  const encode = (text: string) => {
    if (typeof text !== 'string') throw new UsageError('`text` must be a string.');
    if (text.length > MAX_CHARACTERS) {
      throw new UsageError(`The text has ${text.length} characters; at most ${MAX_CHARACTERS} are taken at once.`);
    }
    // A lone half of a surrogate pair is no text; UTF-8 writes it as U+FFFD, and so do we.
    return encodeWords(text.toWellFormed?.() ?? text);
  };
  const spans = (text: string, ids: readonly number[]) => tokenSpans(text.normalize('NFC'), ids.map(byteLength));
  return {
    size,
    encode,
    token,
    spans,
    tokenize(text) {
      const ids = encode(text);
      return { ids, tokens: ids.map(token), spans: spans(text, ids) };
    },
    // The library refuses an empty list.
    decode: (ids) => (ids.length === 0 ? '' : hub.decode([...ids], { clean_up_tokenization_spaces: false })),
  };
}

function makeHubTokenizer(json: string, configJson: string | undefined): HubTokenizer {
  try {
    return new HubTokenizer(JSON.parse(json) as object, configJson ? (JSON.parse(configJson) as object) : {});
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(`The tokenizer of this model cannot be read (${reason.slice(0, 200)}).`);
  }
}
