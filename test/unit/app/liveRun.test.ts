/** A run as the page sees it, over a trainer that answers by hand: stops that come too early, ends that cannot be kept. */
import { describe, expect, it, vi } from 'vitest';
import { LiveRun } from '../../../src/app/liveRun.ts';
import { AbortedError, EngineError } from '../../../src/core/errors.ts';
import type { WantedModel } from '../../../src/api/model.ts';
import { isHere } from '../../../src/core/train/runLife.ts';
import type { RunInfo } from '../../../src/core/train/runTypes.ts';
import { startingRun } from '../../../src/core/train/startingRun.ts';
import { createRemote } from '../../../workers/remote.ts';
import type { LensServices } from '../../../workers/lens/client.ts';
import type { TrainerServices } from '../../../workers/trainer/client.ts';

const config = { name: 'fake', dictionaries: { hook: 'hook_embed' } };
const model = { info: { id: 'tiny', hash: 'h', source: 'built-in' }, source: {} } as unknown as WantedModel;
const running: RunInfo = {
  ...startingRun('a', config),
  state: 'running',
  step: 5,
  dictionaries: [{ last: null, evaluation: null, id: null }],
};

const isForgotten = ({ life }: LiveRun) => life.phase === 'stopped' && life.forgotten;

type Method = keyof TrainerServices['runs'];
type Answer = (...args: never[]) => unknown;

