/** Indices kept in memory: for Node, and for tests of the screens. */
import type { IndexStore, StoredIndex } from '../../src/cache/indexStore.ts';
import type { IndexIdentity } from '../../src/core/interp/featureIndex/indexFile.ts';

export function memoryIndices(): IndexStore {
  const kept = new Map<string, { about: StoredIndex; file: Blob }>();
  const keyOf = ({ dictionary, model, corpus }: IndexIdentity, kind: string) => [kind, dictionary, model, corpus].join('|');
  return {
    list: () => Promise.resolve([...kept.values()].map(({ about }) => about)),
    open: (identity, kind) => Promise.resolve(kept.get(keyOf(identity, kind))?.file),
    save(about, file) {
      const stored = { ...about, bytes: file.size };
      kept.set(keyOf(about.identity, about.kind), { about: stored, file });
      if (about.kind === 'index') kept.delete(keyOf(about.identity, 'part'));
      return Promise.resolve(stored);
    },
    remove(dictionary, corpus) {
      for (const [key, { about }] of kept)
        if (about.identity.dictionary === dictionary && about.identity.corpus === corpus) kept.delete(key);
      return Promise.resolve();
    },
  };
}
