/** The scripting interface on top of the workers: each domain is a file of its own, and what stays is put together here. */
import type { Lens } from '../../workers/lens/client.ts';
import type { Study } from '../../workers/study/client.ts';
import type { DeviceInfo } from '../api/model.ts';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import { offlineNowhere, type Offline } from '../cache/offline/offline.ts';
import { askedHosts, joinHosts } from '../cache/requestLog.ts';
import { createBaselines } from './baselines.ts';
import { createCausal } from './causal.ts';
import { createEvaluation, studyOnDemand } from './evaluation.ts';
import { createIndexing } from './indexing.ts';
import { createFeatures } from './features.ts';
import type { Kept } from './kept.ts';
import { createLabels } from './labels.ts';
import { createLibrary } from './library.ts';
import { createModels, type StartSettings } from './models.ts';
import { scripted } from './scripted.ts';
import { createSignal } from './signal.ts';
import { createStorage } from './storage.ts';
import { createTraining } from './training.ts';

interface ApiSettings extends StartSettings {
  version: string;
  /** What outlasts the page. */
  kept: Kept;
  /** Makes the page work offline, once it is known which device it uses; absent: it does not. */
  offline?: (device: Promise<DeviceInfo['kind']>) => Offline;
  /** Where experiments run; absent: in a worker, started when first needed. */
  study?: Study;
}

export function createApi(lens: Lens, settings: ApiSettings): FeaturescopeApi {
  const { kept, base } = settings;
  const { tabs, settings: chosen } = kept;
  const askToPersist = () => storage.askOnce();
  const models = createModels(lens, settings, kept, askToPersist);
  const library = createLibrary({ ...kept, lens, isOpen: () => models.inUse() !== undefined, askToPersist });
  const dictionaries = () => library.api.list();
  const labelled = createSignal();
  const offline = settings.offline?.(models.kind) ?? offlineNowhere;
  offline.start();
  const training = createTraining({
    base,
    lens,
    tabs,
    device: models.kind,
    model: models.inUse,
    libraryChanged: library.changed,
    askToPersist,
  });
  const experiments = studyOf(settings, models.kind);
  const indexing = createIndexing({ lens, study: experiments.study, tabs, model: models.inUse, askToPersist });
  const storage = createStorage({
    ...kept,
    offline: { bytes: offline.bytes, remove: offline.remove, problem: () => offline.status().problem ?? null },
    dictionaries,
    keptDictionaries: () => lens.library.kept(),
    removeDictionary: (id) => library.api.remove(id),
    models: { kept: () => models.api.kept(), remove: models.remove },
    downloads: downloadsOf(lens, tabs),
    indices: { stored: () => lens.indices.stored(), remove: (id) => indexing.removeStored(id) },
    labelsChanged: labelled.tell,
    training: {
      stored: training.stored,
      removeRun: (id) => training.api.runs.remove(id),
      removeCorpus: (name) => training.api.corpus.remove(name),
    },
  });

  const api: FeaturescopeApi = {
    version: settings.version,
    get ready() {
      return models.ready();
    },
    device: models.device,
    models: models.api,
    requests: async () => joinHosts([askedHosts(), await lens.models.requests()]),
    ...inferenceOf(lens),
    ...studiesOf({ lens, model: models.inUse, askToPersist, libraryChanged: library.changed, ...experiments }),
    dictionaries: library.api,
    index: indexing.api,
    labels: createLabels({ ...kept, signal: labelled, dictionaries, askToPersist }),
    ...training.api,
    settings: { get: chosen.get, set: chosen.set, subscribe: chosen.subscribe },
    storage: storage.api,
    offline: { status: offline.status, subscribe: offline.subscribe, keep: offline.keep, update: offline.update },
    report: async (...asked) => (await import('./report.ts')).makeReport(api, ...asked),
  };
  return api;
}

/** Published dictionaries that were not fetched to their end. */
function downloadsOf({ library }: Lens, tabs: Kept['tabs']) {
  return {
    begun: () => library.begunDownloads(),
    async remove(id: string) {
      await library.removeDownload([id]);
      tabs.say('storage');
    },
  };
}

/** What runs experiments; one that was given is not ours to end. */
function studyOf({ study, base }: ApiSettings, device: Promise<DeviceInfo['kind']>): { study: Study; end: () => void } {
  return study ? { study, end: () => undefined } : studyOnDemand(base, device);
}

/** What the study worker answers. */
function studiesOf(
  needs: Parameters<typeof createEvaluation>[0] & Parameters<typeof createFeatures>[0] & Parameters<typeof createBaselines>[0],
) {
  return {
    evaluate: createEvaluation(needs),
    baselines: createBaselines(needs),
    ...createFeatures(needs),
    ...createCausal(needs),
  } satisfies Partial<FeaturescopeApi>;
}

/** What the lens answers as it is asked. */
function inferenceOf({ inference, encoding }: Lens) {
  return {
    live: () => inference.live(),
    tokenize: (text) => inference.tokenize([text]),
    detokenize: (rows) => inference.detokenize([rows]),
    run: scripted(1, inference.run),
    predict: scripted(1, inference.predict),
    generate: async (input, options) => {
      const { signal, onToken, ...rest } = options ?? ({} as typeof options);
      return inference.generate([input, rest], { signal, onProgress: onToken && (({ id, text }) => onToken(id, text)) });
    },
    encode: scripted(2, encoding.encode),
    features: scripted(2, encoding.features),
    decode: scripted(2, encoding.decode),
    reconstruct: scripted(2, encoding.reconstruct),
  } satisfies Partial<FeaturescopeApi>;
}
