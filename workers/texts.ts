/** Texts by name as token ids: the first documents of a corpus, as many as give the tokens asked for. */
import { throwIfStopped, UsageError } from '../src/core/errors.ts';
import type { CorpusStore } from '../src/cache/corpusStore.ts';
import { tokenizerOf, type LoadedModel } from '../src/engine/model/openModel.ts';
import { nextTask } from '../src/engine/model/runtime.ts';
import { corpusNames, cutText, openCorpora } from '../src/engine/text/corpora.ts';

/** Tokens of a corpus unless the caller says. */
const DEFAULT_TOKENS = 20_000;
/** Characters tokenized in one go: few enough that a stop is heard. */
const PIECE_CHARACTERS = 16_384;

/** Names a corpus and how much of it is read. */
export interface Extent {
  corpus?: string;
  tokens?: number;
}

export class TextReader {
  readonly #corpora: CorpusStore;
  readonly #base: () => string;
  #last: { key: string; documents: number[][] } | undefined;

  /** @param base where the page's files are */
  constructor(corpora: CorpusStore, base: () => string) {
    this.#corpora = corpora;
    this.#base = base;
  }

  /**
   * The last one read is kept.
   * @returns ids of each document, `tokens` in all unless the corpus is shorter. @throws UsageError; AbortedError
   */
  async documents(loaded: LoadedModel, extent: Extent, signal: AbortSignal): Promise<number[][]> {
    const tokens = tokensOf(extent);
    const tokenizer = tokenizerOf(loaded);
    const corpora = await openCorpora(this.#corpora, this.#base(), corpusNames(extent.corpus));
    const { id, hash } = loaded.info;
    const key = JSON.stringify([id, hash, corpora.version, tokens]);
    if (this.#last?.key === key) return this.#last.documents;
    const documents: number[][] = [];
    let left = tokens;
    for await (const document of corpora.documents(signal)) {
      const ids = (await encodeInPieces(tokenizer, document, left, signal)).slice(0, left);
      documents.push(ids);
      left -= ids.length;
      if (left === 0) break;
    }
    this.#last = { key, documents };
    return documents;
  }
}

/** @throws UsageError */
export function tokensOf({ tokens = DEFAULT_TOKENS }: Extent): number {
  if (!Number.isInteger(tokens) || tokens < 2) throw new UsageError('`tokens` must be a whole number of at least 2.');
  return tokens;
}

/** Ids of a text, at least the first `most` of them. */
export async function encodeInPieces(
  tokenizer: { encode(text: string): number[] },
  text: string,
  most: number,
  signal: AbortSignal,
): Promise<number[]> {
  const ids: number[] = [];
  for (const piece of cutText(text, PIECE_CHARACTERS)) {
    throwIfStopped(signal);
    for (const id of tokenizer.encode(piece)) ids.push(id);
    if (ids.length >= most) break;
    await nextTask();
  }
  return ids;
}
