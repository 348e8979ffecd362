/** The trainer worker's loop with a run of numbers in place of dictionaries. */
import 'fake-indexeddb/auto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRunStore } from '../../../src/cache/runStore.ts';
import { AbortedError, EngineError } from '../../../src/core/errors.ts';
import type { RunPlan } from '../../../src/core/train/config.ts';
import type { RunInfo } from '../../../src/core/train/runTypes.ts';
import type { RunCheckpoint } from '../../../src/engine/training/types.ts';
import { HeldRun, type Trainable } from '../../../workers/trainer/heldRun.ts';

const STEPS = 20;
let names = 0;
afterEach(() => vi.restoreAllMocks());

interface Behaviour {
  /** Called before each step. */
  before?: (step: number, stop: { readonly aborted: boolean } | undefined) => void | Promise<void>;
  savedStep?: number;
  lost?: () => string;
}

/** A second passes with every step, so a checkpoint is made at every step. */
function make({ before, savedStep, lost = () => '' }: Behaviour = {}) {
  let step = 0;
  const plan = { checkpointSeconds: 1, steps: STEPS, name: 'fake' } as RunPlan;
  const released = vi.fn();
  const run = {
    plan,
    progress: () => ({ step, seconds: step, tokensPerSecond: 1, bytes: 10, kernels: 'typescript', last: [null], evaluations: [null] }),
    history: () => [],
    async advance(stop) {
      if (step >= STEPS) return false;
      await before?.(step, stop);
      step++;
      return true;
    },
    checkpoint: () => Promise.resolve({ version: 1, plan, step, history: [], scales: [1] } as unknown as RunCheckpoint),
    dictionary: () => Promise.reject(new Error('none')),
    release: released,
  } satisfies Trainable;
  const info = {
    ...{ id: 'a', name: 'fake', state: 'starting', config: { dictionaries: [] }, plan: null, step: 0, seconds: 0, tokensPerSecond: 0 },
    ...{ bytes: 0, kernels: '', threads: 1, created: 1, updated: 1, dictionaries: [], resumes: 0, exact: true },
  } satisfies RunInfo;
  const store = createRunStore<RunCheckpoint>(`held-${names++}`);
  const held = new HeldRun({
    run,
    store,
    lost,
    record: { info, model: null },
    now: () => 1000 * step,
    ...(savedStep !== undefined && { savedStep }),
  });
  return { held, store, reports: [] as RunInfo[] };
}

const refusePut = (name: string) => {
  const put = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'put')!.value as IDBObjectStore['put'];
  let refused = 0;
  const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
    if (refused++ > 0 && name === 'once') return put.apply(this, args);
    this.transaction.abort();
    throw new DOMException('no', name === 'denied' ? 'InvalidStateError' : 'QuotaExceededError');
  });
  return spy;
};

