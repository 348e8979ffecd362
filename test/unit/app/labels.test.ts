/** featurescope.labels and featurescope.storage over stores in memory. */
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createLabels } from '../../../src/app/labels.ts';
import { createSignal } from '../../../src/app/signal.ts';
import { createStorage } from '../../../src/app/storage.ts';
import type { FeaturescopeApi } from '../../../src/api/featurescope.ts';
import { fakeDictionaries } from '../../helpers/fakeDictionaries.ts';
import { fakeKept, fakeLabelStore } from '../../helpers/fakeKept.ts';

const [FIRST, SECOND] = fakeDictionaries();

let kept: ReturnType<typeof fakeKept>;
let labels: FeaturescopeApi['labels'];
let askToPersist: ReturnType<typeof vi.fn<() => void>>;
let now: number;
beforeEach(() => {
  kept = fakeKept();
  askToPersist = vi.fn();
  now = Date.parse('2026-01-01T00:00:00Z');
  labels = make();
});

function make(): FeaturescopeApi['labels'] {
  const dictionaries = () => Promise.resolve(fakeDictionaries());
  return createLabels({ ...kept, signal: createSignal(), dictionaries, askToPersist, now: () => now });
}

const texts = async (id?: string) => (await labels.list(id)).map((l) => `${l.latent} ${l.text}`);
const json = (value: unknown) => ({ path: 'labels.json', data: new Blob([typeof value === 'string' ? value : JSON.stringify(value)]) });

