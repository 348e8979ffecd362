/**
 * Dictionaries a person opened, kept between visits: the only place that says IndexedDB. One Blob a tensor (a
 * value over 127 MiB is refused by Chromium unless it is a Blob), the manifest last, so a dictionary is either whole
 * or not there; blobs without a manifest are swept at the next start.
 */
import { createStore, del, delMany, entries, keys, set, setMany, type UseStore } from 'idb-keyval';
import { EngineError } from '../core/errors.ts';
import type { OpenedDictionary } from '../core/formats/dictionaries/saelens.ts';
import type { DictionaryInfo } from '../core/lm/types.ts';

/** What is known of a dictionary without the model. */
export type StoredInfo = Omit<DictionaryInfo, 'fits'>;

export interface StoredDictionary {
  info: StoredInfo;
  opened: OpenedDictionary;
}

export interface DictionaryStore {
  /** Every whole dictionary; what is broken is left out and swept. Never rejects: without storage the list is empty. */
  list(): Promise<StoredDictionary[]>;
  /** @throws EngineError when there is no room or no storage; then nothing is kept */
  save(dictionary: StoredDictionary): Promise<void>;
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
  return {
    list: () => listAll(manifests, blobs).catch(() => []),
    save: (dictionary) => save(manifests, blobs, dictionary),
    async remove(id) {
      await del(id, manifests);
      const mine = (await keys<string>(blobs)).filter((key) => key.startsWith(`${id}/`));
      await delMany(mine, blobs);
    },
  };
}

async function listAll(manifests: UseStore, blobs: UseStore): Promise<StoredDictionary[]> {
  const [known, tensors] = await Promise.all([entries<string, Manifest>(manifests), entries<string, Blob>(blobs)]);
  const blobOf = new Map(tensors);
  const used = new Set<string>();
  const found: StoredDictionary[] = [];
  for (const [, manifest] of known) {
    if (manifest?.version !== VERSION) continue;
    const { parts, extras } = manifest.opened;
    const mine = [...parts, ...extras].map(({ key }) => key);
    mine.forEach((key) => used.add(key));
    if (!mine.every((key) => blobOf.get(key) instanceof Blob)) continue;
    const data = (key: string) => blobOf.get(key)!;
    found.push({
      info: manifest.info,
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
  const full = error instanceof DOMException && error.name === 'QuotaExceededError';
  const why = full ? 'the browser has no room left for this page' : 'the browser lets this page store nothing (a private window, perhaps)';
  return `${info.label} is open but could not be kept for the next visit: ${why}. It works until the page is closed; export what you need.`;
}
