import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TYPING_PAUSE_MS } from '../../../src/state/explore/reader.ts';
import { activeEdits } from '../../../src/state/explore/selectors.ts';
import { type FakeOptions } from '../../helpers/fakeApi.ts';
import { readyStore } from '../../helpers/readyStore.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MIDDLE = 'bookworm-9m/blocks.3.hook_resid_post/r4';

describe('features of the text', () => {
  it('are read with the middle dictionary as soon as the model is open', async () => {
    const { get } = await readyStore();
    expect(get().dictionary).toBe(MIDDLE);
    expect(get().featuresTask).toEqual({ status: 'done' });
    expect(get().features?.tokens).toEqual(['the', ' sea']);
    expect([...(get().features?.index.active ?? [])]).toEqual([40, 40]);
    expect(get().features?.explained?.tokens).toHaveLength(2);
  });

  it('answers the first key of a burst at once and the rest together', async () => {
    const { api, act } = await readyStore();
    api.calls.length = 0;
    for (const text of ['h', 'ha', 'hat']) {
      act.setText(text);
      await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS / 2);
    }
    await vi.advanceTimersByTimeAsync(500);
    expect(api.calls.filter((c) => c.startsWith('features'))).toEqual(['features h', 'features hat']);
  });

  it('drop an answer that comes after a newer question', async () => {
    const { act, get } = await readyStore({ delayMs: (call, text) => (call === 'features' && text === 'slow' ? 5000 : 10) });
    act.setText('slow');
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS + 100);
    act.setText('quick');
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS + 200);
    expect(get().features?.text).toBe('quick');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(get().features?.text).toBe('quick');
    expect(get().featuresTask).toEqual({ status: 'done' });
  });

  it('come in one call with the explained share of the same text', async () => {
    const { act, api, get } = await readyStore({ delayMs: 10 });
    const shares: (number | undefined)[] = [];
    api.calls.length = 0;
    for (const text of ['one', 'one two']) {
      act.setText(text);
      await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS + 100);
      expect(get().features).toMatchObject({ text });
      shares.push(get().features?.explained?.tokens.length);
    }
    expect(shares).toEqual([1, 2]);
    expect(api.calls.filter((c) => /^(features|encode|reconstruct)/.test(c))).toEqual(['features one', 'features one two']);
  });

  it('keep the last answer beside the sentence of a failure', async () => {
    const options: FakeOptions = {};
    const { act, get } = await readyStore(options);
    options.fail = { features: 'The file is damaged.' };
    act.setText('more');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().featuresTask).toEqual({ status: 'failed', message: 'The file is damaged.' });
    expect(get().features?.text).toBe('the sea');
  });

  it('of another dictionary do not stay under the name of one that failed', async () => {
    const options: FakeOptions = {};
    const { act, get } = await readyStore(options);
    options.fail = { features: 'The file is damaged.' };
    act.chooseDictionary('bookworm-9m/blocks.1.hook_resid_post/r4');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().features).toBeNull();
  });

  it('stand without the explained share where it cannot be had', async () => {
    const { get } = await readyStore({ unexplained: true });
    expect(get().featuresTask).toEqual({ status: 'done' });
    expect(get().features?.explained).toBeNull();
  });

  it('go when the text does', async () => {
    const { act, get } = await readyStore();
    act.setText('');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().features).toBeNull();
  });

  it('are read again with another dictionary', async () => {
    const { act, get } = await readyStore();
    const before = get().features?.index;
    act.point(5);
    act.chooseDictionary('bookworm-9m/blocks.1.hook_resid_post/r4');
    await vi.advanceTimersByTimeAsync(500);
    expect(get().features?.dictionary.hook).toBe('blocks.1.hook_resid_post');
    expect(get().features?.index).not.toEqual(before);
    expect(get().pointed).toBeNull();
  });
});

describe('dictionaries', () => {
  it('says when none fits, and takes one that is imported', async () => {
    const { act, get } = await readyStore({ misfit: true });
    expect(get().dictionary).toBe('');
    expect(get().features).toBeNull();
    void act.importDictionaries([]);
    await vi.advanceTimersByTimeAsync(500);
    expect(get().dictionary).toBe('mine');
    expect(get().importTask).toEqual({ status: 'done', opened: ['mine'], first: 'mine', warnings: ['It has no sparsity file.'] });
    expect(get().features?.text).toBe('the sea');
  });

  it('keeps the sentence of a refused import, and what was there', async () => {
    const { act, get } = await readyStore({ fail: { import: 'This is no dictionary.' } });
    void act.importDictionaries([]);
    await vi.advanceTimersByTimeAsync(500);
    expect(get().importTask).toEqual({ status: 'failed', message: 'This is no dictionary.' });
    expect(get().dictionary).toBe(MIDDLE);
  });

  it('keeps the sentence of a list that failed', async () => {
    const { get } = await readyStore({ fail: { dictionaries: 'The list is missing.' } });
    expect(get().dictionaries).toEqual({ status: 'failed', message: 'The list is missing.' });
    expect(get().analysis?.text).toBe('the sea');
  });

  it('lists them again for another model', async () => {
    const { api, act } = await readyStore();
    api.calls.length = 0;
    void act.loadModel([], 'mine');
    await vi.advanceTimersByTimeAsync(1000);
    expect(api.calls.filter((c) => c.startsWith('dictionaries'))).toHaveLength(1);
  });
});

describe('pin and ablate', () => {
  it('turns the strip to a feature that is pinned, and leaves it when unpinned', async () => {
    const { act, get } = await readyStore();
    act.pin(7);
    expect(get().pins).toEqual([{ dictionary: MIDDLE, latent: 7, slot: 0 }]);
    expect(get().colourBy).toBe('feature');
    act.setColourBy('rank');
    act.pin(7);
    expect(get().pins).toEqual([]);
    expect(get().colourBy).toBe('rank');
  });

  it('ablates by an edit that can be undone, and removes the same edit again', async () => {
    const { act, get } = await readyStore();
    act.ablate(7);
    await vi.advanceTimersByTimeAsync(500);
    expect(activeEdits(get())).toEqual([{ dictionary: MIDDLE, latent: 7, op: 'ablate' }]);
    expect(get().analysis?.after?.kl).toHaveLength(2);
    act.undo();
    await vi.advanceTimersByTimeAsync(500);
    expect(get().analysis?.after).toBeNull();
    act.redo();
    act.ablate(7);
    await vi.advanceTimersByTimeAsync(500);
    expect(get().bench.edits).toEqual([]);
  });

  it('does not read features again for an edit', async () => {
    const { api, act } = await readyStore();
    api.calls.length = 0;
    act.ablate(7);
    await vi.advanceTimersByTimeAsync(500);
    expect(api.calls.filter((c) => c.startsWith('features'))).toEqual([]);
  });
});
