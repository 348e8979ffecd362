import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { densityHistogram } from '../../../src/state/densityHistogram.ts';
import { dictionaryFolders, kindOfFiles } from '../../../src/state/library.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { fakeApi, fakeStartup, type FakeOptions } from '../../helpers/fakeApi.ts';

const files = (...paths: string[]) => paths.map((path) => ({ path, data: new Blob() }));

describe('kindOfFiles', () => {
  it.each([
    ['dictionary', 'a/cfg.json a/sae_weights.safetensors'],
    ['dictionary', 'mine.zip'],
    ['dictionary', 'ae.pt config.json'],
    ['model', 'm/config.json m/tokenizer.json m/model.safetensors'],
    ['model', 'model.onnx config.json'],
    ['model', 'config.json'],
    ['labels', 'featurescope labels.json'],
    ['model', 'photo.png'],
  ])('takes %s for %s', (kind, paths) => {
    expect(kindOfFiles(files(...paths.split(/ (?=\S+\.)(?!labels)/)))).toBe(kind);
  });
});

describe('dictionaryFolders', () => {
  it('finds folders with settings and weights, in natural order', () => {
    const dropped = files(
      'x/l10/cfg.json',
      'x/l10/sae_weights.safetensors',
      'x/l2/cfg.json',
      'x/l2/sae.safetensors',
      'x/l3/cfg.json',
      'x/a.md',
    );
    expect(dictionaryFolders(dropped)).toEqual(['x/l2', 'x/l10']);
    expect(dictionaryFolders(files('cfg.json', 'sae_weights.safetensors'))).toEqual(['']);
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
    const { api, get, act } = await ready();
    const imported = vi.spyOn(api.dictionaries, 'import');
    await act.importDictionaries(files('a/cfg.json', 'a/w.safetensors', 'b/cfg.json', 'b/w.safetensors'));
    expect(get().importTask).toMatchObject({ status: 'choosing', folders: ['a', 'b'] });
    void act.importFolders(['b']);
    await settle();
    expect(imported.mock.calls[0][0].map((f) => ('path' in f ? f.path : f.name))).toEqual(['b/cfg.json', 'b/w.safetensors']);
    expect(get().importTask.status).toBe('done');
    expect(get().dictionary).toBe('mine');
  });

  it('opens nothing when none is chosen', async () => {
    const { api, get, act } = await ready();
    const imported = vi.spyOn(api.dictionaries, 'import');
    await act.importDictionaries(files('a/cfg.json', 'a/w.safetensors', 'b/cfg.json', 'b/w.safetensors'));
    await act.importFolders([]);
    expect(get().importTask).toEqual({ status: 'idle' });
    expect(imported).not.toHaveBeenCalled();
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
    expect(get().notice?.undo).toHaveProperty('run');
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
    void act.evaluate(dictionary, { signal: new AbortController().signal, onProgress: () => undefined });
    await settle();
    expect(get().densities).toEqual({ dictionary, values, source: 'measured', tokens: 4096 });
  });

  it('shows what another tab opened', async () => {
    const { api, ids } = await ready();
    void api.dictionaries.import([]);
    await settle();
    expect(ids()).toContain('mine');
  });
});
