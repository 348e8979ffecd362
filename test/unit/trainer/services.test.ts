/** Beginning a run in the worker, without a model: who gives up, and what cannot be read. */
import 'fake-indexeddb/auto';
import { createStore, keys, set } from 'idb-keyval';
import { afterEach, expect, it, vi } from 'vitest';
import { createRunStore } from '../../../src/cache/runStore.ts';
import { throwIfStopped } from '../../../src/core/errors.ts';
import type { RunPlan } from '../../../src/core/train/config.ts';
import type { WantedModel } from '../../../src/api/model.ts';
import { startingRun } from '../../../src/core/train/startingRun.ts';
import type { RunCheckpoint } from '../../../src/engine/training/types.ts';
import type { Trainable } from '../../../workers/trainer/heldRun.ts';
import type { Platform } from '../../../workers/trainer/equip.ts';
import { createTrainerServices } from '../../../workers/trainer/services.ts';

const fake = vi.hoisted(() => ({ begin: vi.fn(), resume: vi.fn() }));
vi.mock('../../../src/engine/training/run.ts', () => ({ TrainingRun: fake }));
vi.mock('../../../src/engine/training/plan.ts', () => ({ resolvePlan: () => ({}) }));
const opening = vi.hoisted(() => ({ times: 0, wait: Promise.resolve() }));
vi.mock('../../../src/engine/model/openModel.ts', () => ({
  openModel: async (_r: unknown, _b: unknown, _s: unknown, { signal }: { signal: AbortSignal }) => {
    opening.times++;
    await opening.wait;
    throwIfStopped(signal);
    return { info: { id: 'tiny', hash: 'h' }, model: { config: {}, hash: 'h', runtime: { lost: '' } }, tokenizer: {} };
  },
}));
vi.mock('../../../src/engine/text/corpora.ts', () => ({
  corpusNames: () => ['text'],
  openCorpora: () => Promise.resolve({ version: '1' }),
  tokenizeCorpora: () => Promise.resolve({ ids: new Uint32Array(1), hash: 'of the text' }),
}));
afterEach(() => vi.restoreAllMocks());

let names = 0;
const model = { info: { id: 'tiny', hash: 'h', source: 'built-in' }, source: {} } as unknown as WantedModel;
const config = { name: 'fake', dictionaries: { hook: 'hook_embed' } };
const plan = { name: 'fake', steps: 20, checkpointSeconds: 1e6, corpus: { hash: 'of the text' } } as RunPlan;
const checkpointOf = (step: number) =>
  ({ version: 1, plan, step, kernels: 'typescript', history: [], scales: Float64Array.of(1) }) as unknown as RunCheckpoint;

/** @param onSave called before each record is written */
function make({ advance = () => {}, onSave = () => {} }: { advance?: () => void | Promise<void>; onSave?: (count: number) => void } = {}) {
  const name = `session-${names++}`;
  const runs = createRunStore<RunCheckpoint>(name);
  const released = vi.fn();
  let step = 0;
  const run = {
    plan,
    progress: () => ({ step, seconds: step, tokensPerSecond: 1, bytes: 10, kernels: 'typescript', last: [null], evaluations: [null] }),
    history: () => [],
    async advance(signal) {
      throwIfStopped(signal);
      await advance();
      return ++step <= plan.steps;
    },
    checkpoint: () => Promise.resolve(checkpointOf(step)),
    dictionary: () => Promise.reject(new Error('none')),
    release: released,
  } satisfies Trainable;
  fake.begin.mockReset().mockResolvedValue(run);
  fake.resume.mockReset().mockResolvedValue(run);
  let saves = 0;
  const store = {
    ...runs,
    async save(record: Parameters<typeof runs.save>[0]) {
      onSave(++saves);
      await runs.save(record);
    },
  };
  const { runs: session } = createTrainerServices({
    runs: store,
    corpora: {},
    createRuntime: () => Promise.resolve({ lost: '' }),
    createEngine: () => Promise.resolve({}),
    createTrainers: () => Promise.resolve({ create: () => {}, threads: 1, release: released }),
  } as unknown as Platform);
  const stop = new AbortController();
  const context = { signal: stop.signal, progress: () => {} };
  return { name, runs, session, context, stop, released };
}

it.each([
  ['while the first step is made', 1],
  ['while the record is written', 2],
])('holds nothing of a run that is given up %s', async (_, save) => {
  const made = make({
    advance: () => void (save === 1 && made.stop.abort()),
    onSave: (count) => void (save === 2 && count === 2 && made.stop.abort()),
  });
  await expect(made.session.begin(made.context, { id: 'a', config, model })).rejects.toMatchObject({ code: 'abort' });
  expect(made.released).toHaveBeenCalledTimes(2);
  expect(() => made.session.halt(made.context, 'a', 'stopped')).toThrow('does not go on in this tab');
  expect(await made.runs.list()).toEqual([]);
});

