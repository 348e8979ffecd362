/** `featurescope.dictionaries`: what the page adds to the lens's library, so that screens and other tabs hear of changes. */
import type { Lens } from '../../workers/lens/client.ts';
import type { DictionariesApi } from '../api/dictionaries.ts';
import { toFiles } from './files.ts';
import type { Kept } from './kept.ts';
import { scripted } from './scripted.ts';
import { createSignal } from './signal.ts';

interface LibraryNeeds extends Pick<Kept, 'tabs' | 'settings'> {
  lens: Lens;
  /** Whether a model is open; before, the worker has not read its store yet, and will read it then. */
  isOpen: () => boolean;
  askToPersist: () => void;
}

interface Library {
  api: DictionariesApi;
  /** Tells screens and other tabs. */
  changed: () => void;
}

/** What others have published. */
const publishedSources = () => import('../core/catalogue.ts');

export function createLibrary({ lens, tabs, settings, isOpen, askToPersist }: LibraryNeeds): Library {
  const signal = createSignal();
  const changed = () => {
    signal.tell();
    tabs.say('library');
  };
  tabs.subscribe((change) => {
    if (change === 'library' && isOpen()) void lens.library.refresh().then(signal.tell, () => {});
  });
  const host = async () => settings.get('hub') ?? (await import('./modelSource.ts')).HUB_HOST;
  const importFiles = scripted(1, lens.library.import);
  const fetchFrom = scripted(2, lens.library.fetchPublished);
  /** What came in is kept, and may be listed. */
  const welcome = <T>(imported: T): T => {
    askToPersist();
    changed();
    return imported;
  };
  const fetched: DictionariesApi['fetch'] = async (source, options) => welcome(await fetchFrom(source, await host(), options));
  const api: DictionariesApi = {
    list: () => lens.library.list(),
    inspect: async (files) => lens.library.inspect([toFiles(files)]),
    import: async (files, options) => welcome(await importFiles(toFiles(files), options)),
    catalogue: async () => (await publishedSources()).RELEASES,
    plan: async (source, options) => lens.library.planPublished([source, await host()], { signal: options?.signal }),
    fetch: (source, options) => fetched(source, options).finally(() => tabs.say('storage')),
    export: (id, format) => lens.library.export([id, format]),
    async remove(id) {
      await lens.library.remove([id]);
      changed();
    },
    async restore(id) {
      await lens.library.restore([id]);
      changed();
    },
    card: (id) => lens.library.card([id]),
    densities: (id) => lens.library.densities([id]),
    vectors: (id, latent) => lens.library.vectors([id, latent]),
    subscribe: signal.subscribe,
  };
  return { api, changed };
}
