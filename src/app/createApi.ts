/** The scripting interface on top of the lens worker. */
import type { HubSource, ModelSource } from '../../workers/lens/api.ts';
import type { LensClient } from '../../workers/lens/client.ts';
import type { DeviceInfo, LoadOptions, LoadProgress, ModelInfo } from '../api/model.ts';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import { offlineNowhere, type Offline } from '../cache/offline/client.ts';
import { askedHosts, joinHosts } from '../cache/requestLog.ts';
import { toFiles } from './files.ts';
import type { Kept } from './kept.ts';
import { createLabels } from './labels.ts';
import { createSignal } from './signal.ts';
import { createStorage } from './storage.ts';
import { createTraining } from './training.ts';

export interface ApiSettings {
  version: string;
  /** Where the page's files are, an absolute URL ending in a slash. */
  base: string;
  device: 'auto' | 'webgpu' | 'wasm';
  /** Id of the model to open first. */
  model: string;
  /** Model of the page that opens when the first is one of the hub that is not kept here (any more); absent: none does. */
  fallback?: string;
  onStartupProgress: (progress: LoadProgress) => void;
  startupSignal: AbortSignal;
  /** What outlasts the page. */
  kept: Kept;
  /** Makes the page work offline, once it is known which device it uses; absent: it does not. */
  offline?: (device: Promise<DeviceInfo['kind']>) => Offline;
}

