/**
 * Models of the hub that this browser keeps: files in the cache of transformers.js under its keys (in pieces in IndexedDB
 * where that refuses: a private window of Chromium takes none over 256 MiB), and for each model a note of which files and
 * lengths make it whole. A model without all of them is a beginning, never a model.
 */
import { createStore, del, entries, get, set } from 'idb-keyval';
import { EngineError } from '../../core/errors.ts';
import { hubModelId } from '../../core/lm/modelId.ts';
import type { HubModel, KeptModel } from '../../core/lm/types.ts';
import { reasonOf } from '../refusals.ts';
import { CACHE } from './address.ts';
import { createPartStore, type PartStore } from './parts.ts';

export interface KeptFile {
  path: string;
  url: string;
  bytes: number;
}

export interface Manifest {
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
  /** Notes what a model is made of. @throws when the browser keeps nothing */
  note(manifest: Omit<Manifest, 'version'>): Promise<void>;
  /** A file that was kept with this length. */
  file(url: string, bytes: number): Promise<Blob | undefined>;
  /** Keeps a file that was just fetched and checked. @returns it as it is kept. @throws when there is no room, or no storage */
  keep(url: string, file: Blob): Promise<Blob>;
  /** Bytes of a file that are here. */
  here(file: KeptFile): Promise<number>;
  /** @throws EngineError when the storage refuses */
  remove(id: string): Promise<void>;
}

const VERSION = 1;

export function createHubStore(name = 'featurescope'): HubStore {
  const manifests = createStore(`${name}-hub`, 'kv');
  const parts = createPartStore(name);
  const file = async (url: string, bytes: number) => {
    const response = await (await openCache())?.match(url);
    const blob = await response?.blob();
    if (blob?.size === bytes) return blob;
    const held = await parts.held(url);
    return held?.checked && held.bytes === bytes ? parts.join(url).catch(() => undefined) : undefined;
  };
  const here = async ({ url, bytes }: KeptFile) =>
    (await hasFile(url, bytes)) ? bytes : Math.min(bytes, (await parts.held(url))?.bytes ?? 0);
  const manifestOf = async (id: string) => {
    const found = await get<unknown>(id, manifests).catch(() => undefined);
    return isManifest(found, id) ? found : undefined;
  };
  return {
    parts,
    file,
    here,
    async list() {
      const all = await entries<string, unknown>(manifests).catch((error: unknown) => {
        throw new EngineError(`Models kept here cannot be read: ${reasonOf(error)}.`, { cause: error });
      });
      const known = all.flatMap(([id, value]) => (isManifest(value, id) ? [value] : []));
      return Promise.all(
        known.map(async ({ model, host, files, whole }): Promise<KeptModel> => {
          const bytes = sum(files.map((f) => f.bytes));
          const arrived = sum(await Promise.all(files.map(here)));
          return { ...model, id: hubModelId(model), host, bytes, here: arrived, whole: whole && arrived === bytes };
        }),
      );
    },
    async open(model) {
      const manifest = await manifestOf(hubModelId(model));
      if (!manifest?.whole) return undefined;
      const files = await Promise.all(manifest.files.map(async ({ path, url, bytes }) => ({ path, data: await file(url, bytes) })));
      return files.every((f): f is { path: string; data: Blob } => f.data !== undefined) ? files : undefined;
    },
    async read(model, path) {
      const kept = (await manifestOf(hubModelId(model)))?.files.find((f) => f.path === path);
      return kept && file(kept.url, kept.bytes);
    },
    note: (manifest) => set(hubModelId(manifest.model), { version: VERSION, ...manifest }, manifests),
    async keep(url, blob) {
      const headers = { 'content-length': String(blob.size), 'content-type': 'application/octet-stream' };
      try {
        const cache = await openCache();
        if (!cache) throw new DOMException('There is no cache.', 'SecurityError');
        await cache.put(url, new Response(blob, { headers }));
      } catch (error) {
        // The pieces are all here; they only have to stay.
        if (await parts.accept(url)) return blob;
        throw error;
      }
      await parts.forget(url);
      return (await file(url, blob.size)) ?? blob;
    },
    async remove(id) {
      try {
        const manifest = await manifestOf(id);
        await del(id, manifests);
        const cache = await openCache();
        for (const { url } of manifest?.files ?? []) {
          await cache?.delete(url);
          await parts.forget(url);
        }
      } catch (error) {
        throw new EngineError(`${id} could not be deleted: ${reasonOf(error)}.`, { cause: error });
      }
    },
  };
}

/** By its header where there is one, so that a list of models does not read them. */
async function hasFile(url: string, bytes: number): Promise<boolean> {
  const response = await (await openCache())?.match(url);
  if (!response) return false;
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
    files.every((f) => typeof f?.path === 'string' && typeof f.url === 'string' && Number.isSafeInteger(f.bytes))
  );
}