describe('labels', () => {
  it('are set, changed, removed, listed by latent, and told of', async () => {
    const heard = vi.fn();
    labels.subscribe(heard);
    await labels.set(FIRST.id, 9, ' hats ');
    await labels.set(FIRST.id, 2, 'sea');
    await labels.set(SECOND.id, 1, 'wind');
    await labels.set(FIRST.id, 9, 'hats and caps');
    expect(await texts(FIRST.id)).toEqual(['2 sea', '9 hats and caps']);
    expect(await texts()).toHaveLength(3);
    await labels.set(FIRST.id, 2, '   ');
    expect(await texts(FIRST.id)).toEqual(['9 hats and caps']);
    expect(heard).toHaveBeenCalledTimes(5);
    expect(kept.tabs.said).toEqual(new Array(5).fill('labels'));
    expect(askToPersist).toHaveBeenCalled();
  });

  it('the same text again is no change', async () => {
    await labels.set(FIRST.id, 1, 'sea');
    await labels.set(FIRST.id, 1, 'sea ');
    await labels.set(FIRST.id, 2, '');
    expect(kept.tabs.said).toHaveLength(1);
  });

  it('keep what stands behind them until that is given anew, taken away, or the label goes', async () => {
    const evidence = {
      rule: { token: '^ the$' },
      threshold: 1,
      precision: 0.9,
      recall: null,
      f1: 0.8,
      interval: null,
      corpus: 'c',
      tokens: 9,
    };
    const behind = async () => (await labels.list(FIRST.id)).map((label) => label.evidence);
    await labels.set(FIRST.id, 2, 'sea', { evidence });
    await labels.set(FIRST.id, 2, 'the sea');
    expect(await behind()).toEqual([evidence]);
    await labels.set(FIRST.id, 2, 'the sea', { evidence: { ...evidence, f1: 0.7 } });
    expect((await behind())[0]!.f1).toBe(0.7);
    expect(kept.tabs.said).toHaveLength(3);
    await labels.set(FIRST.id, 2, 'the sea', { evidence: null });
    expect(await behind()).toEqual([undefined]);
    await expect(labels.set(FIRST.id, 2, 'sea', { evidence: { ...evidence, f1: 2 } })).rejects.toThrow(/Evidence is \{ rule/);
    expect(await texts(FIRST.id)).toEqual(['2 the sea']);
    // Out and in again.
    await labels.set(FIRST.id, 2, 'the sea', { evidence });
    const file = { path: 'labels.json', data: await labels.export(FIRST.id) };
    await labels.set(FIRST.id, 2, '');
    await labels.import(file);
    expect(await behind()).toEqual([evidence]);
  });

  it('are refused in sentences for what does not exist', async () => {
    await expect(labels.set('nope', 0, 'x')).rejects.toThrow(/no dictionary called "nope"/);
    await expect(labels.list('nope')).rejects.toThrow(/no dictionary called "nope"/);
    for (const latent of [-1, 1024, 1.5, NaN, '3' as never]) {
      await expect(labels.set(FIRST.id, latent, 'x')).rejects.toThrow(/has 1024 \(counted from 0\)/);
    }
    await expect(labels.set(FIRST.id, 0, 'x'.repeat(501))).rejects.toThrow(/at most 500/);
    expect(await labels.list()).toEqual([]);
  });

  it('travel in a file', async () => {
    await labels.set(FIRST.id, 3, 'sea');
    await labels.set(SECOND.id, 4, 'wind');
    const [all, one] = await Promise.all([labels.export(), labels.export(SECOND.id)]);
    expect((JSON.parse(await one.text()) as { dictionaries: object[] }).dictionaries).toHaveLength(1);
    kept = fakeKept();
    labels = make();
    expect(await labels.import({ path: 'labels.json', data: all })).toEqual({ added: 2, changed: 0, unchanged: 0, warnings: [] });
    expect(await texts()).toEqual(['3 sea', '4 wind']);
    expect(await labels.import({ path: 'labels.json', data: all })).toEqual({ added: 0, changed: 0, unchanged: 2, warnings: [] });
  });

  it('from a file: the newer wins, unknown dictionaries are kept and named, latents beyond the end are left out', async () => {
    await labels.set(FIRST.id, 1, 'mine');
    const entry = (latent: number, text: string, changed: string) => ({ latent, text, changed });
    const strange = `sha256-${'e'.repeat(64)}`;
    const { warnings, ...counts } = await labels.import(
      json({
        format: 'featurescope-labels',
        version: 1,
        dictionaries: [
          { hash: FIRST.hash, labels: [entry(1, 'older', '2025-01-01T00:00:00Z'), entry(5000, 'x', '2025-01-01T00:00:00Z')] },
          { hash: strange, id: 'someone’s', labels: [entry(9, 'theirs', '2025-01-01T00:00:00Z')] },
        ],
      }),
    );
    expect(counts).toEqual({ added: 1, changed: 0, unchanged: 1 });
    expect(warnings.join(' ')).toMatch(/1 label names a feature its dictionary does not have.*someone’s.*1 label here is newer/);
    expect((await labels.list()).map((l) => [l.hash, l.text])).toEqual([
      [FIRST.hash, 'mine'],
      [strange, 'theirs'],
    ]);
  });

  it.each([
    ['text', 'hello', /not valid JSON/],
    ['a web page', '<!doctype html><html></html>', /web page/],
    ['nothing', '', /is empty/],
    ['deep nesting', '['.repeat(5000), /nested/],
    ['another format', { a: 1 }, /holds no labels/],
  ])('refuse %s and stay as they were', async (_, content, sentence) => {
    await labels.set(FIRST.id, 1, 'mine');
    await expect(labels.import(json(content))).rejects.toThrow(sentence);
    expect(await texts()).toEqual(['1 mine']);
  });

  it('refuse a table, and say what is read', async () => {
    const csv = readFileSync(new URL('../../fixtures/reports/O04-labels-csv/labels.csv', import.meta.url));
    for (const path of ['labels.csv', 'labels.json'])
      await expect(labels.import({ path, data: new Blob([csv]) })).rejects.toThrow(
        `${path} is a table or plain text. Labels are read from the JSON`,
      );
  });

  it('refuse a huge file unread', async () => {
    const data = new Blob(['x']);
    Object.defineProperty(data, 'size', { value: 2 ** 31 });
    await expect(labels.import({ path: 'labels.json', data })).rejects.toThrow(/at most \d+ are read/);
  });

  it('say after an import that they will not last, when they will not', async () => {
    kept = { ...fakeKept(), labels: fakeLabelStore('Labels are not kept.') };
    labels = make();
    const entry = { latent: 1, text: 'a', changed: '2025-01-01T00:00:00Z' };
    const { warnings } = await labels.import(
      json({ format: 'featurescope-labels', version: 1, dictionaries: [{ hash: FIRST.hash, labels: [entry] }] }),
    );
    expect(warnings).toEqual(['Labels are not kept.']);
    expect(labels.problem()).toBe('Labels are not kept.');
  });

  it('are read again when another tab changed them', async () => {
    const reload = vi.spyOn(kept.labels, 'reload');
    const heard = vi.fn();
    labels.subscribe(heard);
    kept.tabs.hear('library');
    kept.tabs.hear('labels');
    await expect.poll(() => heard.mock.calls.length).toBe(1);
    expect(reload).toHaveBeenCalledTimes(1);
  });
});

describe('storage', () => {
  const manager = (usage: number, quota: number) =>
    ({
      estimate: () => Promise.resolve({ usage, quota }),
      persisted: () => Promise.resolve(true),
      persist: () => Promise.resolve(true),
    }) as StorageManager;
  const storageWith = (more: Partial<Parameters<typeof createStorage>[0]> = {}) => {
    const removed: string[] = [];
    const mine = { ...FIRST, id: 'mine', label: 'mine', source: 'files' as const, bytes: 77, hash: `sha256-${'d'.repeat(64)}` };
    const storage = createStorage({
      ...kept,
      manager: manager(10, 1000),
      dictionaries: () => Promise.resolve([FIRST, mine, { ...mine, id: 'not kept' }]),
      keptDictionaries: () => Promise.resolve(['mine']),
      removeDictionary: (id) => Promise.resolve(void removed.push(id)),
      labelsChanged: () => undefined,
      ...more,
    });
    return { ...storage, removed };
  };

  it('lists what is kept with its size, and room', async () => {
    await labels.set(FIRST.id, 1, 'sea');
    kept.settings.set('theme', 'dark');
    const { api } = storageWith({ offline: { bytes: () => Promise.resolve(5), remove: () => Promise.resolve(), problem: () => null } });
    const { items, ...use } = await api.usage();
    expect(use).toEqual({ used: 10, quota: 1000, persisted: true, available: true });
    expect(items.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'dictionary mine',
      `labels ${FIRST.hash}`,
      'offline all',
      'settings all',
    ]);
    expect(items[1].label).toBe(`1 label of ${FIRST.label}`);
    expect(items.every(({ bytes }) => bytes > 0)).toBe(true);
  });

  it('deletes each kind', async () => {
    await labels.set(FIRST.id, 1, 'sea');
    await labels.set(SECOND.id, 1, 'wind');
    kept.settings.set('theme', 'dark');
    const { api, removed } = storageWith();
    await api.remove('dictionary', 'mine');
    await api.remove('labels', FIRST.hash);
    await api.remove('settings', 'all');
    expect(removed).toEqual(['mine']);
    expect(await texts()).toEqual(['1 wind']);
    expect(kept.settings.get('theme')).toBeUndefined();
    await expect(api.remove('everything' as never, '')).rejects.toThrow(/kinds are/);
  });

  it('says when the room is nearly used up, and when nothing can be kept', async () => {
    expect((await storageWith({ manager: manager(96, 100) }).api.usage()).problem).toMatch(/Nearly all the room/);
    const blocked = await storageWith({ labels: fakeLabelStore('Labels are not kept.') }).api.usage();
    expect(blocked).toMatchObject({ available: false, problem: 'Labels are not kept.' });
  });

  it('knows nothing where the browser says nothing', async () => {
    const { api } = storageWith({ manager: undefined });
    expect(await api.usage()).toMatchObject({ used: null, quota: null, persisted: null });
    expect(await api.persist()).toBe(false);
  });

  it('asks once to be kept', () => {
    const persist = vi.fn(() => Promise.resolve(true));
    const { askOnce } = storageWith({ manager: { ...manager(1, 2), persist } });
    askOnce();
    askOnce();
    expect(persist).toHaveBeenCalledTimes(1);
  });
});
