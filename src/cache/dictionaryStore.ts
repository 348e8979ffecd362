/**
 * Dictionaries a person opened, kept between visits in IndexedDB. One Blob a tensor (a value over 127 MiB is refused
 * by Chromium unless it is a Blob), the manifest last, so a dictionary is either whole or not there; blobs without a
 * manifest are swept at the next start, under a lock, since another tab may be saving one just then.
 */
import { createStore, del, delMany, entries, keys, set, setMany, type UseStore } from 'idb-keyval';
import { EngineError } from '../core/errors.ts';
import type { OpenedDictionary } from '../core/formats/dictionaries/opened.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import { readSource } from '../core/publishedSource.ts';
import { exclusively } from './locks.ts';
import { reasonOf } from './refusals.ts';

/** What is known of a dictionary without the model. */
export type StoredInfo = Omit<DictionaryInfo, 'fits'>;

export interface StoredDictionary {
  info: StoredInfo;
  opened: OpenedDictionary;
}

export interface DictionaryStore {
  /**
   * Every whole dictionary; what is broken is left out and swept.
   * @throws EngineError when the storage cannot be read
   */
  list(): Promise<StoredDictionary[]>;
  /** @throws EngineError when there is no room or no storage; then nothing is kept */
  save(dictionary: StoredDictionary): Promise<void>;
  /** @throws EngineError when the storage refuses; then it is kept */
  remove(id: string): Promise<void>;
}

/** Layout of a manifest; another number is left alone. */
const VERSION = 1;

interface Manifest {
  version: number;
  info: StoredInfo;
  /** `opened` with a blob's key where its blob was. */
  opened: Omit<OpenedDictionary, 'parts' | 'extras'> & {
    parts: (Omit<OpenedDictionary['parts'][number], 'data'> & { key: string })[];
    extras: { name: string; key: string }[];
  };
}

export function createDictionaryStore(name = 'featurescope'): DictionaryStore {
  // One object store a database is all idb-keyval offers.
  const manifests = createStore(`${name}-dictionaries`, 'kv');
  const blobs = createStore(`${name}-tensors`, 'kv');
  const alone = <T>(work: () => Promise<T>) => exclusively(`${name}-dictionaries`, work);
  return {
    list: () => alone(() => listAll(manifests, blobs)).catch((error: unknown) => fail('Dictionaries kept here cannot be read', error)),
    save: (dictionary) => alone(() => save(manifests, blobs, dictionary)),
    remove: (id) =>
      alone(() => remove(manifests, blobs, id)).catch((error: unknown) => fail(`${id} could not be deleted and is kept`, error)),
  };
}

function fail(what: string, error: unknown): never {
  throw new EngineError(`${what}: ${reasonOf(error)}.`, { cause: error });
}

async function listAll(manifests: UseStore, blobs: UseStore): Promise<StoredDictionary[]> {
  const [known, tensors] = await Promise.all([entries<string, unknown>(manifests), entries<string, unknown>(blobs)]);
  const blobOf = new Map(tensors);
  const used = new Set<string>();
  const found: StoredDictionary[] = [];
  for (const [id, manifest] of known) {
    // Another build's manifest is not ours to read, nor are its tensors ours to sweep.
    if (!isManifest(manifest, id)) {
      [...blobOf.keys()].filter((key) => key.startsWith(`${String(id)}/`)).forEach((key) => used.add(key));
      continue;
    }
    const { parts, extras } = manifest.opened;
    const mine = [...parts, ...extras].map(({ key }) => key);
    mine.forEach((key) => used.add(key));
    if (!mine.every((key) => blobOf.get(key) instanceof Blob)) continue;
    const data = (key: string) => blobOf.get(key) as Blob;
    const { from: place, ...info } = manifest.info;
    const from = readSource(place);
    found.push({
      info: { ...info, ...(from && { from }) },
      opened: {
        ...manifest.opened,
        parts: parts.map(({ key, ...part }) => ({ ...part, data: data(key) })),
        extras: extras.map(({ key, name }) => ({ name, data: data(key) })),
      },
    });
  }
  const orphans = [...blobOf.keys()].filter((key) => !used.has(key));
  if (orphans.length > 0) await delMany(orphans, blobs);
  return found;
}

function isManifest(value: unknown, id: string): value is Manifest {
  const { version, info, opened } = (value ?? {}) as Partial<Manifest>;
  if (version !== VERSION || typeof info !== 'object' || typeof opened !== 'object') return false;
  const texts = [info.label, info.model, info.hook, info.architecture, opened.name, opened.cfgText];
  const counts = [info.d_in, info.d_sae, info.bytes];
  return (
    info.id === id &&
    info.source === 'files' &&
    texts.every((text) => typeof text === 'string') &&
    counts.every((count) => Number.isSafeInteger(count) && count >= 0) &&
    typeof opened.config === 'object' &&
    [opened.parts, opened.extras].every((list) => Array.isArray(list) && list.every((item) => typeof item?.key === 'string'))
  );
}

async function remove(manifests: UseStore, blobs: UseStore, id: string): Promise<void> {
  await del(id, manifests);
  const mine = (await keys<string>(blobs)).filter((key) => key.startsWith(`${id}/`));
  await delMany(mine, blobs);
}

async function save(manifests: UseStore, blobs: UseStore, { info, opened }: StoredDictionary): Promise<void> {
  const key = (kind: string, name: string) => `${info.id}/${kind}/${name}`;
  const { parts, extras, ...rest } = opened;
  const values: [string, Blob][] = [
    ...parts.map((part): [string, Blob] => [key('tensor', part.name), part.data as Blob]),
    ...extras.map((extra): [string, Blob] => [key('file', extra.name), extra.data as Blob]),
  ];
  const manifest: Manifest = {
    version: VERSION,
    info,
    opened: {
      ...rest,
      parts: parts.map(({ data: _, ...part }) => ({ ...part, key: key('tensor', part.name) })),
      extras: extras.map(({ name }) => ({ name, key: key('file', name) })),
    },
  };
  try {
    await setMany(values, blobs);
    await set(info.id, manifest, manifests);
  } catch (error) {
    await discard(
      values.map(([name]) => name),
      blobs,
    );
    throw new EngineError(refusal(info, error), { cause: error });
  }
}

/** Storage that cannot delete either is swept at the next start. */
async function discard(names: string[], blobs: UseStore): Promise<void> {
  try {
    await delMany(names, blobs);
  } catch {
    return;
  }
}

function refusal(info: StoredInfo, error: unknown): string {
  return `${info.label} is open but could not be kept for the next visit: ${reasonOf(error)}. It works until the page is closed; export what you need.`;
}
