/**
 * Texts to train on: those that ship with the page (scripts/prepare.mjs puts them there), and added ones, kept in
 * IndexedDB as one Blob each, the manifest last. Between two documents stands a null character, which no text has.
 */
import { createStore, del, delMany, entries, get, keys, set, type UseStore } from 'idb-keyval';
import { EngineError, throwIfStopped, UsageError, type Stop } from '../core/errors.ts';
import { quote } from '../core/formats/words.ts';
import type { CorpusInfo } from '../core/train/runTypes.ts';
import { download } from './download.ts';
import { exclusively } from './locks.ts';
import { reasonOf } from './refusals.ts';

export interface CorpusStore {
  /** Added ones, by name. @throws EngineError when the storage cannot be read */
  list(): Promise<CorpusInfo[]>;
  /** @throws UsageError when the name is taken; EngineError when there is no room or no storage, and then nothing is kept */
  save(name: string, documents: readonly string[]): Promise<CorpusInfo>;
  /** @returns undefined when it is not here */
  open(name: string): Promise<CorpusText | undefined>;
  /** @throws EngineError when the storage refuses; then it is kept */
  remove(name: string): Promise<void>;
}

interface CorpusText {
  /** Another text under the same name has another. */
  version: string;
  documents(stop?: Stop): AsyncIterable<string>;
}

const VERSION = 1;
const SEPARATOR = '\0';
const LONGEST_NAME = 60;

interface Manifest {
  version: number;
  name: string;
  bytes: number;
  documents: number;
  key: string;
}

/**
 * @param taken names that ship with the page
 * @returns the name without space around it
 * @throws UsageError
 */
export function checkCorpusName(name: unknown, taken: readonly string[]): string {
  const text = typeof name === 'string' ? name.trim().normalize('NFC') : '';
  if (!/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]*$/u.test(text) || text.length > LONGEST_NAME) {
    throw new UsageError(
      `The name of a text has 1 to ${LONGEST_NAME} letters, digits, spaces, dots, hyphens and underscores, and begins with a letter or digit; this one is "${quote(String(name))}". Nothing was added.`,
    );
  }
  if (taken.some((known) => known.toLowerCase() === text.toLowerCase())) {
    throw new UsageError(`A text called "${quote(text)}" ships with the page. Choose another name; nothing was added.`);
  }
  return text;
}

export function createCorpusStore(name = 'featurescope'): CorpusStore {
  const manifests = createStore(`${name}-corpora`, 'kv');
  const texts = createStore(`${name}-corpus-texts`, 'kv');
  const alone = <T>(work: () => Promise<T>) => exclusively(`${name}-corpora`, work);
  const fail =
    (what: string) =>
    (error: unknown): never => {
      throw new EngineError(`${what}: ${reasonOf(error)}.`, { cause: error });
    };
  return {
    async list() {
      const known = await entries<string, unknown>(manifests).catch(fail('Texts kept here cannot be read'));
      return known.flatMap(([key, value]) => (isManifest(value, key) ? infoOf(value) : [])).sort((a, b) => a.name.localeCompare(b.name));
    },
    save: (id, documents) => alone(() => save(manifests, texts, id, documents)),
    async open(id) {
      const manifest = await get<unknown>(id, manifests).catch(() => undefined);
      if (!isManifest(manifest, id)) return undefined;
      const text = await get<unknown>(manifest.key, texts);
      if (!(text instanceof Blob) || text.size !== manifest.bytes + manifest.documents - 1) return undefined;
      return { version: manifest.key, documents: (stop) => readDocuments(text, stop) };
    },
    remove: (id) =>
      alone(async () => {
        await del(id, manifests);
        await sweep(manifests, texts);
      }).catch(fail(`${quote(id)} could not be deleted and is kept`)),
  };
}

function isManifest(value: unknown, name: string): value is Manifest {
  const { version, name: own, bytes, documents, key } = (value ?? {}) as Partial<Manifest>;
  const counts = [bytes, documents];
  return version === VERSION && own === name && typeof key === 'string' && counts.every((n) => Number.isSafeInteger(n) && n! > 0);
}

function infoOf({ name, bytes, documents }: Manifest): CorpusInfo {
  return { name, source: 'added', bytes, documents };
}

async function save(manifests: UseStore, texts: UseStore, name: string, documents: readonly string[]): Promise<CorpusInfo> {
  const text = new Blob(documents.flatMap((document, i) => (i === 0 ? [document] : [SEPARATOR, document])));
  const manifest: Manifest = {
    version: VERSION,
    name,
    bytes: text.size - documents.length + 1,
    documents: documents.length,
    key: crypto.getRandomValues(new Uint32Array(3)).join('-'),
  };
  try {
    const known = (await keys<string>(manifests)).find((key) => key.toLowerCase() === name.toLowerCase());
    if (known !== undefined) {
      throw new UsageError(`There is already a text called "${quote(known)}". Delete it first, or choose another name; nothing was added.`);
    }
    await set(manifest.key, text, texts);
    await set(name, manifest, manifests);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    await del(manifest.key, texts).catch(() => undefined);
    throw new EngineError(`The text "${quote(name)}" was not added: ${reasonOf(error)}. What was here before is kept.`, { cause: error });
  }
  return infoOf(manifest);
}

/** Deletes texts without a manifest: of a save that was cut off, or of what was removed. Another build's are left alone. */
async function sweep(manifests: UseStore, texts: UseStore): Promise<void> {
  const [known, stored] = await Promise.all([entries<string, unknown>(manifests), keys<string>(texts)]);
  const used = new Set(known.map(([, value]) => (value as Partial<Manifest> | null)?.key));
  const orphans = stored.filter((key) => !used.has(key));
  if (orphans.length > 0) await delMany(orphans, texts);
}

/** Document by document, so that a large text is never one string. */
async function* readDocuments(text: Blob, stop?: Stop): AsyncGenerator<string> {
  const reader = text.stream().getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      throwIfStopped(stop);
      const { done, value } = await reader.read();
      const parts = (rest + decoder.decode(value, { stream: !done })).split(SEPARATOR);
      rest = parts.pop()!;
      yield* parts;
      if (done) break;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  yield rest;
}

/** A corpus that ships with the page, as corpora/index.json names it. */
interface ShippedCorpus extends CorpusInfo {
  path: string;
}

/** @throws EngineError when the list cannot be had */
export async function listShippedCorpora(base: string): Promise<ShippedCorpus[]> {
  const label = 'The list of texts';
  const file = await download(`${base}corpora/index.json`, { label });
  const list = file ? (JSON.parse(await file.text()) as Omit<ShippedCorpus, 'source'>[]) : [];
  return list.map((corpus) => ({ ...corpus, source: 'built-in' }));
}

/** @throws EngineError, FormatError, AbortedError */
export async function fetchShippedCorpus(base: string, { name, path }: ShippedCorpus, signal: AbortSignal): Promise<Blob> {
  const label = `The text "${name}"`;
  const file = await download(`${base}corpora/${path}`, { label, signal });
  if (!file) throw new EngineError(`${label} is missing from the server. Choose another text, or add one of your own.`);
  return file;
}
