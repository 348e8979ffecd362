import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { densityHistogram } from '../../../src/state/shared/densityHistogram.ts';
import { kindOfFiles } from '../../../src/state/shared/fileKinds.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { fakeApi, fakeStartup, type FakeOptions } from '../../helpers/fakeApi.ts';

const files = (...paths: string[]) => paths.map((path) => ({ path, data: new Blob() }));

describe('kindOfFiles', () => {
  it.each([
    ['dictionary', 'a/cfg.json a/sae_weights.safetensors'],
    ['dictionary', 'mine.zip'],
    ['dictionary', 'ae.pt config.json'],
    ['dictionary', 'checkpoints/ae_100.pt config.json'],
    ['dictionary', '25.pt 25_cfg.json'],
    ['dictionary', 'params.npz'],
    ['model', 'pytorch_model.bin config.json'],
    ['model', 'm/config.json m/tokenizer.json m/model.safetensors'],
    ['model', 'model.onnx config.json'],
    ['model', 'config.json'],
    ['labels', 'featurescope labels.json'],
    ['labels', 'labels.csv'],
    ['labels', 'my-labels.csv'],
    ['text', 'table.csv'],
    ['text', 'table.tsv page.html'],
    ['text', 'lines.ndjson.gz'],
    ['model', 'photo.png'],
  ])('takes %s for %s', (kind, paths) => {
    expect(kindOfFiles(files(...paths.split(/ (?=\S+\.)(?!labels)/)))).toBe(kind);
  });
});

describe('densityHistogram', () => {
  it('counts by steps of √10, what never fires apart', () => {
    const { bins, dead } = densityHistogram(Float32Array.of(0, 1e-10, 1e-7, 0.01, 0.011, 1, 0.5));
    expect(dead).toBe(2);
    expect(bins.filter((b) => b.count > 0)).toEqual([
      { label: '.001 %', count: 1 },
      { label: '1 %', count: 1 },
      { label: '3 %', count: 1 },
      { label: '100 %', count: 2 },
    ]);
  });
});

