/** Opens dictionaries from files or from where they are published, one task at a time. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { FileIn, LoadProgress } from '../../api/model.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';
import type { ImportActions, ImportTask, LibraryState, ToFetch } from './state.ts';

type Opened = Awaited<ReturnType<FeaturescopeApi['dictionaries']['import']>>;

interface OpenCall {
  signal: AbortSignal;
  onProgress: (progress: LoadProgress) => void;
}

/** Opens something; null when it asks a person something first. */
type OpenWork = (put: (task: ImportTask) => void, call: OpenCall) => Promise<Opened | null>;

interface ImporterNeeds {
  /** Asks again which dictionaries there are; `wanted` is chosen if it fits. */
  refresh: (wanted?: string) => Promise<void>;
  /** A dictionary that fits was opened. */
  opened: (id: string) => void;
}

export function createImporter(api: FeaturescopeApi, store: StoreApi<LibraryState>, need: ImporterNeeds): ImportActions {
  const { start, cancel } = createImportTask(store, need);
  /** @param pick which of several, where that was asked; without it a person is asked */
  const open = (files: FileIn[], pick?: number[]) =>
    start(async (put, call) => {
      if (!pick) {
        const { found } = await api.dictionaries.inspect(files);
        if (call.signal.aborted) return null;
        if (found.length > 1) {
          put({ status: 'choosing', files, found });
          return null;
        }
      }
      return api.dictionaries.import(files, { ...(pick && { pick }), ...call });
    });
  return {
    importDictionaries: (files) => open(files),
    async importPicked(positions) {
      const { importTask } = store.getState();
      if (importTask.status !== 'choosing') return;
      if (positions.length === 0) store.setState({ importTask: { status: 'idle' } });
      else await open(importTask.files, [...positions]);
    },
    cancelImport: cancel,
    publishedReleases: () => api.dictionaries.catalogue(),
    planPublished: (source, signal) => api.dictionaries.plan(source, { signal }),
    fetchPublished: (wanted) =>
      start((_, call) => api.dictionaries.fetch(wanted.source, { ...(wanted.pick && { pick: wanted.pick }), ...call }), wanted),
  };
}

/** One at a time: another takes the place of what runs. */
function createImportTask(store: StoreApi<LibraryState>, { refresh, opened }: ImporterNeeds) {
  let running: AbortController | null = null;
  const start = async (work: OpenWork, wanted?: ToFetch): Promise<void> => {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const named = wanted && { name: wanted.name };
    store.setState({ importTask: { status: 'running', progress: null, ...named } });
    const put = (importTask: ImportTask) => {
      if (running === mine) store.setState({ importTask });
    };
    try {
      const done = await work(put, { signal: mine.signal, onProgress: (progress) => put({ status: 'running', progress, ...named }) });
      if (!done || mine.signal.aborted) return;
      const { dictionaries, warnings } = done;
      const fitting = dictionaries.find((d) => d.fits);
      put({ status: 'done', opened: dictionaries.map((d) => d.label), first: (fitting ?? dictionaries[0]).id, warnings });
      await refresh(running === mine ? fitting?.id : undefined);
      if (fitting) opened(fitting.id);
    } catch (error) {
      const again = wanted && (error as Error).name === 'EngineError' && { again: wanted };
      put(mine.signal.aborted || isAbort(error) ? { status: 'idle' } : { status: 'failed', message: sentenceOf(error), ...again });
    } finally {
      if (running === mine) running = null;
    }
  };
  const cancel = () => {
    running?.abort();
    running = null;
    store.setState({ importTask: { status: 'idle' } });
  };
  return { start, cancel };
}
