/**
 * Models of the hub that this browser keeps: files in the cache of transformers.js under its keys (in pieces in IndexedDB
 * where that refuses: a private window of Chromium takes none over 256 MiB), and for each model a note of which files and
 * lengths make it whole. A model without all of them is a beginning, never a model.
 */
import { createStore, del, entries, get, set, type UseStore } from 'idb-keyval';
import { EngineError } from '../../core/errors.ts';
import { hubModelId } from '../../core/lm/modelId.ts';
import type { HubModel, KeptModel } from '../../api/model.ts';
import { reasonOf } from '../refusals.ts';
import { CACHE } from './address.ts';
import { hold, unlessFetched } from './hold.ts';
import { bytesHeld, createPartStore, type PartStore, type Sought } from './parts.ts';
import { isOther, keptVersion, versionHeaders } from './version.ts';

interface KeptFile {
  path: string;
  url: string;
  bytes: number;
  /** As the hub's list named its content; absent where there was no list, and from notes of earlier builds. */
  oid?: string;
}

interface Manifest {
  version: number;
  model: Required<HubModel>;
  host: string;
  files: KeptFile[];
  whole: boolean;
}

export interface HubStore {
  parts: PartStore;
  /** Whole ones and beginnings. @throws EngineError when the storage cannot be read */
  list(): Promise<KeptModel[]>;
  /** The files of a model; undefined unless all of them are here with their lengths. */
  open(model: Required<HubModel>): Promise<{ path: string; data: Blob }[] | undefined>;
  /** One file of a model. */
  read(model: HubModel, path: string): Promise<Blob | undefined>;
  /**
   * Notes what a model is made of. What came of it before from other addresses is deleted: no note would lead to it any more.
   * @throws when the browser keeps nothing
   */
  note(manifest: Omit<Manifest, 'version'>): Promise<void>;
  /** A file that was kept with this length, and not in another version. */
  file(sought: Sought): Promise<Blob | undefined>;
  /** Keeps a file that was just fetched and checked. @returns it as it is kept. @throws when there is no room, or no storage */
  keep(url: string, file: Blob): Promise<Blob>;
  /** Bytes of a file that are here. */
  here(sought: Sought): Promise<number>;
  /** For whoever fetches a model. @returns how to give it back; undefined while somebody else is at it */
  hold(id: string): Promise<(() => void) | undefined>;
  /** @throws UsageError while it is being fetched; EngineError when the storage refuses */
  remove(id: string): Promise<void>;
}

const VERSION = 1;

export function createHubStore(name = 'featurescope'): HubStore {
  return new BrowserHubStore(name);
}

class BrowserHubStore implements HubStore {
  readonly parts: PartStore;
  readonly #name: string;
  readonly #manifests: UseStore;

  constructor(name: string) {
    this.#name = name;
    this.#manifests = createStore(`${name}-hub`, 'kv');
    this.parts = createPartStore(name);
  }

  async file(sought: Sought): Promise<Blob | undefined> {
    const { url, bytes } = sought;
    const response = await (await openCache())?.match(url);
    const blob = response && !isOther(keptVersion(response.headers), sought) ? await response.blob() : undefined;
    if (blob?.size === bytes) return blob;
    const held = await this.parts.held(url);
    const isIt = held?.checked && held.bytes === bytes && !isOther(held, sought);
    return isIt ? this.parts.join(url).catch(() => undefined) : undefined;
  }

  async here(sought: Sought): Promise<number> {
    return (await hasFile(sought)) ? sought.bytes : bytesHeld(this.parts, sought);
  }

