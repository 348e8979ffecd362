/**
 * The part of the scripting interface that trains: only its shape, since the page starts without it. What it does is
 * in trainingHost.ts, fetched when first asked for.
 */
import type { Lens } from '../../workers/lens/client.ts';
import type { Tabs } from '../cache/tabs.ts';
import { onceItWorks } from '../core/onceItWorks.ts';
import type { WantedModel } from '../api/model.ts';
import type { StorageUse } from '../api/storage.ts';
import type { TrainingApi } from '../api/training.ts';
import { createSignal, type Signal } from './signal.ts';

export interface TrainingNeeds {
  base: string;
  lens: Lens;
  tabs: Tabs;
  device: Promise<'webgpu' | 'wasm'>;
  /** The model in use, without asking anybody but this page's own server for it; undefined before the first. */
  model: () => WantedModel | undefined;
  libraryChanged: () => void;
  /** Something is kept now that should not be evicted. */
  askToPersist: () => void;
}

export interface TrainingSignals {
  runs: Signal;
  corpora: Signal;
}

interface Training {
  api: TrainingApi;
  /** What it keeps, for the list of everything stored. */
  stored: () => Promise<StorageUse['items']>;
}

export function createTraining(need: TrainingNeeds): Training {
  const signals: TrainingSignals = { runs: createSignal(), corpora: createSignal() };
  need.tabs.subscribe((change) => {
    if (change === 'runs') signals.runs.tell();
    if (change === 'corpora') signals.corpora.tell();
  });
  const host = onceItWorks(() => import('./trainingHost.ts').then(({ TrainingHost }) => new TrainingHost(need, signals)));
  return {
    stored: async () => (await host()).stored(),
    api: {
      train: async (config, o) => (await host()).train(config, o),
      runs: {
        list: async () => (await host()).listRuns(),
        get: async (id) => (await host()).getRun(id),
        resume: async (id, o) => (await host()).resumeRun(id, o),
        remove: async (id) => (await host()).removeRun(id),
        history: async (id) => (await host()).history(id),
        estimate: async (config, o) => (await host()).estimate(config, o),
        preview: async (id, index) => (await host()).preview(id, index),
        subscribe: signals.runs.subscribe,
      },
      corpus: {
        add: async (name, data, o) => (await host()).texts.add(name, data, o),
        list: async () => (await host()).texts.list(),
        remove: async (name) => (await host()).texts.remove(name),
        subscribe: signals.corpora.subscribe,
      },
    },
  };
}