describe('the library', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const settle = () => vi.advanceTimersByTimeAsync(500);

  async function ready(options: FakeOptions = {}) {
    const api = fakeApi(options);
    const store = createAppStore(api, fakeStartup(), { text: 'the sea' });
    await vi.advanceTimersByTimeAsync(1000);
    const get = store.getState;
    const ids = () => {
      const { dictionaries } = get();
      return dictionaries.status === 'done' ? dictionaries.list.map((d) => d.id) : [];
    };
    return { api, get, act: get().actions, ids };
  }

  it('asks which of several are meant, and opens those alone', async () => {
    const { api, get, act } = await ready({ found: ['a', 'b', 'c'] });
    const imported = vi.spyOn(api.dictionaries, 'import');
    void act.importDictionaries(files('learned_dicts.pt'));
    await settle();
    expect(get().importTask).toMatchObject({ status: 'choosing', found: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] });
    expect(imported).not.toHaveBeenCalled();
    void act.importPicked([2, 0]);
    await settle();
    expect(imported.mock.calls[0][1]).toMatchObject({ pick: [2, 0] });
    expect(get().importTask.status).toBe('done');
    expect(get().dictionary).toBe('mine');
  });

  it('opens nothing when none is chosen', async () => {
    const { api, get, act } = await ready({ found: ['a', 'b'] });
    const imported = vi.spyOn(api.dictionaries, 'import');
    void act.importDictionaries(files('learned_dicts.pt'));
    await settle();
    await act.importPicked([]);
    expect(get().importTask).toEqual({ status: 'idle' });
    expect(imported).not.toHaveBeenCalled();
  });

  it('says what is wrong with files in which nothing was found', async () => {
    const { get, act } = await ready({ fail: { inspect: 'ae.pt is empty.' } });
    void act.importDictionaries(files('ae.pt'));
    await settle();
    expect(get().importTask).toEqual({ status: 'failed', message: 'ae.pt is empty.' });
  });

  it('can be told to stop', async () => {
    const { get, act } = await ready({ delayMs: (call) => (call === 'import' ? 5000 : 0) });
    void act.importDictionaries(files('a/cfg.json', 'a/w.safetensors'));
    await settle();
    expect(get().importTask.status).toBe('running');
    act.cancelImport();
    await vi.advanceTimersByTimeAsync(6000);
    expect(get().importTask).toEqual({ status: 'idle' });
    expect(get().dictionary).not.toBe('mine');
  });

  it('goes on with another dictionary when the one on screen is removed, and offers it back', async () => {
    const { get, act, ids } = await ready();
    void act.importDictionaries(files('a/cfg.json'));
    await settle();
    expect(get().dictionary).toBe('mine');
    await act.removeDictionary('mine');
    await settle();
    expect(ids()).not.toContain('mine');
    expect(get().dictionary).toBe('bookworm-9m/blocks.3.hook_resid_post/r4');
    expect(get().notice?.text).toBe('mine removed. Its labels are kept.');
    const { undo } = get().notice!;
    if (undo === null || typeof undo !== 'object' || !('run' in undo)) throw new Error('There is no way back.');
    undo.run();
    await settle();
    expect(ids()).toContain('mine');
    expect(get().notice?.text).toBe('mine is back.');
  });

  it('knows how often features fire once a dictionary that did not say was measured', async () => {
    const { api, get, act } = await ready();
    expect(get().densities).toBeNull();
    const values = new Float32Array(1024).fill(0.125);
    const { evaluate } = api;
    api.evaluate = async (id, options) => {
      const figures = await evaluate(id, options);
      api.dictionaries.densities = (asked) => Promise.resolve(asked === id ? { values, source: 'measured', tokens: figures.tokens } : null);
      return figures;
    };
    const { dictionary } = get();
    void act.measure(dictionary, 4096);
    await settle();
    expect(get().densities).toEqual({ dictionary, values, source: 'measured', tokens: 4096 });
  });

  it('takes a first look at what was opened, and says where it disagrees with what is claimed', async () => {
    const { api, get, act } = await ready();
    const evaluated = vi.spyOn(api, 'evaluate');
    const { card } = api.dictionaries;
    api.dictionaries.card = async (id) => ({ ...(await card(id)), record: { 'published.l0': 400 } });
    void act.importDictionaries(files('a/cfg.json'));
    await settle();
    expect(get().importTask).toMatchObject({ status: 'done', first: 'mine' });
    expect(evaluated.mock.calls.map(([id, options]) => [id, options?.tokens])).toEqual([['mine', 512]]);
    expect(get().reports.mine).toMatchObject({ status: 'done', claimed: true, figures: { l0: 39, tokens: 512 } });
    expect(get().reports.mine.doubts).toEqual(['Its publisher says that 400 features are active on a token; here 39 are.']);
  });

  it('does not measure one that does not fit, and says why when measuring fails', async () => {
    const { api, get, act } = await ready({ fail: { evaluate: 'The model is gone.' } });
    const importOne = api.dictionaries.import;
    void act.importDictionaries(files('a/cfg.json'));
    await settle();
    expect(get().reports.mine).toMatchObject({ status: 'failed', message: 'The model is gone.', figures: null });
    api.dictionaries.import = async (...given) => {
      const { dictionaries, warnings } = await importOne(...given);
      return { dictionaries: dictionaries.map((d) => ({ ...d, id: 'other', fits: false })), warnings };
    };
    const evaluated = vi.spyOn(api, 'evaluate');
    void act.importDictionaries(files('a/cfg.json'));
    await settle();
    expect(get().importTask).toMatchObject({ status: 'done', first: 'other' });
    expect(evaluated).not.toHaveBeenCalled();
  });

  it('keeps the last figures when a measurement is stopped, and drops them with their model', async () => {
    const { get, act } = await ready({ delayMs: (call) => (call === 'evaluate' ? 100 : 0) });
    const { dictionary } = get();
    void act.measure(dictionary, 512);
    await settle();
    expect(get().reports[dictionary]).toMatchObject({ status: 'done', figures: { tokens: 512 } });
    void act.measure(dictionary, 4096);
    await vi.advanceTimersByTimeAsync(250);
    expect(get().reports[dictionary]).toMatchObject({ status: 'running', done: 1024, total: 4096, figures: { tokens: 512 } });
    act.stopMeasuring(dictionary);
    await settle();
    expect(get().reports[dictionary]).toMatchObject({ status: 'done', figures: { tokens: 512 } });
    void act.measure('another', 4096);
    act.stopMeasuring('another');
    await settle();
    expect(get().reports.another).toBeUndefined();
    void act.loadModel({ hub: 'a/b' }, 'a/b');
    await settle();
    expect(get().reports).toEqual({});
  });

  it('shows what another tab opened', async () => {
    const { api, ids } = await ready();
    void api.dictionaries.import([]);
    await settle();
    expect(ids()).toContain('mine');
  });
});

describe('a published dictionary', () => {
  const wanted = { source: { hub: 'a/b', folder: 'c' }, name: 'c' };

  it('is fetched, opened and chosen, and says how far it is', async () => {
    const api = fakeApi();
    const store = createAppStore(api, fakeStartup());
    await vi.waitFor(() => expect(store.getState().dictionaries.status).toBe('done'));
    const seen: ReturnType<typeof store.getState>['importTask'][] = [];
    store.subscribe(({ importTask }) => seen.push(importTask));
    await store.getState().actions.fetchPublished(wanted);
    const running = seen.filter((task) => task.status === 'running' && task.progress);
    expect(running).toEqual([
      { status: 'running', name: 'c', progress: { stage: 'fetching', loaded: 40e6, total: 134_353_024, rate: 10e6 } },
    ]);
    expect(store.getState().importTask).toMatchObject({ status: 'done', opened: ['3-res-sm'] });
    expect(store.getState().dictionary).toBe('fetched');
  });

  it('that was cut can be gone on with; one that is refused cannot', async () => {
    const api = fakeApi();
    const store = createAppStore(api, fakeStartup());
    const fail = (name: string) => {
      const error = new Error('It was cut.');
      error.name = name;
      api.dictionaries.fetch = () => Promise.reject(error);
      return store.getState().actions.fetchPublished(wanted);
    };
    await fail('EngineError');
    expect(store.getState().importTask).toEqual({ status: 'failed', message: 'It was cut.', again: wanted });
    await fail('FormatError');
    expect(store.getState().importTask).toEqual({ status: 'failed', message: 'It was cut.' });
    await fail('AbortError');
    expect(store.getState().importTask).toEqual({ status: 'idle' });
  });
});
