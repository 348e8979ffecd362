/** Small tokenizer.json files of the kinds that people's models have, with vocabularies learned from the texts at hand. */
import { AlignedText } from '../../src/core/lm/alignedText.ts';
import { spellBytes } from '../../src/core/lm/tokens.ts';

interface Parts {
  normalizer: object | null;
  pre_tokenizer: object | null;
  decoder: object;
  model: object;
  added_tokens?: object[];
}

export const tokenizerJson = (parts: Parts) =>
  JSON.stringify({ version: '1.0', truncation: null, padding: null, added_tokens: [END], post_processor: null, ...parts });

const END = { id: 0, content: '<|endoftext|>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
const NONE = new Int32Array(0);
const bytesOf = (text: string) => spellBytes(new AlignedText(text, NONE, NONE)).text;
const allBytes = Array.from({ length: 256 }, (_, b) => b);

/** Merges that occur often, across characters and inside them. */
function learnMerges(words: readonly string[], count: number): [string, string][] {
  let split = words.map((word) => [...word]);
  const merges: [string, string][] = [];
  for (let i = 0; i < count; i++) {
    const pairs = new Map<string, number>();
    for (const word of split) for (let j = 1; j < word.length; j++) bump(pairs, `${word[j - 1]}\u0000${word[j]}`);
    const best = [...pairs].sort((a, b) => b[1] - a[1])[0];
    if (!best) break;
    const [a, b] = best[0].split('\u0000');
    merges.push([a, b]);
    split = split.map((word) => mergeIn(word, a, b));
  }
  return merges;
}

const bump = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

function mergeIn(word: readonly string[], a: string, b: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < word.length; i++) {
    if (word[i] === a && word[i + 1] === b) out.push(word[i++] + b);
    else out.push(word[i]);
  }
  return out;
}

const numbered = (tokens: readonly string[]) => Object.fromEntries([...new Set(tokens)].map((token, i) => [token, i]));

/** As GPT-NeoX. */
export function byteLevel(
  texts: readonly string[],
  { normalizer = { type: 'NFC' }, prefix = false }: { normalizer?: object | null; prefix?: boolean } = {},
): string {
  const words = texts.flatMap((text) => text.match(/ ?\S+|\s+/gu) ?? []).map(bytesOf);
  const merges = learnMerges(words, 80);
  const letters = allBytes.map((b) => byteLetter(b));
  const step = { type: 'ByteLevel', add_prefix_space: prefix, trim_offsets: true, use_regex: true };
  const vocab = numbered([END.content, ...letters, ...merges.map(([a, b]) => a + b)]);
  return tokenizerJson({ normalizer, pre_tokenizer: step, decoder: step, model: { type: 'BPE', vocab, merges } });
}

/** One that every byte has, found by spelling characters that hold it. */
function byteLetter(byte: number): string {
  if (byte < 0x80) return bytesOf(String.fromCharCode(byte));
  let next = 256;
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  for (let b = 0; b < byte; b++) if (!printable(b)) next++;
  return String.fromCodePoint(printable(byte) ? byte : next);
}

/** As Llama: a metaspace put in front, spaces replaced, what is unknown spelt in bytes. */
export function metaspaceBpe(texts: readonly string[]): string {
  const words = texts.map((text) => `\u2581${text.replaceAll(' ', '\u2581')}`);
  const merges = learnMerges(words, 60);
  // Half of the characters: the others come as bytes.
  const characters = [...new Set(words.join(''))].filter((c, i) => c === '\u2581' || i % 2 === 0);
  const known = new Set(characters);
  const usable = merges.filter(([a, b]) => {
    if (!known.has(a) || !known.has(b)) return false;
    known.add(a + b);
    return true;
  });
  const bytes = allBytes.map((b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  const vocab = numbered([END.content, '<unk>', ...bytes, ...known]);
  return tokenizerJson({
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '\u2581' },
        { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
      ],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: { type: 'BPE', unk_token: '<unk>', fuse_unk: true, byte_fallback: true, vocab, merges: usable },
  });
}

/** As BERT, lower-cased and without accents; a third of the characters unknown when `gaps`. */
export function wordPiece(texts: readonly string[], gaps = false): string {
  const plain = texts.map((text) =>
    text
      .toLowerCase()
      .normalize('NFD')
      .replace(/\p{Mn}/gu, ''),
  );
  const characters = [...new Set(plain.join('').replace(/\s/gu, ''))].filter((_, i) => !gaps || i % 3 > 0);
  const words = plain.flatMap((text) => text.match(/\p{L}+/gu) ?? []).filter((_, i) => i % 5 === 0);
  const tokens = [...characters, ...words.map((word) => [...word].slice(0, 2).join(''))];
  const vocab = numbered([END.content, '[UNK]', ...tokens, ...tokens.map((token) => `##${token}`)]);
  return tokenizerJson({
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  });
}

/** As T5: NFKC, words by white space, a metaspace before each, Unigram. */
export function unigram(texts: readonly string[], normalizer: object = { type: 'NFKC' }): string {
  const plain = texts.map((text) => text.normalize('NFKC'));
  const characters = [...new Set(plain.join('').replace(/\s/gu, ''))].filter((_, i) => i % 4 > 0);
  const words = plain.flatMap((text) => text.match(/\p{L}+/gu) ?? []).filter((_, i) => i % 7 === 0);
  const tokens = [END.content, '<unk>', '\u2581', ...characters, ...words, ...words.map((word) => `\u2581${word}`)];
  const vocab = [...new Set(tokens)].map((token, i) => [token, i < 2 ? 0 : token.length > 2 ? -4 : -6]);
  return tokenizerJson({
    normalizer,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always' }],
    },
    decoder: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always' },
    model: { type: 'Unigram', unk_id: 1, vocab },
  });
}
