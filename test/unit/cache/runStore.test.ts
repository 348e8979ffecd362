import 'fake-indexeddb/auto';
import { createStore, keys, set } from 'idb-keyval';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRunStore, StorageError, type Checkpoint, type RunRecord, type RunStore } from '../../../src/cache/runStore.ts';
import type { RunInfo } from '../../../src/core/train/runTypes.ts';

interface Fake extends Checkpoint {
  step: number;
  scales: number[];
  dictionaries: { parameters: Record<string, Float32Array>; silent: Float64Array; fired: Uint32Array; steps: number }[];
}

let name = '';
let count = 0;
let store: RunStore<Fake>;

beforeEach(() => {
  name = `runs-${count++}`;
  store = createRunStore(name);
});
afterEach(() => vi.restoreAllMocks());

function record(id: string, change: Partial<RunInfo> = {}): RunRecord {
  const info: RunInfo = {
    id,
    name: `run ${id}`,
    state: 'running',
    config: { dictionaries: { hook: 'blocks.0.hook_resid_post' } },
    plan: null,
    step: 0,
    seconds: 0,
    tokensPerSecond: 0,
    bytes: 0,
    kernels: 'wasm-simd',
    threads: 1,
    created: 1,
    updated: 1,
    dictionaries: [],
    resumes: 0,
    exact: true,
    ...change,
  };
  return { info, model: { id: 'tiny', hash: 'h', source: 'built-in' } };
}

function checkpoint(step: number): Fake {
  const values = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.fround(step + i / 3));
  return {
    version: 1,
    step,
    scales: [step / 7],
    history: [{ points: [], evaluations: [], density: values(3), densityRows: step, densityFrom: 0 }],
    dictionaries: [
      {
        parameters: { W_enc: values(8), b_enc: values(2).subarray(0, 2) },
        silent: Float64Array.of(step, 0.1),
        fired: Uint32Array.of(4e9, step),
        steps: step,
      },
    ],
  };
}

const tensorKeys = () => keys<string>(createStore(`${name}-run-tensors`, 'kv'));
const failPut = (error: unknown, when: (value: unknown) => boolean = () => true) => {
  const put = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'put')!.value as IDBObjectStore['put'];
  return vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
    if (!when(args[0])) return put.apply(this, args);
    this.transaction.abort();
    throw error;
  });
};
const full = new DOMException('full', 'QuotaExceededError');

