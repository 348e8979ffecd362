import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { densitiesOf, shownLabels } from '../../../src/state/explore/featureFacts.ts';
import { labelsFor } from '../../../src/state/shared/labels.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { fakeApi, fakeStartup, type FakeOptions } from '../../helpers/fakeApi.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const OTHER = 'bookworm-9m/blocks.1.hook_resid_post/r4';
const settle = () => vi.advanceTimersByTimeAsync(200);

async function ready(options: FakeOptions = {}) {
  const api = fakeApi(options);
  const store = createAppStore(api, fakeStartup(), { text: 'the sea' });
  await vi.advanceTimersByTimeAsync(1000);
  const get = store.getState;
  return { api, get, act: get().actions, labels: () => [...shownLabels(get())] };
}

describe('labels', () => {
  it('are saved, said, changed, taken back and removed', async () => {
    const { api, get, act, labels } = await ready();
    await act.label(get().dictionary, 7, '  sea words ');
    await settle();
    expect(labels()).toEqual([[7, 'sea words']]);
    expect(get().notice?.text).toBe('Label of feature 7 saved.');
    await act.label(get().dictionary, 7, 'ships');
    await settle();
    expect(get().notice?.text).toBe('Label of feature 7 changed.');
    const { undo } = get().notice!;
    if (undo && typeof undo === 'object' && 'run' in undo) undo.run();
    await settle();
    expect(labels()).toEqual([[7, 'sea words']]);
    await act.label(get().dictionary, 7, ' ');
    await settle();
    expect(labels()).toEqual([]);
    expect(await api.labels.list()).toEqual([]);
  });

  it('are taken back with what stood behind them', async () => {
    const { api, get, act } = await ready();
    const { dictionary } = get();
    const evidence = { rule: { token: 'x' }, threshold: 0, precision: 1, recall: 1, f1: 1, interval: null, corpus: 'c', tokens: 9 };
    const behind = async () => (await api.labels.list(dictionary))[0]?.evidence;
    await act.label(dictionary, 7, 'sea', evidence);
    await act.label(dictionary, 7, 'sea', null);
    expect([await behind(), get().notice?.text]).toEqual([undefined, 'Label of feature 7 changed.']);
    const { undo } = get().notice!;
    if (undo && typeof undo === 'object' && 'run' in undo) undo.run();
    await settle();
    expect(await behind()).toEqual(evidence);
  });

  it('that do not change say nothing', async () => {
    const { get, act } = await ready();
    await act.label(get().dictionary, 7, '');
    expect(get().notice).toBeNull();
  });

  it('that are refused are said with the reason', async () => {
    const { get, act, labels } = await ready();
    await act.label(get().dictionary, 7, 'x'.repeat(501));
    expect(get().notice?.text).toMatch(/^The label of feature 7 was not saved\. A label has at most 500 characters/);
    expect(labels()).toEqual([]);
  });

  it('follow the dictionary on screen', async () => {
    const { act, get, labels } = await ready();
    await act.label(get().dictionary, 7, 'sea');
    act.chooseDictionary(OTHER);
    await settle();
    expect(labels()).toEqual([]);
    await act.label(OTHER, 9, 'hat');
    await settle();
    expect(labels()).toEqual([[9, 'hat']]);
  });

  it('go to the dictionary they were begun for, whichever is chosen since', async () => {
    const options: FakeOptions = {};
    const { api, get, act, labels } = await ready(options);
    const mine = get().dictionary;
    await act.label(mine, 7, 'sea');
    await api.labels.set(OTHER, 7, 'theirs');
    options.delayMs = (call) => (call === 'features' ? 5000 : 0);
    act.chooseDictionary(OTHER);
    await settle();
    expect(get().features?.dictionary.id).toBe(mine);
    // The rows are still those of the dictionary before, and none of these labels is theirs.
    expect(labels()).toEqual([]);
    expect([...labelsFor(get(), OTHER)]).toEqual([[7, 'theirs']]);
    await act.label(mine, 7, 'ships');
    await settle();
    expect(get().notice?.text).toBe('Label of feature 7 changed.');
    expect((await api.labels.list(mine)).map((l) => l.text)).toEqual(['ships']);
    const { undo } = get().notice!;
    if (undo && typeof undo === 'object' && 'run' in undo) undo.run();
    await vi.advanceTimersByTimeAsync(6000);
    expect((await api.labels.list(mine)).map((l) => l.text)).toEqual(['sea']);
    expect(labels()).toEqual([[7, 'theirs']]);
  });

  it('and densities of a chosen dictionary wait until its features are on screen', async () => {
    const options: FakeOptions = {};
    const { api, get, act } = await ready(options);
    const values = new Float32Array(1024).fill(0.25);
    api.dictionaries.densities = () => Promise.resolve({ values, source: 'file' });
    options.delayMs = (call) => (call === 'features' ? 5000 : 0);
    act.chooseDictionary(OTHER);
    await settle();
    expect(densitiesOf(get())).toBeNull();
    await vi.advanceTimersByTimeAsync(6000);
    expect(densitiesOf(get())?.values).toBe(values);
  });

  it('of a dictionary that has gone are refused with the reason', async () => {
    const { get, act } = await ready();
    await act.label('gone', 7, 'sea');
    expect(get().notice?.text).toMatch(/^The label of feature 7 was not saved\. There is no dictionary called "gone"/);
  });

  it('written elsewhere are shown', async () => {
    const { api, get, labels } = await ready();
    await api.labels.set(get().dictionary, 3, 'from a script');
    await settle();
    expect(labels()).toEqual([[3, 'from a script']]);
  });

  it('go out as a file and come back', async () => {
    const { get, act, labels } = await ready();
    await act.label(get().dictionary, 7, 'sea');
    const blob = (await act.exportLabels(true))!;
    await act.label(get().dictionary, 7, '');
    await settle();
    // The file is the newer of the two only when it brings what is gone.
    await act.importLabels(new File([blob], 'labels.json'));
    await settle();
    expect(labels()).toEqual([[7, 'sea']]);
    expect(get().notice?.text).toBe('Labels imported: 1 added.');
    await act.importLabels(new File(['{'], 'labels.json'));
    expect(get().notice?.text).toMatch(/^No label was imported\. .*labels\.json/);
    expect(labels()).toEqual([[7, 'sea']]);
  });
});
