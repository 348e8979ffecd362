/**
 * Indices of features kept in IndexedDB, finished ones and those that a build goes on with: pieces of a file as Blobs,
 * since one value has an upper limit, the manifest last; pieces that no manifest names are swept.
 */
import { createStore, del, delMany, entries, getMany, keys, set, setMany, type UseStore } from 'idb-keyval';
import { EngineError } from '../core/errors.ts';
import type { IndexIdentity } from '../core/interp/featureIndex/indexFile.ts';
import { exclusively } from './locks.ts';
import { reasonOf } from './refusals.ts';

export interface StoredIndex {
  identity: IndexIdentity;
  /** 'part': a build that was not finished. */
  kind: 'index' | 'part';
  /** Tokens read, and to be read. */
  tokens: number;
  total: number;
  bytes: number;
  /** ms since 1970. */
  made: number;
  source: 'made' | 'file';
}

export interface IndexStore {
  /** @throws EngineError when the storage cannot be read */
  list(): Promise<StoredIndex[]>;
  /** @returns undefined when it is not here, or not whole */
  open(identity: IndexIdentity, kind: StoredIndex['kind']): Promise<Blob | undefined>;
  /** In place of an earlier one; a finished index also ends its part. @throws EngineError when there is no room; then what was there stays */
  save(about: Omit<StoredIndex, 'bytes'>, file: Blob): Promise<StoredIndex>;
  /** Parts too. @throws EngineError when the storage refuses; then it is kept */
  remove(dictionary: string, corpus: string): Promise<void>;
}

const VERSION = 1;
const PIECE_BYTES = 64 * 2 ** 20;

interface Manifest extends StoredIndex {
  version: number;
  pieces: string[];
}

export function createIndexStore(name = 'featurescope'): IndexStore {
  const manifests = createStore(`${name}-indices`, 'kv');
  const pieces = createStore(`${name}-index-pieces`, 'kv');
  const alone = <T>(work: () => Promise<T>) => exclusively(`${name}-indices`, work);
  return {
    async list() {
      const all = await readAll(manifests);
      return all.map(([, { version: _version, pieces: _pieces, ...stored }]) => stored);
    },
    async open(identity, kind) {
      const all = await readAll(manifests).catch(() => []);
      const found = all.find(([key]) => key === keyOf(identity, kind));
      if (!found) return undefined;
      const blobs = await getMany<unknown>(found[1].pieces, pieces);
      if (!blobs.every((blob) => blob instanceof Blob)) return undefined;
      const whole = new Blob(blobs);
      return whole.size === found[1].bytes ? whole : undefined;
    },
    save: (about, file) =>
      alone(() => save(about, file, manifests, pieces)).catch((error: unknown) => {
        throw new EngineError(`The index of features could not be kept: ${reasonOf(error)}. What was kept before is unchanged.`, {
          cause: error,
        });
      }),
    remove: (dictionary, corpus) =>
      alone(async () => {
        const mine = (await readAll(manifests)).filter(
          ([, { identity }]) => identity.dictionary === dictionary && identity.corpus === corpus,
        );
        await delMany(
          mine.map(([key]) => key),
          manifests,
        );
        await sweep(manifests, pieces);
      }).catch((error: unknown) => {
        throw new EngineError(`The index could not be deleted and is kept: ${reasonOf(error)}.`, { cause: error });
      }),
  };
}

/** One index of a dictionary on a model and a corpus; more or fewer tokens take its place. */
function keyOf({ dictionary, model, corpus }: IndexIdentity, kind: StoredIndex['kind']): string {
  return JSON.stringify([kind, dictionary, model, corpus]);
}

async function readAll(manifests: UseStore): Promise<[string, Manifest][]> {
  const all = await entries<string, unknown>(manifests).catch((error: unknown) => {
    throw new EngineError(`Indices kept here cannot be read: ${reasonOf(error)}.`, { cause: error });
  });
  return all.flatMap(([key, value]) => (isManifest(value, key) ? [[key, value] as [string, Manifest]] : []));
}

async function save(about: Omit<StoredIndex, 'bytes'>, file: Blob, manifests: UseStore, pieces: UseStore): Promise<StoredIndex> {
  const key = keyOf(about.identity, about.kind);
  const stamp = `${key} ${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
  const cut: [string, Blob][] = [];
  for (let at = 0; at < file.size; at += PIECE_BYTES) cut.push([`${stamp} ${cut.length}`, file.slice(at, at + PIECE_BYTES)]);
  const stored: StoredIndex = { ...about, bytes: file.size };
  try {
    await setMany(cut, pieces);
    await set(key, { ...stored, version: VERSION, pieces: cut.map(([piece]) => piece) } satisfies Manifest, manifests);
  } catch (error) {
    await sweep(manifests, pieces).catch(() => {});
    throw error;
  }
  if (about.kind === 'index') await del(keyOf(about.identity, 'part'), manifests);
  await sweep(manifests, pieces).catch(() => {});
  return stored;
}

/** Deletes pieces that no manifest names; those of another build's manifests begin with its key and stay. */
async function sweep(manifests: UseStore, pieces: UseStore): Promise<void> {
  const [known, all] = await Promise.all([entries<string, unknown>(manifests), keys<string>(pieces)]);
  const used = new Set(known.flatMap(([key, value]) => (isManifest(value, key) ? value.pieces : [])));
  const foreign = known.filter(([key, value]) => !isManifest(value, key)).map(([key]) => key);
  const orphans = all.filter((piece) => !used.has(piece) && !foreign.some((key) => piece.startsWith(`${key} `)));
  if (orphans.length > 0) await delMany(orphans, pieces);
}

function isManifest(value: unknown, key: string): value is Manifest {
  const { version, identity, kind, tokens, total, bytes, made, pieces, source } = (value ?? {}) as Partial<Manifest>;
  const counts = [tokens, total, bytes, made];
  return (
    version === VERSION &&
    (kind === 'index' || kind === 'part') &&
    (source === 'made' || source === 'file') &&
    typeof identity === 'object' &&
    [identity.dictionary, identity.model, identity.hook, identity.corpus, identity.text].every((text) => typeof text === 'string') &&
    keyOf(identity, kind) === key &&
    counts.every((n) => Number.isSafeInteger(n) && n! >= 0) &&
    Array.isArray(pieces) &&
    pieces.every((piece) => typeof piece === 'string')
  );
}
