/**
 * Training runs kept in IndexedDB: what is known of each (a record) and its last checkpoint, each tensor a Blob of its
 * own. A new checkpoint lies under new keys, then the record that names it is written, then the old one is deleted: a
 * page killed at any moment leaves a whole one. Keys that no record names are swept.
 */
import { createStore, del, delMany, entries, get, getMany, keys, set, setMany, type UseStore } from 'idb-keyval';
import { EngineError } from '../core/errors.ts';
import type { RunHistory, RunInfo, RunState } from '../core/train/runTypes.ts';
import { exclusively } from './locks.ts';
import { isFull, reasonOf } from './refusals.ts';
import { isTensorKind, joinTensors, splitTensors, type TensorPart } from './tensorTree.ts';

/** What of a run outlasts the page, beside tensors and curves. */
export interface RunRecord {
  /** As it was at the last save; `state` as the tab that ran it saw it. */
  info: RunInfo;
  /** Where its model came from; null before that is known. */
  model: { id: string; hash: string; source: 'built-in' | 'files' | 'hub' } | null;
}

export interface StoredRun extends RunRecord {
  /** Bytes of its checkpoint; 0 without one. */
  bytes: number;
}

/** Something of plain data and typed arrays, with the curves beside it; what it is the store does not know. */
export interface Checkpoint {
  version: number;
  history: RunHistory;
}

export interface RunStore<C extends Checkpoint = Checkpoint> {
  /** Newest first; what another build wrote or what is not whole is left out. @throws EngineError when the storage cannot be read */
  list(): Promise<StoredRun[]>;
  get(id: string): Promise<StoredRun | undefined>;
  /** Writes what is known of a run and leaves its checkpoint as it is. @throws StorageError */
  save(record: RunRecord): Promise<void>;
  /** @throws StorageError, and then the last checkpoint is as it was */
  saveCheckpoint(record: RunRecord, checkpoint: C): Promise<void>;
  /** The end of a run: its curves stay, its tensors go. @throws StorageError */
  finish(record: RunRecord, history: RunHistory): Promise<void>;
  /** @returns undefined when there is none, or not a whole one of this version */
  checkpoint(id: string, version: number): Promise<C | undefined>;
  /** @returns undefined when nothing is known */
  history(id: string): Promise<RunHistory | undefined>;
  /** @throws EngineError when the storage refuses; then it is kept */
  remove(id: string): Promise<void>;
  /** Deletes what no record names. Never throws: what cannot be deleted now is swept another time. */
  sweep(): Promise<void>;
}

/** A save that was refused; `full` says that room can be made. */
export class StorageError extends EngineError {
  readonly full: boolean;
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.full = isFull(cause);
  }
}

/** Layout of a record; another number is left alone. */
const VERSION = 1;

interface Kept {
  version: number;
  info: RunInfo;
  model: RunRecord['model'];
  checkpoint: Manifest | null;
  /** Key of the curves. */
  history: string | null;
}

interface Manifest {
  version: number;
  rest: unknown;
  tensors: { key: string; path: string; kind: TensorPart['kind']; bytes: number }[];
}

export function createRunStore<C extends Checkpoint = Checkpoint>(name = 'featurescope'): RunStore<C> {
  // One object store a database is all idb-keyval offers.
  const records = createStore(`${name}-runs`, 'kv');
  const values = createStore(`${name}-run-tensors`, 'kv');
  const alone = <T>(work: () => Promise<T>) => exclusively(`${name}-runs`, work);
  const read = (id: string) => readRecord(id, records).catch(() => undefined);
  return {
    async list() {
      const all = await entries<string, unknown>(records).catch((error: unknown) => {
        throw new EngineError(`Training runs kept here cannot be read: ${reasonOf(error)}.`, { cause: error });
      });
      const known = all.flatMap(([id, value]) => (isKept(value, id) ? describe(value) : []));
      return known.sort((a, b) => b.info.created - a.info.created);
    },
    async get(id) {
      const kept = await read(id);
      return kept && describe(kept);
    },
    save: (record) =>
      alone(() =>
        writing(record, async () => {
          // Without it the checkpoint would be lost, so what cannot be read is not written over.
          const old = await readRecord(record.info.id, records);
          await write(record, old?.checkpoint ?? null, old?.history ?? null, records);
        }),
      ),
    saveCheckpoint: (record, checkpoint) => alone(() => saveCheckpoint(record, checkpoint, records, values)),
    finish: (record, history) =>
      alone(async () => {
        const old = await read(record.info.id);
        const key = `${record.info.id}/end/history`;
        await writing(record, async () => {
          await set(key, history, values);
          await write(record, null, key, records);
        });
        await discard(
          keysOf(old).filter((k) => k !== key),
          values,
        );
      }),
    checkpoint: async (id, version) => {
      const kept = await read(id);
      return kept && (readCheckpoint(kept, version, values) as Promise<C | undefined>);
    },
    async history(id) {
      const key = (await read(id))?.history;
      const history = key ? await get<unknown>(key, values).catch(() => undefined) : undefined;
      return Array.isArray(history) ? (history as RunHistory) : undefined;
    },
    remove: (id) =>
      alone(async () => {
        await del(id, records);
        await sweep(records, values);
      }).catch((error: unknown) => {
        throw new EngineError(`The run could not be deleted and is kept: ${reasonOf(error)}.`, { cause: error });
      }),
    sweep: () => alone(() => sweep(records, values)).catch(() => undefined),
  };
}