describe('a run in the worker', () => {
  it('goes to its end, with checkpoints and reports on the way', async () => {
    const { held, store, reports } = make();
    const end = await held.go((info) => reports.push(info));
    expect(end).toMatchObject({ state: 'running', step: STEPS });
    expect(reports.length).toBeGreaterThan(2);
    expect((await store.checkpoint('a', 1))!.step).toBe(STEPS);
    expect(await held.conclude({ state: 'finished', ids: ['x'] })).toMatchObject({ state: 'finished', dictionaries: [{ id: 'x' }] });
    expect((await store.list())[0]).toMatchObject({ bytes: 0, info: { state: 'finished' } });
    expect(await store.checkpoint('a', 1)).toBeUndefined();
  });

  it('pauses with a checkpoint and goes on from memory', async () => {
    const made = make({ before: (step) => void (step === 7 && made.held.halt('paused')) });
    const paused = await made.held.go(() => {});
    expect(paused).toMatchObject({ state: 'paused', step: 8 });
    expect((await made.store.checkpoint('a', 1))!.step).toBe(8);
    expect((await made.store.list())[0].info.state).toBe('paused');
    expect(await made.held.go(() => {})).toMatchObject({ state: 'running', step: STEPS });
  });

  it('pauses while text is read, which is given up', async () => {
    const made = make({
      before(step, stop) {
        if (step === 3) made.held.halt('paused');
        if (stop?.aborted) throw new AbortedError();
      },
    });
    expect(await made.held.go(() => {})).toMatchObject({ state: 'paused', step: 3 });
    expect((await made.store.checkpoint('a', 1))!.step).toBe(3);
  });

  it('pauses when there is no room, says so, and goes on when there is', async () => {
    const { held, store } = make();
    const put = refusePut('full');
    const paused = await held.go(() => {});
    expect(paused.state).toBe('paused');
    expect(paused.message).toMatch(/no room left for this page\. The run is paused; make room .* then resume it/);
    expect(paused.unkept).toBe('full');
    put.mockRestore();
    const end = await held.go(() => {});
    expect(end).toMatchObject({ state: 'running', step: STEPS });
    expect([end.message, end.unkept]).toEqual([undefined, undefined]);
    expect((await store.checkpoint('a', 1))!.step).toBe(STEPS);
  });

  it('goes on in a window that stores nothing, and says that it lasts as long as the page', async () => {
    const { held } = make();
    refusePut('denied');
    const end = await held.go(() => {});
    expect(end).toMatchObject({ state: 'running', step: STEPS });
    expect(end.message).toMatch(/stores? nothing.*lasts only until this page is closed/);
    expect(end.unkept).toBe('denied');
  });

  it('does not take a refused save for a checkpoint', async () => {
    const made = make({ before: (step) => void (step === 3 && made.held.halt('paused')) });
    const put = refusePut('denied');
    expect(await made.held.go(() => {})).toMatchObject({ state: 'paused', step: 4, unkept: 'denied' });
    put.mockRestore();
    expect((await made.held.conclude({ state: 'paused', ids: [] })).unkept).toBeUndefined();
    expect((await made.store.checkpoint('a', 1))!.step).toBe(4);
    expect((await made.store.get('a'))!.info).not.toHaveProperty('unkept');
  });

  it('fails with the sentence of the step that failed, and keeps the checkpoint before it', async () => {
    const sentence = 'The loss is no number any more at step 9 with learning rate 7.';
    const { held, store } = make({
      before: (step) => {
        if (step === 9) throw new EngineError(sentence);
      },
    });
    expect(await held.go(() => {})).toMatchObject({ state: 'failed', message: sentence });
    expect((await store.list())[0].info).toMatchObject({ state: 'failed', message: sentence, step: 9 });
    expect((await store.checkpoint('a', 1))!.step).toBe(9);
  });

  it('pauses when the device is lost, with the checkpoint to go on from', async () => {
    let lost = '';
    const { held, store } = make({
      lost: () => lost,
      before: (step) => {
        if (step < 5) return;
        lost = 'The graphics device was lost (gone). Reload the page.';
        throw new EngineError(lost);
      },
    });
    const paused = await held.go(() => {});
    expect(paused).toMatchObject({ state: 'paused', step: 5 });
    expect(paused.message).toBe(
      'The graphics device was lost (gone). The run is paused. Its checkpoint of step 5 is kept; resume it to go on.',
    );
    expect((await store.list())[0].info.state).toBe('paused');
  });

  it('says so when there was no room for a checkpoint at its end either', async () => {
    const { held, store } = make();
    const put = refusePut('full');
    const end = await held.conclude({ state: 'paused', ids: ['x'], message: 'No room.' });
    expect(end).toMatchObject({ state: 'paused', message: 'No room.', unkept: 'full' });
    put.mockRestore();
    expect(await store.list()).toEqual([]);
  });

  it('keeps its checkpoint when its dictionaries could not be kept', async () => {
    const { held, store } = make();
    await held.go(() => {});
    const end = await held.conclude({ state: 'paused', ids: ['x'], message: 'No room.' });
    expect(end).toMatchObject({ state: 'paused', message: 'No room.' });
    expect((await store.checkpoint('a', 1))!.step).toBe(STEPS);
    expect((await store.list())[0].info).toMatchObject({ state: 'paused', message: 'No room.', dictionaries: [{ id: 'x' }] });
  });
});