it('has the model that an estimate was reading when a run took its place', async () => {
  const { session, context } = make();
  let read!: () => void;
  opening.wait = new Promise((resolve) => (read = resolve));
  opening.times = 0;
  const estimate = session.estimate(context, config, model);
  estimate.catch(() => undefined);
  await vi.waitFor(() => expect(opening.times).toBe(1));
  const begun = session.begin(context, { id: 'a', config, model });
  read();
  expect(await begun).toMatchObject({ step: 1 });
  await expect(estimate).rejects.toMatchObject({ code: 'abort' });
  expect(opening.times).toBe(1);
});

it('forgets a run only after its begin has ended', async () => {
  let step!: () => void;
  const { session, context, stop, runs } = make({ advance: () => new Promise((resolve) => (step = resolve)) });
  const begun = session.begin(context, { id: 'a', config, model });
  begun.catch(() => undefined);
  await vi.waitFor(() => expect(step).toBeDefined());
  stop.abort();
  const forgotten = session.forget(context, 'a');
  step();
  await forgotten;
  await expect(begun).rejects.toMatchObject({ code: 'abort' });
  expect(await runs.list()).toEqual([]);
});

it('leaves a kept run as it was when its resume is given up', async () => {
  const made = make({ advance: () => made.stop.abort() });
  await made.runs.saveCheckpoint({ info: { ...startingRun('a', config), state: 'paused', step: 7 }, model: model.info }, checkpointOf(7));
  await expect(made.session.begin(made.context, { id: 'a', model })).rejects.toMatchObject({ code: 'abort' });
  expect((await made.runs.get('a'))!.info).toMatchObject({ state: 'paused', step: 7, resumes: 0 });
  expect((await made.runs.checkpoint('a', 1))!.step).toBe(7);
});

it('begins again when there never was a checkpoint', async () => {
  const { session, context, runs } = make();
  await runs.save({ info: { ...startingRun('a', config), state: 'running' }, model: model.info });
  expect(await session.begin(context, { id: 'a', model })).toMatchObject({ step: 1, resumes: 1 });
  expect(fake.begin).toHaveBeenCalled();
});

it('refuses a checkpoint that it cannot read, and leaves it', async () => {
  const { name, session, context, runs } = make();
  await runs.saveCheckpoint({ info: { ...startingRun('a', config), state: 'paused', step: 7 }, model: model.info }, checkpointOf(7));
  const tensors = createStore(`${name}-run-tensors`, 'kv');
  const stored = await keys<string>(tensors);
  await set(
    stored.find((key) => !key.endsWith('history'))!,
    new Blob(['cut off']),
    tensors,
  );
  await expect(session.begin(context, { id: 'a', model })).rejects.toThrow(/^The checkpoint of "fake" cannot be read: .* left as it is/);
  expect(fake.begin).not.toHaveBeenCalled();
  expect(await keys(tensors)).toEqual(stored);
});

it('ends a run at a halt that came before it went on', async () => {
  const { session, context } = make();
  await session.begin(context, { id: 'a', config, model });
  session.halt(context, 'a', 'paused');
  expect(await session.go(context, 'a')).toMatchObject({ state: 'paused', step: 1 });
  await session.begin(context, { id: 'a', model });
  expect(await session.go(context, 'a')).toMatchObject({ state: 'running', step: 21 });
});

it('holds a run for which there is no room, and discards one that it holds no more', async () => {
  const { session, context, runs } = make();
  await session.begin(context, { id: 'a', config, model });
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore) {
    this.transaction.abort();
    throw new DOMException('no', 'QuotaExceededError');
  });
  expect(await session.conclude(context, 'a', { state: 'paused', ids: [], message: 'No room.' })).toMatchObject({
    unkept: 'full',
    message: 'No room.',
  });
  put.mockRestore();
  const kept = await session.conclude(context, 'a', { state: 'paused', ids: [] });
  expect([kept.state, kept.unkept]).toEqual(['paused', undefined]);
  expect((await runs.checkpoint('a', 1))!.step).toBe(1);
  expect(await session.conclude(context, 'a', { state: 'stopped', ids: [] })).toMatchObject({ state: 'stopped' });
  expect(await runs.get('a')).toMatchObject({ bytes: 0, info: { state: 'stopped' } });
});