const STATES: readonly RunState[] = ['starting', 'running', 'elsewhere', 'paused', 'interrupted', 'finished', 'stopped', 'failed'];

async function readRecord(id: string, records: UseStore): Promise<Kept | undefined> {
  const value = await get<unknown>(id, records);
  return isKept(value, id) ? value : undefined;
}

/** Checks what the page shows and relies on; a record is written by this page alone, but perhaps by another build of it. */
function isKept(value: unknown, id: string): value is Kept {
  const { version, info, model, checkpoint, history } = (value ?? {}) as Partial<Kept>;
  if (version !== VERSION || typeof info !== 'object' || info === null) return false;
  const { id: own, name, state, config, dictionaries, kernels } = info;
  const numbers = [info.step, info.seconds, info.tokensPerSecond, info.bytes, info.threads, info.created, info.updated, info.resumes];
  return (
    own === id &&
    STATES.includes(state) &&
    [name, kernels].every((text) => typeof text === 'string') &&
    [config, info.plan, model].every((part) => typeof part === 'object') &&
    Array.isArray(dictionaries) &&
    numbers.every((number) => Number.isFinite(number)) &&
    (history === null || typeof history === 'string') &&
    (checkpoint === null || isManifest(checkpoint))
  );
}

function isManifest(value: unknown): value is Manifest {
  const { version, rest, tensors } = (value ?? {}) as Partial<Manifest>;
  return (
    typeof version === 'number' &&
    typeof rest === 'object' &&
    Array.isArray(tensors) &&
    tensors.every((t) => typeof t?.key === 'string' && typeof t.path === 'string' && isTensorKind(t.kind) && Number.isSafeInteger(t.bytes))
  );
}

function describe({ info, model, checkpoint }: Kept): StoredRun {
  return { info, model, bytes: checkpoint?.tensors.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0 };
}

function keysOf(kept: Kept | undefined): string[] {
  return kept ? [...(kept.checkpoint?.tensors.map(({ key }) => key) ?? []), ...(kept.history ? [kept.history] : [])] : [];
}

function write({ info, model }: RunRecord, checkpoint: Manifest | null, history: string | null, records: UseStore): Promise<void> {
  return set(info.id, { version: VERSION, info, model, checkpoint, history } satisfies Kept, records);
}

async function saveCheckpoint(record: RunRecord, checkpoint: Checkpoint, records: UseStore, values: UseStore): Promise<void> {
  const { id } = record.info;
  // Only for what is deleted afterwards, which is swept anyway.
  const old = await readRecord(id, records).catch(() => undefined);
  const { history, ...others } = checkpoint;
  const { rest, parts } = splitTensors(others);
  // Never a key that is in use, also when two tabs without locks do this at once.
  const place = `${id}/${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
  const tensors = parts.map(({ path, kind, values: data }) => ({ key: `${place}/${path}`, path, kind, bytes: data.byteLength }));
  const historyKey = `${place}/history`;
  const blobs = parts.map(({ values: data }, i): [string, unknown] => [tensors[i].key, new Blob([data as Uint8Array<ArrayBuffer>])]);
  try {
    await writing(record, async () => {
      await setMany([...blobs, [historyKey, history]], values);
      await write(record, { version: checkpoint.version, rest, tensors }, historyKey, records);
    });
  } catch (error) {
    await discard([...tensors.map(({ key }) => key), historyKey], values);
    throw error;
  }
  await discard(keysOf(old), values);
}

async function writing(record: RunRecord, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new StorageError(`The run "${record.info.name}" cannot be kept: ${reasonOf(error)}.`, error);
  }
}

/** What cannot be deleted now is swept another time. */
async function discard(names: string[], values: UseStore): Promise<void> {
  if (names.length > 0) await delMany(names, values).catch(() => undefined);
}

async function readCheckpoint({ checkpoint, history }: Kept, version: number, values: UseStore): Promise<unknown> {
  if (!checkpoint || !history || checkpoint.version !== version) return undefined;
  const { rest, tensors } = checkpoint;
  const [curves, ...blobs] = await getMany<unknown>([history, ...tensors.map(({ key }) => key)], values);
  const whole = blobs.every((blob, i) => blob instanceof Blob && blob.size === tensors[i].bytes);
  if (!whole || !Array.isArray(curves)) return undefined;
  const buffers = await Promise.all((blobs as Blob[]).map((blob) => blob.arrayBuffer()));
  const joined = joinTensors(
    rest,
    tensors.map(({ path, kind }, i) => ({ path, kind, buffer: buffers[i] })),
  );
  return { ...(joined as object), history: curves };
}

/** Of a run whose record another build wrote nothing is deleted. */
async function sweep(records: UseStore, values: UseStore): Promise<void> {
  const [known, stored] = await Promise.all([entries<string, unknown>(records), keys<string>(values)]);
  const used = new Set(known.flatMap(([id, value]) => (isKept(value, id) ? keysOf(value) : [])));
  const foreign = new Set(known.filter(([id, value]) => !isKept(value, id)).map(([id]) => id));
  await discard(
    stored.filter((key) => !used.has(key) && !foreign.has(String(key).split('/')[0])),
    values,
  );
}
