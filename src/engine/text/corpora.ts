/** Corpora as token ids: documents read one by one, tokenized, joined by end-of-text. */
import { fetchShippedCorpus, listShippedCorpora, type CorpusStore } from '../../cache/corpusStore.ts';
import { throwIfStopped, UsageError } from '../../core/errors.ts';
import { toHex } from '../../core/formats/sha256.ts';
import { quote } from '../../core/formats/words.ts';
import { joinDocuments } from '../../core/train/stream.ts';
import { readDocuments } from './documents.ts';
import { nextTask } from '../model/runtime.ts';
import type { Tokenizer } from '../model/tokenizer.ts';

/** Characters tokenized in one go: some tens of milliseconds, so that a stop is seen. */
export const PIECE_CHARACTERS = 65_536;

export interface Text {
  ids: Uint32Array;
  /** SHA-256 of the ids; '' where the page has no crypto.subtle. */
  hash: string;
}

interface TextOptions {
  signal: AbortSignal;
  /** Characters tokenized so far, in all corpora. */
  onProgress?: (characters: number) => void;
}

/** Corpora by name, each with something that changes when its text does. */
export interface OpenedCorpora {
  version: string;
  documents(signal: AbortSignal): AsyncIterable<string>;
}

/** @throws UsageError, a sentence, for names that are wrong or not here */
export async function openCorpora(store: CorpusStore, base: string, names: readonly string[]): Promise<OpenedCorpora> {
  const shipped = await listShippedCorpora(base);
  const opened: OpenedCorpora[] = [];
  for (const name of names) {
    const built = shipped.find((corpus) => corpus.name === name);
    const added = built ? undefined : await store.open(name);
    if (built) {
      const documents = async function* (signal: AbortSignal) {
        const data = await fetchShippedCorpus(base, built, signal);
        yield* (await readDocuments({ path: built.path, data }, { stop: signal })).documents;
      };
      opened.push({ version: name, documents });
    } else if (added) opened.push({ version: added.version, documents: (signal) => added.documents(signal) });
    else throw new UsageError(unknown(name, [...shipped, ...(await store.list().catch(() => []))]));
  }
  return {
    version: opened.map(({ version }) => version).join('|'),
    async *documents(signal) {
      for (const corpus of opened) yield* corpus.documents(signal);
    },
  };
}

function unknown(name: string, known: readonly { name: string }[]): string {
  const names = known.map((corpus) => `"${quote(corpus.name)}"`).join(', ');
  return `There is no text called "${quote(name)}" here. There are: ${names}. Others can be added.`;
}

/** Names of a config's field `corpus`. @throws UsageError */
export function corpusNames(corpus: unknown): string[] {
  const names: unknown[] = corpus === undefined ? ['moby-dick'] : Array.isArray(corpus) ? corpus : [corpus];
  if (names.length === 0 || !names.every((name) => typeof name === 'string')) {
    throw new UsageError('`corpus` must be the name of a text, or a list of names.');
  }
  if (new Set(names).size < names.length) throw new UsageError('`corpus` names a text twice; more `tokens` go through it again.');
  return names;
}

/** @throws AbortedError; what reading a corpus throws */
export async function tokenizeCorpora(
  corpora: OpenedCorpora,
  tokenizer: Pick<Tokenizer, 'encode'>,
  endOfText: number | null,
  { signal, onProgress }: TextOptions,
): Promise<Text> {
  const documents: Uint32Array[] = [];
  let characters = 0;
  for await (const document of corpora.documents(signal)) {
    const ids: number[][] = [];
    for (const piece of cutText(document, PIECE_CHARACTERS)) {
      throwIfStopped(signal);
      ids.push(tokenizer.encode(piece));
      onProgress?.((characters += piece.length));
      await nextTask();
    }
    documents.push(Uint32Array.from(ids.flat()));
  }
  const ids = joinDocuments(documents, endOfText);
  return { ids, hash: await hashIds(ids) };
}

/**
 * Cuts before line breaks that follow no space: byte-level tokenizers split there in any case, so the pieces have the
 * tokens of the whole. Text without such a place is cut between characters.
 */
export function* cutText(text: string, most: number): Generator<string> {
  let start = 0;
  while (text.length - start > most) {
    let end = start + most;
    while (end > start && !(/[\r\n]/.test(text[end]) && /\S/.test(text[end - 1]))) end--;
    if (end === start) {
      end = start + most;
      // Not between the halves of a surrogate pair.
      if (/[\uDC00-\uDFFF]/.test(text[end])) end--;
    }
    yield text.slice(start, end);
    start = end;
  }
  if (start < text.length) yield text.slice(start);
}

/** SHA-256 of the ids as little-endian uint32, hex: the same text has one hash however it was stored; '' without crypto.subtle. */
export async function hashIds(given: Uint16Array | Uint32Array): Promise<string> {
  const ids = given instanceof Uint32Array ? given : Uint32Array.from(given);
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle) return '';
  return toHex(await subtle.digest('SHA-256', ids as Uint32Array<ArrayBuffer>));
}
