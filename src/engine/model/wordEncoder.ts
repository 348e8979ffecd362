/**
 * Text to ids word by word, each different word once. The library looks every word of a text up in a cache that it
 * reorders at each look, and writes JSON for each pair of pieces it thinks of merging, which takes most of the time in
 * which a book becomes ids.
 */
import { BPE, ByteLevelPostProcessor, ByteLevelPreTokenizer, NFCNormalizer, type Tokenizer as HubTokenizer } from '@huggingface/tokenizers';

/** Different words remembered; more than a book has. */
const MOST_WORDS = 65_536;
/** Letters of a word above which the library's queue is sooner than a look at all pairs. */
const LONG_WORD = 64;

type Encode = (text: string) => number[];

/**
 * @param settings tokenizer_config.json
 * @returns the same ids as `whole`, the library's way, sooner; `whole` itself where words depend on their neighbours
 */
export function wordEncoder(hub: HubTokenizer, settings: Record<string, unknown>, whole: Encode): Encode {
  const { normalizer, pre_tokenizer, model, post_processor } = hub;
  // Suffixes of words, unknown tokens and byte fallback are the same for a word alone.
  const isPlain =
    pre_tokenizer instanceof ByteLevelPreTokenizer &&
    pre_tokenizer.use_regex &&
    !pre_tokenizer.add_prefix_space &&
    model instanceof BPE &&
    !(model as { fuse_unk?: boolean }).fuse_unk &&
    (normalizer === null || normalizer instanceof NFCNormalizer) &&
    (post_processor === null || post_processor instanceof ByteLevelPostProcessor) &&
    !settings.remove_space &&
    !settings.do_lowercase_and_remove_accent;
  if (!isPlain) return whole;
  const { pattern } = pre_tokenizer;
  const added = Array.from(hub.get_added_tokens_decoder().values(), ({ content }) => content);
  const known = new Map<string, number[]>();
  const mergeWord = wordMerger(hub, pre_tokenizer, model);
  const idsOf = (word: string) => {
    let ids = known.get(word);
    if (!ids) {
      ids = mergeWord(word) ?? whole(word);
      if (known.size >= MOST_WORDS) known.clear();
      known.set(word, ids);
    }
    return ids;
  };
  return (text) => {
    const normal = normalizer ? text.normalize('NFC') : text;
    // Those cut a text before words are looked for.
    if (added.some((token) => text.includes(token) || normal.includes(token))) return whole(text);
    const all: number[] = [];
    for (const word of normal.match(pattern) ?? []) for (const id of idsOf(word)) all.push(id);
    return all;
  };
}

/** @returns a word's ids by the file's list of merges; undefined for what the library does otherwise */
function wordMerger(hub: HubTokenizer, { byte_encoder }: ByteLevelPreTokenizer, model: BPE): (word: string) => number[] | undefined {
  const { merges, end_of_word_suffix, continuing_subword_suffix, ignore_merges, byte_fallback } = model;
  if (end_of_word_suffix || continuing_subword_suffix || ignore_merges || byte_fallback) return () => undefined;
  // No piece has a space: its bytes are letters.
  const ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
  const utf8 = new TextEncoder();
  const ids = new Map<string, number>(model.tokens_to_ids);
  for (const [id, { content }] of hub.get_added_tokens_decoder()) ids.set(content, id);
  return (word) => {
    if (word.length > LONG_WORD) return undefined;
    const pieces = Array.from(utf8.encode(word), (byte) => byte_encoder[byte]);
    mergePieces(pieces, (left, right) => ranks.get(`${left} ${right}`) ?? Infinity);
    const found = pieces.map((piece) => ids.get(piece));
    return found.includes(undefined) ? undefined : (found as number[]);
  };
}

/** Merges the pair of the lowest rank, of equal ones the first, until none is left. In place. */
function mergePieces(pieces: string[], rankOf: (left: string, right: string) => number): void {
  const ranks = pieces.slice(1).map((piece, i) => rankOf(pieces[i], piece));
  for (;;) {
    let best = 0;
    for (let i = 1; i < ranks.length; i++) if (ranks[i] < ranks[best]) best = i;
    if (!(ranks[best] < Infinity)) return;
    pieces.splice(best, 2, pieces[best] + pieces[best + 1]);
    ranks.splice(best, 1);
    if (best > 0) ranks[best - 1] = rankOf(pieces[best - 1], pieces[best]);
    if (best < ranks.length) ranks[best] = rankOf(pieces[best], pieces[best + 1]);
  }
}
