/** Edits and kept vectors, as a person lists them. */
import type { StoreApi } from 'zustand/vanilla';
import { namedText } from '../../core/lm/glyphs.ts';
import type { EditItem, Workbench } from './edits.ts';
import type { Reader } from './reader.ts';
import { excerptAround } from './sourceText.ts';
import type { BenchActions, ExploreState } from './state.ts';
import { tokenNames } from './tokenNames.ts';

export function createBenchActions(store: StoreApi<ExploreState>, reader: Pick<Reader, 'editsChanged'>): BenchActions {
  const change = (make: (bench: Workbench) => Workbench) => {
    const was = store.getState().bench;
    const now = make(was);
    store.setState({ bench: now });
    if (now.edits !== was.edits || now.dropsError !== was.dropsError || (now.edits.length > 0 && now.vectors !== was.vectors))
      reader.editsChanged();
  };
  const removed = (text: string) => store.setState({ notice: { text, undo: 'edits' } });
  // The id of a removed vector is not given again: an edit that names it would act with the numbers of another.
  let lastVector = 0;
  return {
    keepVector(values, position) {
      const vector = { id: ++lastVector, values, position, ...originOf(store.getState(), position) };
      change((b) => ({ ...b, vectors: [...b.vectors, vector] }));
    },
    removeVector: (id) => change((b) => ({ ...b, vectors: b.vectors.filter((v) => v.id !== id) })),
    addEdit: (edit) => change((b) => ({ ...b, edits: [...b.edits, { ...edit, id: nextId(b.edits), on: true }] })),
    changeEdit: (id, patch) => change((b) => ({ ...b, edits: b.edits.map((e) => (e.id === id ? { ...e, ...patch } : e)) })),
    removeEdit(id) {
      change((b) => ({ ...b, edits: b.edits.filter((e) => e.id !== id) }));
      removed('Edit removed.');
    },
    setDropsError: (dropsError) => change((b) => ({ ...b, dropsError })),
    clearEdits() {
      change((b) => ({ ...b, edits: [] }));
      removed('All edits removed.');
    },
  };
}

/** Where a kept vector is from, in words. */
function originOf({ activations, hook }: ExploreState, position: number): { hook: string; token: string; excerpt: string } {
  const at = position - (activations?.start ?? 0);
  const span = activations?.spans[at];
  if (!activations || !span) return { hook: activations?.hook ?? hook, token: '', excerpt: '' };
  return { hook: activations.hook, token: namedText(tokenNames(activations)[at]), excerpt: excerptAround(activations.text, span) };
}

function nextId(items: readonly EditItem[]): number {
  return 1 + items.reduce((max, item) => Math.max(max, item.id), 0);
}
