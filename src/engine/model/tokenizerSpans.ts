/**
 * Which characters of a text each token covers: the text goes the tokenizer's own way (added tokens, normalizer,
 * pre-tokenizer, vocabulary) with positions. The ids must come out as the library's own; else the way is lost.
 */
import { BPE, Unigram, WordPiece, type AddedToken, type Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { placeInNfc, wholeCharacters, type AlignedText, type Span } from '../../core/lm/alignedText.ts';
import { lowerAligned, LostWay, normalizeAligned, preTokenizeAligned, replaceAligned, trimEnd, trimStart } from './tokenizerSteps.ts';

interface Covered {
  token: string;
  span: Span;
}

type Model = NonNullable<HubTokenizer['model']>;

/** What the library keeps to itself of the way through it. */
interface Inside {
  normalizer: HubTokenizer['normalizer'];
  pre_tokenizer: HubTokenizer['pre_tokenizer'];
  model: Model;
  splitter_unnormalized: Splitter;
  splitter_normalized: Splitter;
  added_tokens_map: Map<string, AddedToken>;
  remove_space: unknown;
  do_lowercase_and_remove_accent: unknown;
}

interface Splitter {
  split(text: string): string[];
}

/**
 * @param text well-formed
 * @param ids what the library makes of it
 * @returns ranges in the text's NFC form
 * @throws LostWay
 */
export function spansOfText(tokenizer: HubTokenizer, text: string, ids: readonly number[]): Span[] {
  const hub = tokenizer as unknown as Inside;
  const typed = placeInNfc(text);
  if (!typed) throw new LostWay('NFC form of the text');
  const covered = splitAdded(typed, hub, hub.splitter_unnormalized).flatMap((section, i) => coverSection(hub, section, i));
  const { added_tokens_map: added, model } = hub;
  covered.forEach(({ token }, i) => {
    const id = added.get(token)?.id ?? model.tokens_to_ids.get(token) ?? model.unk_token_id;
    if (id !== ids[i]) throw new LostWay('vocabulary');
  });
  if (covered.length !== ids.length) throw new LostWay('vocabulary');
  const nfc = text.normalize('NFC');
  return insideCharacters(covered.map(({ span }) => wholeCharacters(nfc, span)));
}

/** What a step puts between parts of one character (ﷺ is four words to NFKC) belongs to that character. */
function insideCharacters(spans: Span[]): Span[] {
  return spans.map(([from, to], i): Span => {
    const before = spans[i - 1]?.[1] ?? 0;
    const after = spans[i + 1]?.[0] ?? Infinity;
    return from === to && after < before ? [after, before] : [from, to];
  });
}

function coverSection(hub: Inside, section: AlignedText, index: number): Covered[] {
  if (section.text === '') return [];
  if (hub.added_tokens_map.has(section.text)) return [{ token: section.text, span: section.span() }];
  let text = section;
  if (hub.remove_space === true) text = replaceAligned(trimStart(trimEnd(text)), /\s+/g, ' ');
  if (hub.do_lowercase_and_remove_accent) text = replaceAligned(lowerAligned(text), /\p{M}/gu, '');
  text = normalizeAligned(hub.normalizer, text);
  return splitAdded(text, hub, hub.splitter_normalized).flatMap((part) => {
    if (part.text === '') return [];
    if (hub.added_tokens_map.has(part.text)) return [{ token: part.text, span: part.span() }];
    const pieces = preTokenizeAligned(hub.pre_tokenizer, part, index);
    return fuseUnknown(
      hub.model,
      pieces.flatMap((piece) => coverPiece(hub.model, piece)),
    );
  });
}

/** Cut at added tokens, which take white space around them where they say so. */
function splitAdded(text: AlignedText, { added_tokens_map: added }: Inside, splitter: Splitter): AlignedText[] {
  let at = 0;
  const parts = splitter.split(text.text).map((part) => text.slice(at, (at += part.length)));
  parts.forEach((part, i) => {
    const token = added.get(part.text);
    if (token?.lstrip && i > 0) parts[i - 1] = trimEnd(parts[i - 1]);
    if (token?.rstrip && i < parts.length - 1) parts[i + 1] = trimStart(parts[i + 1]);
  });
  return parts;
}

function coverPiece(model: Model, piece: AlignedText): Covered[] {
  if (piece.text === '') return [];
  if (model instanceof BPE) return coverBpe(model, piece);
  const tokens = model.encode([piece.text]);
  if (tokens.length === 1) return [{ token: tokens[0], span: piece.span() }];
  if (model instanceof WordPiece) {
    const { continuing_subword_prefix: prefix } = model.config as { continuing_subword_prefix?: string };
    return cover(piece, tokens, (token, i) => token.length - (i > 0 ? String(prefix).length : 0));
  }
  if (model instanceof Unigram) return cover(piece, tokens, (token) => token.length);
  throw new LostWay('vocabulary');
}

function coverBpe(model: BPE, piece: AlignedText): Covered[] {
  const whole = model.ignore_merges && model.tokens_to_ids.has(piece.text);
  const parts = whole ? [piece.text] : model.bpe(piece.text);
  const last = parts.length - 1;
  const extra = (i: number) =>
    whole ? 0 : i === last ? (model.end_of_word_suffix?.length ?? 0) : (model.continuing_subword_suffix?.length ?? 0);
  const covered = cover(piece, parts, (part, i) => part.length - extra(i));
  return covered.flatMap(({ token: part, span }) => tokensOfPart(model, part).map((token) => ({ token, span })));
}

/** What is not in the vocabulary becomes its bytes, the unknown token, or nothing. */
function tokensOfPart({ tokens_to_ids: known, byte_fallback, unk_token }: BPE, part: string): string[] {
  if (known.has(part)) return [part];
  const bytes = byte_fallback ? [...new TextEncoder().encode(part)].map(byteToken) : [];
  if (bytes.length > 0 && bytes.every((token) => known.has(token))) return bytes;
  return unk_token === undefined || unk_token === null ? [] : [unk_token];
}

const byteToken = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

function cover(piece: AlignedText, tokens: readonly string[], lengthOf: (token: string, i: number) => number): Covered[] {
  let at = 0;
  const covered = tokens.map((token, i): Covered => ({ token, span: piece.span(at, (at += lengthOf(token, i))) }));
  if (at !== piece.text.length) throw new LostWay('vocabulary');
  return covered;
}

/** Unknown tokens in a row are one where the model says so. */
function fuseUnknown(model: Model, covered: Covered[]): Covered[] {
  if (!model.fuse_unk) return covered;
  const unknown = ({ token }: Covered) => (model.tokens_to_ids.get(token) ?? model.unk_token_id) === model.unk_token_id;
  const fused: Covered[] = [];
  for (const next of covered) {
    const before = fused.at(-1);
    if (before && unknown(before) && unknown(next))
      before.span = [Math.min(before.span[0], next.span[0]), Math.max(before.span[1], next.span[1])];
    else fused.push({ ...next });
  }
  return fused;
}
