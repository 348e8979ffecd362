import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/core/formats/bytes.ts';
import { createTokenizer, type Tokenizer } from '../../../src/engine/model/tokenizer.ts';
import { byteLevel, metaspaceBpe, tokenizerJson, unigram, wordPiece } from '../../helpers/tokenizerFiles.ts';
import { randomTexts } from '../../helpers/scripts.ts';

const TEXTS = [...randomTexts(150, 1), 'The sea was calm, and the ship sailed on.', 'ΟΔΥΣΣΕΥΣ ΚΑΙ ΣΟΦΟΣ', ' cat  cat ', '\n', 'a'];

const stripped = (text: string) =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replaceAll('ς', 'σ');
const bare = (text: string) => text.replace(/[\s\u2581]/gu, '');
const END_OF_TEXT = '<|endoftext|>';

interface Kind {
  name: string;
  json: string;
  /** What the tokenizer makes of letters, written down once more. */
  normal: (letters: string) => string;
  /** Of what tokens decode to and of letters: what both must have alike. */
  same: (text: string) => string;
  /** Characters that no token has. */
  dropped: RegExp;
}

const exact = (text: string) => text;
const NOTHING = /(?!)/;
const PRECOMPILED = { type: 'Sequence', normalizers: [{ type: 'Precompiled', precompiled_charsmap: '' }] };
const KINDS: Kind[] = [
  { name: 'byte-level as GPT-NeoX', json: byteLevel(TEXTS), normal: (s) => s.normalize('NFC'), same: exact, dropped: NOTHING },
  {
    name: 'byte-level, no normalizer',
    json: byteLevel(TEXTS, { normalizer: null }),
    normal: exact,
    same: (s) => s.normalize('NFC'),
    dropped: NOTHING,
  },
  {
    name: 'byte-level, NFKC',
    json: byteLevel(TEXTS, { normalizer: { type: 'NFKC' } }),
    normal: (s) => s.normalize('NFKC'),
    same: exact,
    dropped: NOTHING,
  },
  {
    name: 'byte-level, NFD',
    json: byteLevel(TEXTS, { normalizer: { type: 'NFD' } }),
    normal: (s) => s.normalize('NFD'),
    same: exact,
    dropped: NOTHING,
  },
  {
    name: 'byte-level, prefix space',
    json: byteLevel(TEXTS, { prefix: true }),
    normal: (s) => s.normalize('NFC'),
    same: exact,
    dropped: NOTHING,
  },
  {
    name: 'byte-level, lower case without accents',
    json: byteLevel(TEXTS, {
      normalizer: { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'Lowercase' }, { type: 'StripAccents' }] },
    }),
    normal: (s) => s.normalize('NFD').toLowerCase().replace(/\p{M}/gu, ''),
    same: (s) => s.replaceAll('ς', 'σ'),
    dropped: NOTHING,
  },
  { name: 'metaspace BPE as Llama', json: metaspaceBpe(TEXTS), normal: exact, same: (s) => s.normalize('NFC'), dropped: NOTHING },
  {
    name: 'WordPiece as BERT',
    json: wordPiece(TEXTS),
    normal: stripped,
    same: (s) =>
      bare(s)
        .replace(/\p{Cf}/gu, '')
        .replaceAll('ς', 'σ'),
    dropped: /[\s\p{Cf}]/u,
  },
  { name: 'Unigram as T5, NFKC', json: unigram(TEXTS), normal: (s) => s.normalize('NFKC'), same: bare, dropped: /\s/u },
  {
    name: 'Unigram, SentencePiece’s table',
    json: unigram(TEXTS, PRECOMPILED),
    normal: (s) => s.normalize('NFKC'),
    same: (s) =>
      bare(s)
        .replaceAll('~', '～')
        .replace(/\u200d/g, ''),
    dropped: /[\s\u200d]/u,
  },
];

describe.each(KINDS)('spans: $name', ({ json, normal, same, dropped }) => {
  const tokenizer = createTokenizer(json, undefined);

  test('the letters under tokens are those the tokens stand for, in order, and all are covered', () => {
    let told = 0;
    for (const text of TEXTS) {
      const nfc = text.normalize('NFC');
      const { ids, spans } = tokenizer.tokenize(text);
      expect(ids).toEqual(tokenizer.encode(text));
      checkOrder(nfc, spans, dropped);
      for (const { from, to, first, last } of groupsOf(spans)) {
        const tokens = ids.slice(first, last + 1);
        if (tokens.some((id) => /<unk>|\[UNK\]/.test(tokenizer.token(id)))) continue;
        told += tokens.length;
        const letters = same(normal(nfc.slice(from, to)));
        const decoded = same(spelling(tokenizer, tokens));
        // A space may have been put before the first.
        if (first > 0 || decoded !== ` ${letters}`) expect(decoded, JSON.stringify({ text, nfc, from, to, tokens })).toBe(letters);
      }
    }
    expect(told).toBeGreaterThan(1000);
  });
});

