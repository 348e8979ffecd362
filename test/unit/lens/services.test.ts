/** The lens's services over models that answer by hand: which model is in use, and what was measured on it. */
import { beforeEach, expect, it, vi } from 'vitest';
import type { ModelSource } from '../../../src/api/model.ts';
import { createLensServices } from '../../../workers/lens/services.ts';
import type { Platform } from '../../../workers/lens/workbench.ts';

const fake = vi.hoisted(() => ({ open: vi.fn(), run: vi.fn() }));
vi.mock('../../../src/engine/model/run.ts', () => ({ run: fake.run, checkRows: () => {} }));
vi.mock('../../../src/engine/model/openModel.ts', async (load) => ({ ...(await load<object>()), openModel: fake.open }));

const releases: string[] = [];
beforeEach(() => {
  releases.length = 0;
  fake.run.mockReset().mockResolvedValue({ acts: {}, lengths: [1] });
  fake.open.mockReset().mockImplementation((_runtime, _base, source: { id: string }) =>
    Promise.resolve({
      info: { id: source.id, hash: `h-${source.id}`, source: 'built-in' },
      model: { config: {}, release: () => Promise.resolve(void releases.push(source.id)) },
      tokenizer: { tokenize: (text: string) => ({ ids: [text.length], tokens: [text], spans: [[0, text.length]] }) },
    }),
  );
});

const context = { signal: new AbortController().signal, progress: () => {} };
const source = (id: string): ModelSource => ({ id });

async function opened() {
  const services = createLensServices({
    createRuntime: () => Promise.resolve({ threads: 2, warmUp: () => Promise.resolve(), live: { sessions: 1, buffers: 0 } }),
    createEngine: () => Promise.resolve({ kernels: 'typescript', keptBytes: () => 0 }),
  } as unknown as Platform);
  await services.models.open(context, { device: 'wasm', base: '/' });
  return services;
}

it('answers nothing before a device and a model are open', async () => {
  const services = createLensServices({} as Platform);
  await expect(services.inference.tokenize(context, 'a')).rejects.toThrow('No model is loaded yet');
  await expect(services.models.load(context, source('a'))).rejects.toThrow('The device is not open yet');
  expect(services.models.current(context)).toBeNull();
});

it('opens a model that is in use only once, and loads one after the other', async () => {
  const { models } = await opened();
  await Promise.all([models.load(context, source('a')), models.load(context, source('a')), models.load(context, source('b'))]);
  expect(fake.open).toHaveBeenCalledTimes(2);
  expect(models.current(context)?.id).toBe('b');
  expect(releases).toEqual(['a']);
});

it('keeps a model that is replaced until the call that uses it ends', async () => {
  const { models, inference } = await opened();
  await models.load(context, source('a'));
  let end!: (value: unknown) => void;
  fake.run.mockReturnValueOnce(new Promise((resolve) => (end = resolve)));
  const running = inference.run(context, { ids: [1] });
  await models.load(context, source('b'));
  expect((await inference.live(context)).calls).toBe(1);
  expect(releases).toEqual([]);
  end({ acts: {}, lengths: [1] });
  await running;
  expect(releases).toEqual(['a']);
  expect((await inference.live(context)).calls).toBe(0);
});

it('runs four calls at a time; a stop reaches those that wait', async () => {
  const { models, inference } = await opened();
  await models.load(context, source('a'));
  const ends: ((value: unknown) => void)[] = [];
  fake.run.mockImplementation(() => new Promise((resolve) => void ends.push(resolve)));
  const stop = new AbortController();
  const running = Array.from({ length: 4 }, () => inference.run(context, { ids: [1] }));
  const waiting = inference.run({ ...context, signal: stop.signal }, { ids: [1] });
  await vi.waitFor(() => expect(ends).toHaveLength(4));
  stop.abort();
  ends.forEach((end) => end({}));
  await Promise.all(running);
  await expect(waiting).rejects.toMatchObject({ code: 'abort' });
  expect(fake.run).toHaveBeenCalledTimes(4);
});

it('keeps what was measured as long as the model it was measured on is in use', async () => {
  const { models, library } = await opened();
  await models.load(context, source('a'));
  globalThis.fetch = () => Promise.resolve(new Response('[]'));
  const measured = { density: Float32Array.of(0.5), tokens: 64 };
  const of = (id: string) => ({ id, hash: `h-${id}` });
  const spy = vi
    .spyOn((await import('../../../workers/lens/dictionaries.ts')).DictionaryLibrary.prototype, 'densities')
    .mockResolvedValue(null);
  library.noteMeasured(context, 'd', of('b'), measured);
  expect(await library.densities(context, 'd')).toBeNull();
  library.noteMeasured(context, 'd', of('a'), measured);
  expect(await library.densities(context, 'd')).toEqual({ values: Float32Array.of(0.5), source: 'measured', tokens: 64 });
  await models.load(context, source('b'));
  expect(await library.densities(context, 'd')).toBeNull();
  spy.mockRestore();
});