describe('the run store', () => {
  it('gives another visit the whole checkpoint, bit for bit', async () => {
    await store.saveCheckpoint(record('a', { step: 5 }), checkpoint(5));
    const later = createRunStore<Fake>(name);
    expect(await later.checkpoint('a', 1)).toEqual(checkpoint(5));
    expect(await later.history('a')).toEqual(checkpoint(5).history);
    expect(await later.list()).toEqual([{ ...record('a', { step: 5 }), bytes: 4 * 10 + 16 + 8 }]);
  });

  it('keeps the last checkpoint only', async () => {
    await store.saveCheckpoint(record('a'), checkpoint(1));
    const before = (await tensorKeys()).length;
    await store.saveCheckpoint(record('a', { step: 2 }), checkpoint(2));
    expect(await tensorKeys()).toHaveLength(before);
    expect((await store.checkpoint('a', 1))!.step).toBe(2);
  });

  it('keeps the checkpoint when only the record changes', async () => {
    await store.saveCheckpoint(record('a'), checkpoint(1));
    await store.save(record('a', { state: 'paused', message: 'Paused.' }));
    expect((await store.list())[0].info).toMatchObject({ state: 'paused', message: 'Paused.' });
    expect((await store.checkpoint('a', 1))!.step).toBe(1);
  });

  it('writes nothing over a record that it cannot read', async () => {
    await store.saveCheckpoint(record('a'), checkpoint(1));
    const get = vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(() => {
      throw new DOMException('broken', 'UnknownError');
    });
    await expect(store.save(record('a', { state: 'paused' }))).rejects.toBeInstanceOf(StorageError);
    get.mockRestore();
    expect(await store.checkpoint('a', 1)).toEqual(checkpoint(1));
  });

  it.each([
    ['while tensors are written', (value: unknown) => value instanceof Blob],
    ['before the record is written', (value: unknown) => typeof value === 'object' && value !== null && 'info' in value],
  ])('says that there is no room %s, and leaves the last checkpoint whole', async (_, when) => {
    await store.saveCheckpoint(record('a'), checkpoint(1));
    const before = await tensorKeys();
    const put = failPut(full, when);
    const failure = await store.saveCheckpoint(record('a'), checkpoint(2)).catch((error: unknown) => error);
    put.mockRestore();
    expect(failure).toBeInstanceOf(StorageError);
    expect(failure).toMatchObject({ full: true, message: expect.stringMatching(/cannot be kept: the browser has no room left/) as string });
    expect(await store.checkpoint('a', 1)).toEqual(checkpoint(1));
    expect(await tensorKeys()).toEqual(before);
  });

  it('tells a window that stores nothing from a full one', async () => {
    failPut(new DOMException('no', 'InvalidStateError'));
    await expect(store.save(record('a'))).rejects.toMatchObject({ full: false });
  });

  it('ends a run with its curves, without its tensors', async () => {
    await store.saveCheckpoint(record('a'), checkpoint(3));
    await store.finish(record('a', { state: 'finished' }), checkpoint(4).history);
    expect(await store.checkpoint('a', 1)).toBeUndefined();
    expect(await store.history('a')).toEqual(checkpoint(4).history);
    expect(await tensorKeys()).toHaveLength(1);
    expect((await store.list())[0]).toMatchObject({ bytes: 0, info: { state: 'finished' } });
  });

  it('forgets what is removed and nothing else', async () => {
    await store.saveCheckpoint(record('a'), checkpoint(1));
    await store.saveCheckpoint(record('ab', { created: 2 }), checkpoint(2));
    await store.remove('a');
    expect((await store.list()).map(({ info }) => info.id)).toEqual(['ab']);
    expect((await tensorKeys()).every((key) => key.startsWith('ab/'))).toBe(true);
    expect(await store.checkpoint('ab', 1)).toEqual(checkpoint(2));
  });

  it('sweeps what a killed page left, but not another build’s', async () => {
    await store.saveCheckpoint(record('a'), checkpoint(1));
    const before = await tensorKeys();
    const tensors = createStore(`${name}-run-tensors`, 'kv');
    await set('a/77/W_enc', new Blob(['half']), tensors);
    await set('later/1/W_enc', new Blob(['theirs']), tensors);
    await set('later', { version: 2 }, createStore(`${name}-runs`, 'kv'));
    await store.sweep();
    expect((await tensorKeys()).sort()).toEqual([...before, 'later/1/W_enc'].sort());
  });

  it('leaves out records that are not its own', async () => {
    const records = createStore(`${name}-runs`, 'kv');
    const { info, model } = record('x');
    const good = { version: 1, info, model, checkpoint: null, history: null };
    await set('number', 7, records);
    await set('null', null, records);
    await set('later', { ...good, version: 2 }, records);
    await set('renamed', good, records);
    await set('x', { ...good, info: { ...info, state: 'flying' } }, records);
    await set('y', { ...good, info: { ...info, id: 'y', step: NaN } }, records);
    await set('z', { ...good, info: { ...info, id: 'z' }, checkpoint: { version: 1, rest: {}, tensors: [{ key: 1 }] } }, records);
    expect(await store.list()).toEqual([]);
    await set('x', good, records);
    expect((await store.list()).map((run) => run.info.id)).toEqual(['x']);
  });

  it.each([
    ['a tensor is gone', async (key: string, tensors: ReturnType<typeof createStore>) => (await import('idb-keyval')).del(key, tensors)],
    ['a tensor is cut off', (key: string, tensors: ReturnType<typeof createStore>) => set(key, new Blob(['x']), tensors)],
  ])('has no checkpoint when %s', async (_, damage) => {
    await store.saveCheckpoint(record('a'), checkpoint(1));
    const key = (await tensorKeys()).find((k) => k.endsWith('W_enc'))!;
    await damage(key, createStore(`${name}-run-tensors`, 'kv'));
    expect(await store.checkpoint('a', 1)).toBeUndefined();
  });

  it('has no checkpoint of another version', async () => {
    await store.saveCheckpoint(record('a'), checkpoint(1));
    expect(await store.checkpoint('a', 2)).toBeUndefined();
  });
});
