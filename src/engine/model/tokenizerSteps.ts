/**
 * The steps of a tokenizer before its vocabulary (normalizers and pre-tokenizers of the library), done with positions.
 * Each step is held against what the library itself makes of the text: where that differs, the way is lost.
 */
import {
  BertNormalizer,
  BertPreTokenizer,
  ByteLevelPreTokenizer,
  DigitsPreTokenizer,
  FixedLengthPreTokenizer,
  LowercaseNormalizer,
  MetaspacePreTokenizer,
  NFCNormalizer,
  NFDNormalizer,
  NFKCNormalizer,
  NFKDNormalizer,
  PrecompiledNormalizer,
  PrependNormalizer,
  PunctuationPreTokenizer,
  ReplaceNormalizer,
  ReplacePreTokenizer,
  SequenceNormalizer,
  SequencePreTokenizer,
  SplitPreTokenizer,
  StripAccentsNormalizer,
  StripNormalizer,
  WhitespacePreTokenizer,
  WhitespaceSplitPreTokenizer,
  type Normalizer,
  type PreTokenizer,
} from '@huggingface/tokenizers';
import { characterEdits, clusterEdits, type AlignedText, type TextEdit } from '../../core/lm/alignedText.ts';
import { spellBytes } from '../../core/lm/tokens.ts';

/** Characters cannot be followed through this tokenizer; `step` says where. */
export class LostWay extends Error {
  readonly step: string;
  constructor(step: string) {
    super(step);
    this.step = step;
  }
}

/** @throws LostWay */
export function normalizeAligned(normalizer: Normalizer | null, text: AlignedText): AlignedText {
  if (normalizer === null) return text;
  if (normalizer instanceof SequenceNormalizer) return normalizer.normalizers.reduce((t, n) => normalizeAligned(n, t), text);
  const wanted = normalizer.normalize(text.text);
  if (wanted === text.text) return text;
  return hold(text.text === '' ? text : applyNormalizer(normalizer, text), wanted, 'normalizer');
}

function applyNormalizer(normalizer: Normalizer, text: AlignedText): AlignedText {
  if (normalizer instanceof NFCNormalizer) return unicode(text, 'NFC');
  if (normalizer instanceof NFDNormalizer) return unicode(text, 'NFD');
  if (normalizer instanceof NFKCNormalizer) return unicode(text, 'NFKC');
  if (normalizer instanceof NFKDNormalizer) return unicode(text, 'NFKD');
  if (normalizer instanceof LowercaseNormalizer) return lowerAligned(text);
  if (normalizer instanceof StripAccentsNormalizer) return replaceAligned(text, /\p{M}/gu, '');
  if (normalizer instanceof PrependNormalizer) return text.edit([{ start: 0, end: 0, text: normalizer.config.prepend }]);
  if (normalizer instanceof StripNormalizer)
    return strip(text, normalizer.config.strip_left === true, normalizer.config.strip_right === true);
  if (normalizer instanceof ReplaceNormalizer) return replaceAligned(text, normalizer.pattern, normalizer.config.content ?? '');
  if (normalizer instanceof BertNormalizer) return bert(normalizer, text);
  if (normalizer instanceof PrecompiledNormalizer) return precompiled(text);
  throw new LostWay(`normalizer ${String(normalizer.config?.type)}`);
}

function unicode(text: AlignedText, form: string): AlignedText {
  return text.edit(clusterEdits(text.text, (cluster) => cluster.normalize(form)));
}

/** A capital sigma is the one letter whose lower case depends on its neighbours. */
export function lowerAligned(text: AlignedText): AlignedText {
  const whole = text.text.toLowerCase();
  let at = 0;
  return text.edit(
    characterEdits(text.text, (character) => {
      const { length } = character.toLowerCase();
      return whole.slice(at, (at += length));
    }),
  );
}

export function replaceAligned(text: AlignedText, pattern: RegExp | null, content: string): AlignedText {
  if (pattern === null) return text;
  const edits = function* (): Generator<TextEdit> {
    for (const { 0: found, index } of text.text.matchAll(pattern)) yield { start: index, end: index + found.length, text: content };
  };
  return text.edit(edits());
}

function strip(text: AlignedText, left: boolean, right: boolean): AlignedText {
  const start = left ? text.text.length - text.text.trimStart().length : 0;
  return text.slice(start, Math.max(start, right ? text.text.trimEnd().length : text.text.length));
}

export const trimEnd = (text: AlignedText) => strip(text, false, true);
export const trimStart = (text: AlignedText) => strip(text, true, false);