interface Deferred {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/** @param answers of the trainer's methods; begin and go wait for the test */
function make(answers: Partial<Record<Method, Answer>> = {}) {
  const calls: string[] = [];
  const waiting = {} as Record<'begin' | 'go', Deferred>;
  const wait = (method: 'begin' | 'go', signal?: AbortSignal) =>
    new Promise((resolve, reject) => {
      waiting[method] = { resolve, reject };
      signal?.addEventListener('abort', () => reject(new AbortedError()));
    });
  const call = vi.fn(async (method: Method, args: unknown[], { signal }: { signal?: AbortSignal } = {}): Promise<unknown> => {
    calls.push(method);
    if (answers[method]) return answers[method](...(args as never[]));
    if (method === 'begin' || method === 'go') return wait(method, signal);
    if (method === 'halt') return waiting.go.resolve({ ...running, state: args[1] === 'paused' ? 'paused' : 'running' });
    if (method === 'conclude') return { ...running, ...(args[1] as object) };
    return method === 'files' ? [] : undefined;
  });
  const library = { kept: ['d'], fail: '' };
  const lens = createRemote<LensServices>({
    call: async (method) => {
      await Promise.resolve();
      if (library.fail) throw new Error(library.fail);
      if (method === 'library.import') return { dictionaries: [{ id: 'd' }], warnings: ['No room for it.'] };
      return method === 'library.kept' ? library.kept : undefined;
    },
  });
  const trainer = createRemote<TrainerServices>({ call: (name, args, o) => call(name.replace('runs.', '') as Method, args, o) });
  const need = { trainer, lens, libraryChanged: () => {}, changed: () => {} } as never;
  const run = new LiveRun('a', config, model, need);
  const begin = async () => {
    const begun = run.begin();
    waiting.begin.resolve(running);
    await begun;
  };
  return { run, begin, calls, call, waiting, library };
}

describe('a run that is starting', () => {
  it('is given up and forgotten when it is discarded', async () => {
    const { run, calls } = make();
    const begun = run.begin();
    await run.stop({ keep: false });
    await expect(begun).rejects.toMatchObject({ code: 'abort' });
    expect(calls).toEqual(['begin', 'forget']);
    expect([isHere(run.life), isForgotten(run)]).toEqual([false, true]);
    expect(await run.done).toEqual({ dictionaries: [] });
  });

  it.each(['pause', 'stop'] as const)('waits for its first step to %s', async (what) => {
    const { run, calls, waiting } = make();
    const begun = run.begin();
    const halted = run[what]();
    waiting.begin.resolve(running);
    await Promise.all([begun, halted]);
    expect(calls.slice(0, 3)).toEqual(['begin', 'go', 'halt']);
    expect(run.info().state).toBe(what === 'pause' ? 'paused' : 'stopped');
  });

  it('again, after a pause, is paused by a click that comes before its first step', async () => {
    const { run, begin, waiting, calls } = make();
    await begin();
    await run.pause();
    const resumed = run.resume();
    waiting.begin.resolve({ ...running, state: 'paused' });
    await resumed;
    expect(run.info().state).toBe('running');
    await run.pause();
    expect(calls.filter((method) => method === 'halt')).toHaveLength(2);
  });
});

describe('a stop that is refused', () => {
  it('is not made up for when the run ends', async () => {
    const halt = vi.fn<() => void>().mockImplementationOnce(() => {
      throw new EngineError('Not now.');
    });
    const { run, begin, waiting } = make({ halt });
    await begin();
    await expect(run.stop({ keep: false })).rejects.toThrow('Not now.');
    waiting.go.resolve(running);
    expect((await run.done).dictionaries).toBeDefined();
    expect(run.info()).toMatchObject({ state: 'finished', ids: ['d'] });
  });

  it('leaves a paused run that can be resumed and paused again', async () => {
    const { run, begin, waiting, calls, library } = make();
    await begin();
    await run.pause();
    library.fail = 'The library is broken.';
    const stopped = run.stop({ keep: true });
    await vi.waitFor(() => expect(calls.at(-1)).toBe('begin'));
    waiting.begin.resolve({ ...running, state: 'paused' });
    await expect(stopped).rejects.toThrow('The library is broken.');
    const resumed = run.resume();
    waiting.begin.resolve(running);
    await resumed;
    await run.pause();
    expect([run.info().state, isHere(run.life)]).toEqual(['paused', true]);
  });
});

describe('the end of a run', () => {
  const end = async (unkept: RunInfo['unkept']) => {
    const conclude = vi.fn((_: string, { state, message }: { state: RunInfo['state']; message?: string }) => ({
      ...running,
      state,
      ...(message && { message }),
      ...(unkept && state === 'paused' && { unkept }),
    }));
    const made = make({ conclude });
    made.library.kept = [];
    await made.begin();
    made.waiting.go.resolve(running);
    return { ...made, conclude };
  };

  it('says that the run is kept when only its dictionaries found no room', async () => {
    const { run } = await end(undefined);
    await run.done;
    expect(run.info()).toMatchObject({
      state: 'paused',
      message: expect.stringMatching(/^No room for it\. The run is kept as well/) as string,
    });
  });

  it('keeps hold of a run for which there is no room either, and of its place', async () => {
    const { run } = await end('full');
    await vi.waitFor(() => expect(run.info().state).toBe('paused'));
    expect(isHere(run.life)).toBe(true);
    expect(run.info().message).toMatch(/^No room for it\. Nor is there room for the run/);
    expect(await Promise.race([run.done, Promise.resolve('goes on')])).toBe('goes on');
    expect(() => run.putAside()).toThrow(/would lose it\. Make room/);
    expect(isHere(run.life)).toBe(true);
  });

  it('comes where nothing is ever kept, and says so', async () => {
    const { run } = await end('denied');
    await run.done;
    expect(run.info()).toMatchObject({ state: 'finished', message: 'No room for it.' });
  });

  it('leaves a paused run with a checkpoint when the library throws', async () => {
    const { run, begin, waiting, call, library } = make();
    library.fail = 'The library is broken.';
    await begin();
    waiting.go.resolve(running);
    await expect(run.done).rejects.toThrow('The library is broken.');
    expect(call).toHaveBeenLastCalledWith('conclude', ['a', { state: 'paused', ids: [], message: 'The library is broken.' }], undefined);
    expect([run.info().state, isHere(run.life)]).toEqual(['paused', false]);
  });

  it('is an interruption when the worker has died', async () => {
    const { run, begin, waiting, calls } = make();
    await begin();
    waiting.go.reject(new EngineError('It has stopped.', { cause: { code: 'dead' } }));
    await expect(run.done).rejects.toThrow('It has stopped.');
    expect([run.info().state, calls.includes('conclude')]).toEqual(['interrupted', false]);
  });
});

describe('a resume', () => {
  const paused = async () => {
    const made = make();
    await made.begin();
    await made.run.pause();
    return made;
  };

  it('reports to whoever resumed it and heeds their signal', async () => {
    const { run, waiting, calls } = await paused();
    const stop = new AbortController();
    const onProgress = vi.fn();
    const resumed = run.resume({ onProgress, signal: stop.signal });
    waiting.begin.resolve(running);
    await resumed;
    expect(onProgress).toHaveBeenCalledWith(expect.objectContaining({ state: 'running' }));
    stop.abort();
    await run.done;
    expect(calls.at(-1)).toBe('forget');
  });

  it('that is given up leaves the run paused', async () => {
    const { run } = await paused();
    const stop = new AbortController();
    const resumed = run.resume({ signal: stop.signal });
    stop.abort();
    await expect(resumed).rejects.toMatchObject({ code: 'abort' });
    expect([run.info().state, isHere(run.life), isForgotten(run)]).toEqual(['paused', true, false]);
  });
});
