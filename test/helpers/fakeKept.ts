/** What outlasts the page, in memory: for Node, where there is no browser storage, and for tests of the screens. */
import type { Kept } from '../../src/app/kept.ts';
import type { LabelStore } from '../../src/cache/labelStore.ts';
import { createSettings } from '../../src/cache/settings.ts';
import type { Change, Tabs } from '../../src/cache/tabs.ts';
import { labelKey, type Label } from '../../src/core/formats/labels.ts';

export function fakeArea(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    clear: () => items.clear(),
    getItem: (key) => items.get(key) ?? null,
    key: (index) => [...items.keys()][index] ?? null,
    removeItem: (key) => void items.delete(key),
    setItem: (key, value) => void items.set(key, value),
  };
}

/** @param problem the sentence of a store that keeps nothing */
export function fakeLabelStore(problem: string | null = null): LabelStore {
  const labels = new Map<string, Label>();
  return {
    all: () => Promise.resolve(labels),
    change(write, remove = []) {
      for (const label of write) labels.set(labelKey(label), label);
      for (const key of remove) labels.delete(key);
      return Promise.resolve();
    },
    kept: () => Promise.resolve(problem === null ? [...labels.values()] : []),
    reload: () => Promise.resolve(),
    problem: () => problem,
  };
}

export interface FakeTabs extends Tabs {
  /** As if another tab had said it. */
  hear(change: Change): void;
  said: Change[];
}

export function fakeTabs(): FakeTabs {
  const listeners = new Set<(change: Change) => void>();
  const said: Change[] = [];
  return {
    said,
    say: (change) => void said.push(change),
    hear: (change) => listeners.forEach((listener) => listener(change)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => undefined,
  };
}

export function fakeKept(): Kept & { tabs: FakeTabs } {
  const area = fakeArea();
  return { labels: fakeLabelStore(), settings: createSettings(() => area), tabs: fakeTabs() };
}