function bert(normalizer: BertNormalizer, given: AlignedText): AlignedText {
  const { clean_text, handle_chinese_chars, lowercase, strip_accents } = normalizer.config;
  const own = normalizer as unknown as Record<'clean_text' | 'tokenize_chinese_chars', (text: string) => string>;
  let text = given;
  const each = (map: (character: string) => string) => text.edit(characterEdits(text.text, map));
  if (clean_text) text = each((character) => own.clean_text(character));
  if (handle_chinese_chars) text = each((character) => own.tokenize_chinese_chars(character));
  if (lowercase) text = lowerAligned(text);
  if (strip_accents || (lowercase && strip_accents !== false)) text = replaceAligned(unicode(text, 'NFD'), /\p{Mn}/gu, '');
  return text;
}

/** What the library does in the place of SentencePiece's own table. */
function precompiled(given: AlignedText): AlignedText {
  const kept = replaceAligned(given, /[\u0001-\u0008\u000B\u000E-\u001F\u007F\u008F\u009F]/g, '');
  const spaced = replaceAligned(
    kept,
    /[\u0009\u000A\u000C\u000D\u00A0\u1680\u2000-\u200F\u2028\u2029\u202F\u205F\u2581\u3000\uFEFF\uFFFD]/g,
    ' ',
  );
  const parts = (cluster: string) => cluster.split('\uFF5E').map((part) => part.normalize('NFKC'));
  return spaced.edit(clusterEdits(spaced.text, (cluster) => parts(cluster).join('\uFF5E')));
}

/** @throws LostWay */
export function preTokenizeAligned(step: PreTokenizer | null, text: AlignedText, section: number): AlignedText[] {
  if (step === null) return [text];
  if (step instanceof SequencePreTokenizer) {
    return step.tokenizers.reduce<AlignedText[]>(
      (pieces, next) => pieces.flatMap((piece) => preTokenizeAligned(next, piece, section)),
      [text],
    );
  }
  const wanted = step.pre_tokenize(text.text, { section_index: section });
  const pieces = applyPreTokenizer(step, text, wanted);
  if (pieces.length !== wanted.length) throw new LostWay('pre-tokenizer');
  return pieces.map((piece, i) => hold(piece, wanted[i], 'pre-tokenizer'));
}

function applyPreTokenizer(step: PreTokenizer, text: AlignedText, wanted: string[]): AlignedText[] {
  if (step instanceof ByteLevelPreTokenizer) {
    const spaced = step.add_prefix_space && !text.text.startsWith(' ') ? text.edit([{ start: 0, end: 0, text: ' ' }]) : text;
    return (step.use_regex ? matches(spaced, step.pattern) : [spaced]).map(spellBytes);
  }
  if (step instanceof MetaspacePreTokenizer) return [wanted[0] === text.text ? text : metaspace(step, text, wanted[0])];
  if (step instanceof ReplacePreTokenizer) return [replaceAligned(text, step.pattern, step.content)];
  if (step instanceof SplitPreTokenizer && step.pattern !== null) {
    if (step.config.invert) return matches(text, step.pattern).filter((piece) => piece.text !== '');
    if (step.config.behavior?.toLowerCase() === 'removed') return between(text, step.pattern);
  }
  // These keep characters in order; what they leave out is white space between pieces.
  const simple = [
    SplitPreTokenizer,
    BertPreTokenizer,
    DigitsPreTokenizer,
    FixedLengthPreTokenizer,
    PunctuationPreTokenizer,
    WhitespacePreTokenizer,
    WhitespaceSplitPreTokenizer,
  ].some((kind) => step instanceof kind);
  if (!simple) throw new LostWay('pre-tokenizer');
  return inOrder(text, wanted);
}

function metaspace({ replacement, str_rep }: MetaspacePreTokenizer, text: AlignedText, wanted: string): AlignedText {
  const replaced = replaceAligned(text, / /g, str_rep);
  const prefix = !replaced.text.startsWith(replacement) && wanted.length > replaced.text.length;
  return prefix ? replaced.edit([{ start: 0, end: 0, text: str_rep }]) : replaced;
}

function matches(text: AlignedText, pattern: RegExp): AlignedText[] {
  return [...text.text.matchAll(pattern)].map(({ 0: found, index }) => text.slice(index, index + found.length));
}

function between(text: AlignedText, pattern: RegExp): AlignedText[] {
  const pieces: AlignedText[] = [];
  let at = 0;
  for (const { 0: found, index } of text.text.matchAll(pattern)) {
    if (index > at) pieces.push(text.slice(at, index));
    at = index + found.length;
  }
  if (at < text.text.length) pieces.push(text.slice(at));
  return pieces;
}

function inOrder(text: AlignedText, wanted: readonly string[]): AlignedText[] {
  let at = 0;
  return wanted.map((piece) => {
    const start = text.text.startsWith(piece, at) ? at : at + (/\S/.exec(text.text.slice(at))?.index ?? 0);
    at = start + piece.length;
    return text.slice(start, at);
  });
}

function hold(text: AlignedText, wanted: string, step: string): AlignedText {
  if (text.text !== wanted) throw new LostWay(step);
  return text;
}
