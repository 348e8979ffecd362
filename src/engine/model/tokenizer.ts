/** Text to ids and back, on the tokenizer library of transformers.js. */
import { ByteFallbackDecoder, ByteLevelDecoder, SequenceDecoder, Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { UsageError } from '../../core/errors.ts';
import { FormatError } from '../../core/formats/bytes.ts';
import { tokenBytes } from '../../core/lm/tokens.ts';
import type { Tokenized } from '../../api/model.ts';
import { spansOfIds } from './decodedSpans.ts';
import { spansOfText } from './tokenizerSpans.ts';
import { LostWay } from './tokenizerSteps.ts';
import { wordEncoder } from './wordEncoder.ts';

/** Longest text taken; a book. */
const MAX_CHARACTERS = 2_000_000;

export interface Tokenizer {
  /** Entries of the vocabulary, added tokens included: one more than the highest id. */
  readonly size: number;
  /** @throws UsageError when the text is absurdly long or not text */
  encode(text: string): number[];
  /**
   * Ids with the string of each token and the characters of the text (NFC) it covers.
   * @throws UsageError as `encode`; FormatError, a sentence, where the tokenizer's way cannot be followed
   */
  tokenize(text: string): Tokenized;
  /** Characters each id covers of what all decode to (NFC); [0, 0] for all where that cannot be told. */
  spansOf(ids: readonly number[]): [number, number][];
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
  const { hub, settings } = makeHubTokenizer(json, configJson);
  let size = 0;
  for (const id of hub.get_vocab(true).values()) size = Math.max(size, id + 1);

  const known = (id: number) => (hub.id_to_token(id) ?? hub.model?.unk_token ?? undefined) !== undefined;
  const decode = (ids: readonly number[]) => {
    const given = ids.filter(known);
    // The library refuses an empty list.
    return given.length === 0 ? '' : hub.decode(given, { clean_up_tokenization_spaces: false });
  };
  const strings = new Map<number, string>();
  const token = (id: number) => {
    const string = strings.get(id) ?? (hub.id_to_token(id) === undefined ? `[${id}]` : alone(hub, id, decode([id])));
    strings.set(id, string);
    return string;
  };
  const encodeWords = wordEncoder(hub, settings, (text) => hub.encode(text, { add_special_tokens: false }).ids);
  const encode = (text: string) => encodeWords(checkText(text));
  const decoding = { known, decode, bytesOf: byteReader(hub) };
  return {
    size,
    encode,
    token,
    decode,
    spansOf(ids) {
      try {
        return spansOfIds(decoding, ids);
      } catch (error) {
        if (!(error instanceof LostWay)) throw error;
        return ids.map(() => [0, 0]);
      }
    },
    tokenize(text) {
      const ids = encode(text);
      try {
        return { ids, tokens: ids.map(token), spans: spansOfText(hub, checkText(text), ids) };
      } catch (error) {
        throw error instanceof LostWay ? notFollowed(error) : error;
      }
    },
  };
}

/** A lone half of a surrogate pair is no text; UTF-8 writes it as U+FFFD, and so do we. */
function checkText(text: string): string {
  if (typeof text !== 'string') throw new UsageError('`text` must be a string.');
  if (text.length > MAX_CHARACTERS) {
    throw new UsageError(`The text has ${text.length} characters; at most ${MAX_CHARACTERS} are taken at once.`);
  }
  return text.toWellFormed?.() ?? text;
}

function notFollowed({ step }: LostWay): FormatError {
  return new FormatError(
    `Which characters each token of this text covers cannot be told: the ${step} of this model's tokenizer goes a way that is not known here. Token ids can be given instead of text.`,
  );
}

/** Decoders drop the space of a text's first token; as a token of its own it keeps it. */
function alone(hub: HubTokenizer, id: number, decoded: string): string {
  const spaced = hub.id_to_token(id)?.startsWith('\u2581') && !hub.get_added_tokens_decoder().has(id);
  return spaced && !/^[ \u2581]/.test(decoded) ? ` ${decoded}` : decoded;
}

/** What an id stands for where the tokenizer's decoder puts bytes together: byte-level, or `<0x0A>`. */
function byteReader(hub: HubTokenizer): (id: number) => readonly number[] | undefined {
  const decoders = hub.decoder instanceof SequenceDecoder ? hub.decoder.decoders : [hub.decoder];
  const byteLevel = decoders.some((decoder) => decoder instanceof ByteLevelDecoder);
  const fallback = decoders.some((decoder) => decoder instanceof ByteFallbackDecoder);
  const added = hub.get_added_tokens_decoder();
  return (id) => {
    const piece = hub.id_to_token(id) ?? hub.model?.unk_token;
    if (byteLevel && !added.has(id)) return [...(piece ?? '')].map((letter) => tokenBytes(letter)?.[0] ?? 0);
    const byte = fallback ? /^<0x([0-9A-Fa-f]{2})>$/.exec(piece ?? '')?.[1] : undefined;
    return byte === undefined ? undefined : [parseInt(byte, 16)];
  };
}

function makeHubTokenizer(json: string, configJson: string | undefined): { hub: HubTokenizer; settings: Record<string, unknown> } {
  try {
    const settings = configJson ? (JSON.parse(configJson) as Record<string, unknown>) : {};
    return { hub: new HubTokenizer(JSON.parse(json) as object, settings), settings };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(`The tokenizer of this model cannot be read (${reason.slice(0, 200)}).`);
  }
}