  async list(): Promise<KeptModel[]> {
    const known = await this.#all().catch((error: unknown) => {
      throw new EngineError(`Models kept here cannot be read: ${reasonOf(error)}.`, { cause: error });
    });
    return Promise.all(
      known.map(async ({ model, host, files, whole }) => {
        const bytes = sum(files.map((f) => f.bytes));
        const arrived = sum(await Promise.all(files.map((f) => this.here(f))));
        return { ...model, id: hubModelId(model), host, bytes, here: arrived, whole: whole && arrived === bytes };
      }),
    );
  }

  async open(model: Required<HubModel>): Promise<{ path: string; data: Blob }[] | undefined> {
    const manifest = await this.#manifestOf(hubModelId(model));
    if (!manifest?.whole) return undefined;
    const files = await Promise.all(manifest.files.map(async (kept) => ({ path: kept.path, data: await this.file(kept) })));
    return files.every((f): f is { path: string; data: Blob } => f.data !== undefined) ? files : undefined;
  }

  async read(model: Required<HubModel>, path: string): Promise<Blob | undefined> {
    const kept = (await this.#manifestOf(hubModelId(model)))?.files.find((f) => f.path === path);
    return kept && this.file(kept);
  }

  async note(manifest: Parameters<HubStore['note']>[0]): Promise<void> {
    const id = hubModelId(manifest.model);
    const before = await this.#manifestOf(id);
    if (before) await this.#drop(id, before.files, manifest.files);
    await set(id, { version: VERSION, ...manifest }, this.#manifests);
  }

  async keep(url: string, blob: Blob): Promise<Blob> {
    const version = versionHeaders((await this.parts.held(url)) ?? {});
    const headers = { 'content-length': String(blob.size), 'content-type': 'application/octet-stream', ...version };
    const cache = await openCache();
    try {
      if (!cache) throw new DOMException('There is no cache.', 'SecurityError');
      await cache.put(url, new Response(blob, { headers }));
    } catch (error) {
      // The pieces are all here; they only have to stay, and no other version may stand before them.
      await cache?.delete(url);
      if (await this.parts.accept(url)) return blob;
      throw error;
    }
    await this.parts.forget(url);
    return (await this.file({ url, bytes: blob.size })) ?? blob;
  }

  hold(id: string): ReturnType<HubStore['hold']> {
    return hold(this.#lockOf(id));
  }

  remove(id: string): Promise<void> {
    return unlessFetched(this.#lockOf(id), id, async () => {
      try {
        const manifest = await this.#manifestOf(id);
        await this.#drop(id, manifest?.files ?? [], []);
        await del(id, this.#manifests);
      } catch (error) {
        throw new EngineError(`${id} could not be deleted: ${reasonOf(error)}.`, { cause: error });
      }
    });
  }

  #lockOf(id: string): string {
    return `${this.#name}-hub/${id}`;
  }

  async #all(): Promise<Manifest[]> {
    const found = await entries<string, unknown>(this.#manifests);
    return found.flatMap(([id, value]) => (isManifest(value, id) ? [value] : []));
  }

  async #manifestOf(id: string): Promise<Manifest | undefined> {
    const found = await get<unknown>(id, this.#manifests).catch(() => undefined);
    return isManifest(found, id) ? found : undefined;
  }

  /** Deletes files of a model, save those that are needed still. */
  async #drop(id: string, files: readonly KeptFile[], stays: readonly KeptFile[]): Promise<void> {
    const others = (await this.#all()).filter(({ model }) => hubModelId(model) !== id);
    const needed = new Set([...stays, ...others.flatMap((other) => other.files)].map(({ url }) => url));
    const cache = await openCache();
    for (const { url } of files) {
      if (needed.has(url)) continue;
      await cache?.delete(url);
      await this.parts.forget(url);
    }
  }
}

/** By its header where there is one, so that a list of models does not read them. */
async function hasFile(sought: Sought): Promise<boolean> {
  const { url, bytes } = sought;
  const response = await (await openCache())?.match(url);
  if (!response || isOther(keptVersion(response.headers), sought)) return false;
  const length = response.headers.get('content-length');
  return length === null ? (await response.blob()).size === bytes : Number(length) === bytes;
}

/** Absent on plain http from another machine and in some private windows. */
async function openCache(): Promise<Cache | undefined> {
  return globalThis.caches?.open(CACHE).catch(() => undefined);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

function isManifest(value: unknown, id: string): value is Manifest {
  const { version, model, host, files, whole } = (value ?? {}) as Partial<Manifest>;
  return (
    version === VERSION &&
    typeof model?.hub === 'string' &&
    typeof model.revision === 'string' &&
    hubModelId(model) === id &&
    typeof host === 'string' &&
    typeof whole === 'boolean' &&
    Array.isArray(files) &&
    files.every(isKeptFile)
  );
}

function isKeptFile(file: Partial<KeptFile> | null): boolean {
  const { path, url, bytes, oid } = file ?? {};
  return (
    typeof path === 'string' && typeof url === 'string' && Number.isSafeInteger(bytes) && (oid === undefined || typeof oid === 'string')
  );
}
