/** What the page tells the study worker of a feature, and how a rule that hangs ends. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFeatures } from '../../../src/app/features.ts';
import type { ModelInfo, ModelSource } from '../../../src/api/model.ts';
import type { LensServices } from '../../../workers/lens/client.ts';
import { createRemote } from '../../../workers/remote.ts';
import type { StudyServices } from '../../../workers/study/client.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const info = { id: 'tiny', hash: 'h', source: 'built-in', bytes: 1000 } as ModelInfo;
const UNREAD = { config: {}, parts: [] };
type StudyCall = (
  name: string,
  args: unknown[],
  options?: { onProgress?: (value: never) => void; signal?: AbortSignal },
) => Promise<unknown>;

function make(answer: StudyCall, isOpen = true) {
  const calls: [string, unknown[]][] = [];
  const lens = createRemote<LensServices>({
    call: (name) => Promise.resolve(name === 'library.list' ? [{ id: 'd', hash: 'sha' }] : UNREAD),
  });
  const study = createRemote<StudyServices>({
    call: (name, args, options) => {
      calls.push([name, args]);
      return answer(name, args, options);
    },
  });
  const endStudy = vi.fn();
  const model = () => (isOpen ? { info, source: { id: 'tiny' } as ModelSource } : undefined);
  return { features: createFeatures({ lens, study, end: endStudy, model }), calls, endStudy };
}

const subject = (hash: string) => ({
  model: { info: { id: 'tiny', hash: 'h', source: 'built-in' }, source: { id: 'tiny' } },
  dictionary: UNREAD,
  hash,
});
const never = () => new Promise<never>(() => {});

it('names model, dictionary and its hash, and keeps signal and progress out of the options', async () => {
  const { features, calls } = make(() => Promise.resolve({}));
  const { signal } = new AbortController();
  await features.effects('d', 3);
  await features.effects('e', 4, { text: 'a' }, { seed: 2, signal, onProgress: () => {} });
  await features.weights('d', 5, { k: 2, signal });
  await features.neighbours('d', 6, { elsewhere: ['e'], tokens: 64 });
  await features.rule('d', 7, { token: 'a' }, { threshold: 1 });
  expect(calls).toEqual([
    ['features.effects', [subject('sha'), 3, {}, {}]],
    ['features.effects', [subject(''), 4, { text: 'a' }, { seed: 2 }]],
    ['features.weights', [subject('sha'), 5, { k: 2 }]],
    ['features.neighbours', [subject('sha'), 6, [{ id: 'e', dictionary: UNREAD }], { tokens: 64 }]],
    ['features.rule', [subject('sha'), 7, { token: 'a' }, { threshold: 1 }]],
  ]);
});

it('says that no model is open', async () => {
  await expect(make(never, false).features.weights('d', 1)).rejects.toThrow('No model is loaded yet');
});

it('ends the worker of a rule that does not answer once matching has begun, and says why', async () => {
  let stop!: (error: Error) => void;
  const { features, endStudy } = make((name, _, options) => {
    if (name === 'device.ping') return never();
    options?.onProgress?.({ done: 1, total: 2, matching: true } as never);
    return new Promise((_, reject) => (stop = reject));
  });
  endStudy.mockImplementation(() => stop(new Error('It was ended.')));
  const progress: unknown[] = [];
  const failed = expect(features.rule('d', 1, { before: 'x' }, { onProgress: (p) => progress.push(p) })).rejects.toThrow(
    /too long.*simpler/,
  );
  await vi.advanceTimersByTimeAsync(3100);
  await failed;
  expect(endStudy).toHaveBeenCalledTimes(1);
  expect(progress).toEqual([{ done: 1, total: 2 }]);
});

it('ends it too when the call was stopped while it hung; not when it answers', async () => {
  for (const hangs of [true, false]) {
    const controller = new AbortController();
    const { features, endStudy } = make((name, _, options) => {
      if (name === 'device.ping') return hangs ? never() : Promise.resolve();
      options?.onProgress?.({ done: 1, total: 2, matching: true } as never);
      return new Promise((_, reject) => options?.signal?.addEventListener('abort', () => reject(new Error('Stopped on request.'))));
    });
    const failed = expect(features.rule('d', 1, { before: 'x' }, { signal: controller.signal })).rejects.toThrow('Stopped on request.');
    await vi.advanceTimersByTimeAsync(100);
    controller.abort();
    await failed;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(endStudy).toHaveBeenCalledTimes(hangs ? 1 : 0);
  }
});