export function createApi(lens: LensClient, settings: ApiSettings): FeaturescopeApi {
  let device: DeviceInfo | undefined;
  let current: ModelInfo | undefined;
  /** Where the current model is to be had, for the trainer, which opens its own. */
  let currentSource: ModelSource | undefined;

  const { tabs, settings: chosen } = settings.kept;
  const models = createSignal();
  const load: FeaturescopeApi['models']['load'] = async (what, { keptOnly = false, ...options } = {}) => {
    // Names that hold neither are those of models of the page, which the first visit is not to wait for.
    const source =
      typeof what === 'string' && !/[/+]/.test(what)
        ? { id: what }
        : (await modelSources()).sourceOf(what, chosen.get('hub'), currentSource);
    const info = await open(keptOnly && 'hub' in source ? { ...source, keptOnly } : source, options);
    // Files cannot be remembered; what was chosen before them stays.
    if (!('files' in source)) chosen.set('model', info.id);
    if ('hub' in source) {
      storage.askOnce();
      tabs.say('storage');
    }
    return info;
  };
  const open = async (source: ModelSource, { onProgress, signal }: LoadOptions = {}) => {
    try {
      const info = await lens.call('load', [source], { onProgress, signal });
      adopt(info, source);
      return info;
    } catch (error) {
      // A stop may have come too late to keep the old model; the worker knows which it is.
      const now = await lens.call('current', []).catch(() => current ?? null);
      if (now?.id !== current?.id || now?.hash !== current?.hash) {
        adopt(now ?? undefined, source);
      }
      throw error;
    }
  };
  const adopt = (info: ModelInfo | undefined, source: ModelSource) => {
    current = info;
    currentSource = source;
    if (info) ready = Promise.resolve();
    models.tell();
  };
  /** Only what is kept here: a start fetches nothing from a hub. */
  const openFirst = async () => {
    const options = { onProgress: settings.onStartupProgress, signal: settings.startupSignal };
    const { model, fallback } = settings;
    if (!/[/+]/.test(model)) return open({ id: model }, options);
    try {
      const source = (await modelSources()).keptSource(model);
      return await open(source, options);
    } catch (error) {
      if (settings.startupSignal.aborted || fallback === undefined) throw error;
      return open({ id: fallback }, options);
    }
  };
  const start = async () => {
    device = await lens.call('open', [{ device: settings.device, base: settings.base }]);
    await openFirst();
  };
  const started = start();
  // Nobody may be listening; the screen shows the sentence.
  started.catch(() => {});
  let ready = started;

  const library = createSignal();
  const libraryChanged = () => {
    library.tell();
    tabs.say('library');
  };
  tabs.subscribe((change) => {
    // Before there is a model the worker has not read its store yet, and will read it then.
    if (change === 'library' && current) void lens.call('refreshDictionaries', []).then(library.tell, () => {});
    if (change === 'storage') models.tell();
  });
  const remove = async (id: string) => {
    await lens.call('removeDictionary', [id]);
    libraryChanged();
  };
  const restore = async (id: string) => {
    await lens.call('restoreDictionary', [id]);
    libraryChanged();
  };
  const removeModel = async (id: string) => {
    await lens.call('removeModel', [id]);
    models.tell();
    tabs.say('storage');
  };
  const dictionaries = () => lens.call('listDictionaries', []);
  const labelled = createSignal();
  // A device that opened is known also when the model did not.
  const kind = started.then(
    () => device?.kind ?? 'wasm',
    () => device?.kind ?? 'wasm',
  );
  const offline = settings.offline?.(kind) ?? offlineNowhere;
  offline.start();
  const training = createTraining({
    base: settings.base,
    lens,
    tabs,
    device: kind,
    model: () =>
      current && currentSource && { info: current, source: 'hub' in currentSource ? { ...currentSource, keptOnly: true } : currentSource },
    libraryChanged,
    askToPersist: () => storage.askOnce(),
  });
  const storage = createStorage({
    ...settings.kept,
    offline: { bytes: offline.bytes, remove: offline.remove, problem: () => offline.status().problem ?? null },
    dictionaries,
    keptDictionaries: () => lens.call('keptDictionaries', []),
    removeDictionary: remove,
    models: { kept: () => lens.call('keptModels', []), remove: removeModel },
    downloads: {
      begun: () => lens.call('begunDownloads', []),
      remove: async (id) => {
        await lens.call('removeDownload', [id]);
        tabs.say('storage');
      },
    },
    labelsChanged: labelled.tell,
    training: {
      stored: training.stored,
      removeRun: (id) => training.api.runs.remove(id),
      removeCorpus: (name) => training.api.corpus.remove(name),
    },
  });
  const labels = createLabels({ ...settings.kept, signal: labelled, dictionaries, askToPersist: storage.askOnce });

  return {
    version: settings.version,
    get ready() {
      return ready;
    },
    device: () => device ?? notReady('device()'),
    models: {
      list: () => lens.call('list', []),
      load,
      current: () => current ?? notReady('models.current()'),
      plan: async (model, options) => {
        const source = (await modelSources()).sourceOf(model, chosen.get('hub'), undefined) as HubSource;
        const { hub, revision, host } = source;
        return lens.call('planHub', [{ hub, revision }, host], { signal: options?.signal });
      },
      kept: () => lens.call('keptModels', []),
      subscribe: models.subscribe,
    },
    requests: async () => joinHosts([askedHosts(), await lens.call('requests', [])]),
    live: () => lens.call('live', []),
    tokenize: (text) => lens.call('tokenize', [text]),
    run: async (input, options) => {
      const { signal, ...rest } = options ?? {};
      return lens.call('run', [input, rest], { signal });
    },
    predict: async (input, options) => {
      const { signal, ...rest } = options ?? {};
      return lens.call('predict', [input, rest], { signal });
    },
    encode: (source, dictionary, options) => lens.call('encode', [source, dictionary], { signal: options?.signal }),
    decode: (dictionary, latents, options) => lens.call('decode', [dictionary, latents, options ?? {}]),
    reconstruct: (source, dictionary, options) => lens.call('reconstruct', [source, dictionary], { signal: options?.signal }),
    evaluate: (dictionary, options) => {
      const { signal, onProgress, ...rest } = options ?? {};
      return lens.call('evaluate', [dictionary, rest], { signal, onProgress });
    },
    dictionaries: {
      list: dictionaries,
      inspect: (files) => lens.call('inspectDictionaries', [toFiles(files)]),
      import: async (files, options) => {
        const { onProgress, signal, ...rest } = options ?? {};
        const imported = await lens.call('importDictionaries', [toFiles(files), rest], { onProgress, signal });
        storage.askOnce();
        libraryChanged();
        return imported;
      },
      catalogue: async () => (await publishedSources()).RELEASES,
      plan: async (source, options) => {
        const { HUB_HOST } = await modelSources();
        return lens.call('planPublished', [source, chosen.get('hub') ?? HUB_HOST], { signal: options?.signal });
      },
      fetch: async (source, options) => {
        const { onProgress, signal, ...rest } = options ?? {};
        const { HUB_HOST } = await modelSources();
        try {
          const fetched = await lens.call('fetchPublished', [source, chosen.get('hub') ?? HUB_HOST, rest], { onProgress, signal });
          storage.askOnce();
          libraryChanged();
          return fetched;
        } finally {
          tabs.say('storage');
        }
      },
      export: (id, format) => lens.call('exportDictionary', [id, format]),
      remove,
      restore,
      card: (id) => lens.call('dictionaryCard', [id]),
      densities: (id) => lens.call('densities', [id]),
      vectors: (id, latent) => lens.call('vectors', [id, latent]),
      subscribe: library.subscribe,
    },
    labels,
    ...training.api,
    settings: { get: chosen.get, set: chosen.set, subscribe: chosen.subscribe },
    storage: storage.api,
    offline: { status: offline.status, subscribe: offline.subscribe, keep: offline.keep, update: offline.update },
    generate: async (input, options) => {
      const { signal, onToken, ...rest } = options ?? ({} as typeof options);
      const onProgress = onToken && (({ id, text }: { id: number; text: string }) => onToken(id, text));
      return lens.call('generate', [input, rest], { signal, onProgress });
    },
  };
}

/** What others have published. */
const publishedSources = () => import('../core/catalogue.ts');
/** Names of models beyond those of the page. */
const modelSources = () => import('./modelSource.ts');

function notReady(what: string): never {
  throw new Error(`${what} answers once \`featurescope.ready\` has settled and a model is open.`);
}