test('spans: unknown words cover themselves, whether fused or not', () => {
  for (const json of [wordPiece(TEXTS, true), unigram(TEXTS.slice(0, 20))]) {
    const tokenizer = createTokenizer(json, undefined);
    for (const text of TEXTS) checkOrder(text.normalize('NFC'), tokenizer.tokenize(text).spans, /[\s\p{Cf}]/u);
  }
});

/** Tokens that share characters, together. */
function groupsOf(spans: readonly [number, number][]) {
  const groups: { from: number; to: number; first: number; last: number }[] = [];
  spans.forEach(([from, to], i) => {
    const group = groups.at(-1);
    if (group && from < group.to && from < to) Object.assign(group, { to: Math.max(group.to, to), last: i });
    else groups.push({ from, to, first: i, last: i });
  });
  return groups;
}

/** Decoded as after another token: decoders drop a space at the beginning of a text. */
function spelling(tokenizer: Tokenizer, ids: number[]): string {
  return tokenizer
    .decode([0, ...ids])
    .slice(END_OF_TEXT.length)
    .replaceAll('##', '');
}

function checkOrder(nfc: string, spans: readonly [number, number][], dropped: RegExp): void {
  let reached = 0;
  let start = 0;
  const gaps: string[] = [];
  for (const [from, to] of spans) {
    expect(from).toBeGreaterThanOrEqual(start);
    expect(to).toBeGreaterThanOrEqual(from);
    if (from > reached) gaps.push(nfc.slice(reached, from));
    start = from;
    reached = Math.max(reached, to);
  }
  gaps.push(nfc.slice(reached));
  expect(reached).toBeLessThanOrEqual(nfc.length);
  expect(
    [...gaps.join('')].filter((c) => !dropped.test(c)),
    JSON.stringify({ nfc, spans }),
  ).toEqual([]);
}

describe('spans: reported situations', () => {
  const file = (folder: string, name: string) => readFileSync(new URL(`../../fixtures/reports/${folder}/${name}`, import.meta.url), 'utf8');
  const open = (folder: string) => createTokenizer(file(folder, 'tokenizer.json'), file(folder, 'tokenizer_config.json'));

  test('a space put in front moves nothing', () => {
    expect(open('P09-prefix-space').tokenize('cat cat').spans).toEqual([
      [0, 3],
      [3, 7],
    ]);
  });

  test('the ligature ﬁ under NFKC is one character for two letters', () => {
    const { spans } = open('P11-nfkc').tokenize('\ufb01 cat');
    expect(spans.at(-1)).toEqual([1, 5]);
    expect(spans.slice(0, -1).every(([from, to]) => from === 0 && to === 1)).toBe(true);
  });

  test('without a normalizer a decomposed letter has tokens of its own, on one character of the text after NFC', () => {
    const { ids, spans } = open('P11-no-nfc').tokenize('e\u0301 cat');
    expect(ids).not.toEqual(open('P11-no-nfc').encode('\u00e9 cat'));
    expect(spans.at(-1)).toEqual([1, 5]);
    expect(spans.slice(0, -1).every(([from, to]) => from === 0 && to === 1)).toBe(true);
    expect(open('P11-no-nfc').tokenize('\ufb01 cat').spans.at(-1)).toEqual([1, 5]);
  });
});

describe('spans of ids without a text', () => {
  test.each(KINDS)('$name: those of what they decode to', ({ json }) => {
    const tokenizer = createTokenizer(json, undefined);
    for (const text of TEXTS.slice(0, 60)) {
      const { ids } = tokenizer.tokenize(text);
      const decoded = tokenizer.decode(ids).normalize('NFC');
      const spans = tokenizer.spansOf(ids);
      checkOrder(decoded, spans, NOTHING);
      if (decoded !== '') expect(spans.at(-1)![1]).toBe(decoded.length);
    }
  });

  test('bytes that are no character shift nothing after them', () => {
    const tokenizer = createTokenizer(byteLevel(['x']), undefined);
    const [lead] = tokenizer.encode('é');
    const [a] = tokenizer.encode('a');
    expect(tokenizer.decode([lead, a, lead, lead, a])).toBe('\ufffda\ufffd\ufffda');
    expect(tokenizer.spansOf([lead, a, lead, lead, a])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ]);
  });

  test('a division that the tokenizer would not choose', () => {
    const tokenizer = createTokenizer(byteLevel(['cat cat cat']), undefined);
    const letters = [...'cat'].flatMap((letter) => tokenizer.encode(letter));
    expect(tokenizer.encode('cat').length).toBeLessThan(3);
    expect(tokenizer.spansOf(letters)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });
});

