/** Experiments in their worker, with a model and a measurement that answer by hand: turns, and what is given back. */
import { beforeEach, expect, it, vi } from 'vitest';
import { AbortedError, EngineError } from '../../../src/core/errors.ts';
import type { WantedModel } from '../../../src/api/model.ts';
import { createStudyServices, type StudyPlatform } from '../../../workers/study/services.ts';

const fake = vi.hoisted(() => ({ open: vi.fn(), evaluate: vi.fn(), read: vi.fn() }));
vi.mock('../../../src/engine/model/openModel.ts', () => ({ openModel: fake.open, tokenizerOf: () => ({ encode: () => [1, 2, 3] }) }));
vi.mock('../../../src/engine/dictionary/evaluate.ts', () => ({ evaluate: fake.evaluate, cutContexts: (ids: number[][]) => ids }));
vi.mock('../../../src/core/formats/dictionaries/opened.ts', () => ({ readDictionary: fake.read }));

const wanted = (id: string) => ({ info: { id, hash: `h-${id}`, source: 'built-in' }, source: { id } }) as WantedModel;
const subject = (id: string) => ({ model: wanted(id), dictionary: { config: {}, parts: [] } as never });

beforeEach(() => {
  fake.read.mockReset().mockImplementation(() => Promise.resolve({ config: {} }));
  fake.evaluate.mockReset().mockResolvedValue({ tokens: 3 });
  fake.open
    .mockReset()
    .mockImplementation((_runtime, _base, source: { id: string }) =>
      Promise.resolve({ info: { id: source.id, hash: `h-${source.id}` }, model: { config: { n_ctx: 8 }, release: released } }),
    );
  released.mockReset();
  runtimes.length = 0;
});
const released = vi.fn(() => Promise.resolve());
const runtimes: { lost: string }[] = [];

function make() {
  const forget = vi.fn();
  const platform = {
    corpora: {},
    createRuntime: () => {
      runtimes.push({ lost: '' });
      return Promise.resolve(runtimes.at(-1));
    },
    createEngine: () => Promise.resolve({ forget }),
  } as unknown as StudyPlatform;
  const services = createStudyServices(platform);
  const stop = new AbortController();
  const context = { signal: stop.signal, progress: vi.fn() };
  services.device.open({ ...context }, { device: 'wasm', base: '/' });
  return { services, context, stop, forget };
}

it('reads the model once for several measurements, and gives each dictionary back', async () => {
  const { services, context, forget } = make();
  for (const _ of [1, 2]) await services.evaluation.evaluate(context, subject('a'), { ids: [[1, 2, 3]] });
  expect(fake.open).toHaveBeenCalledTimes(1);
  expect(forget).toHaveBeenCalledTimes(2);
  expect(fake.evaluate.mock.calls[0][0]).toMatchObject({ contexts: [[1, 2, 3]] });
});

it('takes the model of one measurement away only when that has ended', async () => {
  const { services, context } = make();
  let end!: (value: unknown) => void;
  fake.evaluate.mockReturnValueOnce(new Promise((resolve) => (end = resolve)));
  const first = services.evaluation.evaluate(context, subject('a'), { ids: [[1, 2]] });
  const second = services.evaluation.evaluate(context, subject('b'), { ids: [[1, 2]] });
  await vi.waitFor(() => expect(fake.evaluate).toHaveBeenCalledTimes(1));
  expect(released).not.toHaveBeenCalled();
  end({ tokens: 2 });
  await Promise.all([first, second]);
  expect(released).toHaveBeenCalledTimes(1);
  expect(fake.open.mock.calls.map(([, , source]) => source as unknown)).toEqual([{ id: 'a' }, { id: 'b' }]);
});

it('does not begin what was called off while it waited, and goes on with the next', async () => {
  const { services, context, stop } = make();
  fake.evaluate.mockRejectedValueOnce(new Error('No.'));
  const failed = services.evaluation.evaluate(context, subject('a'), { ids: [[1, 2]] });
  const stopped = services.evaluation.evaluate({ ...context, signal: AbortSignal.abort() }, subject('a'), { ids: [[1, 2]] });
  await expect(failed).rejects.toThrow('No.');
  await expect(stopped).rejects.toMatchObject({ code: 'abort' });
  expect(stop.signal.aborted).toBe(false);
  expect(await services.evaluation.evaluate(context, subject('a'), { ids: [[1, 2]] })).toEqual({ tokens: 3 });
});

it('says of a model that it cannot open so, and of a stop that it is one', async () => {
  const { services, context } = make();
  fake.open.mockRejectedValueOnce(new EngineError('There is not enough memory.'));
  await expect(services.evaluation.evaluate(context, subject('a'), { ids: [[1, 2]] })).rejects.toMatchObject({
    code: 'unavailable',
    message: 'There is not enough memory.',
  });
  fake.open.mockRejectedValueOnce(new AbortedError());
  await expect(services.evaluation.evaluate(context, subject('a'), { ids: [[1, 2]] })).rejects.toMatchObject({ code: 'abort' });
  expect(await services.evaluation.evaluate(context, subject('a'), { ids: [[1, 2]] })).toEqual({ tokens: 3 });
});

it('opens a lost device anew for the next measurement', async () => {
  const { services, context } = make();
  fake.evaluate.mockImplementationOnce(() => {
    runtimes[0].lost = 'The device was lost.';
    return Promise.reject(new EngineError('The device was lost.'));
  });
  await expect(services.evaluation.evaluate(context, subject('a'), { ids: [[1, 2]] })).rejects.toThrow('lost');
  await services.evaluation.evaluate(context, subject('a'), { ids: [[1, 2]] });
  expect(runtimes).toHaveLength(2);
  expect(fake.open).toHaveBeenCalledTimes(2);
});

it('refuses options that are wrong before it opens a model', async () => {
  const { services, context } = make();
  await expect(services.evaluation.evaluate(context, subject('a'), { tokens: 1 })).rejects.toThrow(/at least 2/);
  await expect(services.evaluation.evaluate(context, subject('a'), { text: 'a', ids: [[1, 2]] })).rejects.toThrow(/Give one of/);
  await expect(services.evaluation.evaluate(context, subject('a'), { ids: [7] as never })).rejects.toThrow(/list of lists/);
  expect(fake.open).not.toHaveBeenCalled();
});
