/** The part of the scripting interface about indices of features: only its shape; the rest is fetched when first asked for. */
import type { IndexApi } from '../api/features.ts';
import type { Tabs } from '../cache/tabs.ts';
import { onceItWorks } from '../core/onceItWorks.ts';
import { createSignal } from './signal.ts';
import type { createIndexHost } from './indexHost.ts';

type Needs = Omit<Parameters<typeof createIndexHost>[0], 'changed'> & { tabs: Tabs };

export function createIndexing(need: Needs): { api: IndexApi; removeStored: (id: string) => Promise<void> } {
  const signal = createSignal();
  need.tabs.subscribe((change) => {
    if (change === 'indices') void need.lens.indices.refresh().then(signal.tell, () => {});
  });
  const changed = () => {
    signal.tell();
    need.tabs.say('indices');
  };
  const host = onceItWorks(() => import('./indexHost.ts').then(({ createIndexHost }) => createIndexHost({ ...need, changed })));
  return {
    async removeStored(id) {
      await need.lens.indices.removeStored([id]);
      changed();
    },
    api: {
      build: async (dictionaries, o) => (await host()).build(dictionaries, o),
      list: async () => (await host()).list(),
      remove: async (dictionary, corpus) => (await host()).remove(dictionary, corpus),
      feature: async (dictionary, latent, o) => (await host()).feature(dictionary, latent, o),
      summary: async (dictionary, o) => (await host()).summary(dictionary, o),
      names: async (dictionary, o) => (await host()).names(dictionary, o),
      import: async (file) => (await host()).import(file),
      subscribe: signal.subscribe,
    },
  };
}