describe('pre-tokenizers that cut', () => {
  const splits = [
    { type: 'Whitespace' },
    { type: 'Punctuation', behavior: 'Isolated' },
    { type: 'Digits', individual_digits: true },
    { type: 'Split', pattern: { Regex: ' ?\\p{L}+|\\s+|.' }, behavior: 'Isolated', invert: false },
    { type: 'Split', pattern: { Regex: 'xa' }, behavior: 'Removed', invert: false },
    { type: 'Split', pattern: { String: ' ' }, behavior: 'Isolated', invert: false },
    { type: 'FixedLength', length: 3 },
    { type: 'Replace', pattern: { String: ' ' }, content: '_' },
  ];
  test.each(splits)('$type, then bytes', (split) => {
    const made = JSON.parse(byteLevel(TEXTS)) as { pre_tokenizer: object; decoder: object };
    const pre_tokenizer = { type: 'Sequence', pretokenizers: [split, made.pre_tokenizer] };
    const tokenizer = createTokenizer(JSON.stringify({ ...made, pre_tokenizer }), undefined);
    for (const text of [...TEXTS, 'xaa xab 12']) {
      const nfc = text.normalize('NFC');
      const { ids, spans } = tokenizer.tokenize(text);
      for (const { from, to, first, last } of groupsOf(spans)) {
        const decoded = spelling(tokenizer, ids.slice(first, last + 1)).normalize('NFC');
        // Half a surrogate pair is cut off by one of these.
        if (!decoded.includes('\ufffd')) expect(decoded.replaceAll('_', ' '), JSON.stringify(text)).toBe(nfc.slice(from, to));
      }
    }
  });
});

describe('added tokens', () => {
  const made = JSON.parse(byteLevel(['cat'])) as { added_tokens: object[] };
  const extra = { id: 500, content: '<mask>', single_word: false, lstrip: true, rstrip: true, normalized: false, special: true };
  const tokenizer = createTokenizer(JSON.stringify({ ...made, added_tokens: [...made.added_tokens, extra] }), undefined);

  test('cover their own characters, and what they strip is no one’s', () => {
    const { ids, spans } = tokenizer.tokenize('a <mask> b<|endoftext|>');
    expect(ids).toEqual([...tokenizer.encode('a'), 500, ...tokenizer.encode('b'), 0]);
    expect(spans).toEqual([
      [0, 1],
      [2, 8],
      [9, 10],
      [10, 23],
    ]);
  });
});

describe('a way that is not known', () => {
  test('is said in a sentence, and ids are still made', () => {
    const json = tokenizerJson({
      normalizer: { type: 'Replace', pattern: { Regex: '(b)' }, content: '$1$1' },
      pre_tokenizer: null,
      decoder: { type: 'Fuse' },
      model: { type: 'BPE', vocab: { '<|endoftext|>': 0, a: 1, b: 2 }, merges: [] },
    });
    const tokenizer = createTokenizer(json, undefined);
    expect(tokenizer.encode('ab')).toEqual([1, 2, 2]);
    expect(() => tokenizer.tokenize('ab')).toThrow(FormatError);
    expect(() => tokenizer.tokenize('ab')).toThrow(
      'Which characters each token of this text covers cannot be told: the normalizer of this model’s tokenizer'.replace('’', "'"),
    );
    expect(tokenizer.tokenize('aa').spans).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  test('a step that nobody knows is refused when the model is opened', () => {
    const json = tokenizerJson({
      normalizer: { type: 'Nmt' },
      pre_tokenizer: null,
      decoder: { type: 'Fuse' },
      model: { type: 'BPE', vocab: {}, merges: [] },
    });
    expect(() => createTokenizer(json, undefined)).toThrow(/^The tokenizer of this model cannot be read \(Unknown Normalizer type: Nmt\)/);
  });
});
