/** The library of dictionaries: opening, removing, exporting; what was dropped, told apart. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { FileIn, LoadProgress } from '../../api/model.ts';
import type { DictionaryCard, ExportFormat, PublishedPlan, PublishedRelease, PublishedSource } from '../../api/dictionaries.ts';
import type { StorageUse } from '../../api/storage.ts';
import type { AppState, Notice } from '../appState.ts';
import { isAbort, sentenceOf } from '../latest.ts';
import type { ImportTask, OpenDialog, ToFetch } from './libraryFacts.ts';

type Opened = Awaited<ReturnType<FeaturescopeApi['dictionaries']['import']>>;

interface OpenCall {
  signal: AbortSignal;
  onProgress: (progress: LoadProgress) => void;
}

export interface LibraryActions {
  openDialog: (dialog: OpenDialog) => void;
  /** Opens dictionaries; asks which when there are several. */
  importDictionaries: (files: FileIn[]) => Promise<void>;
  /** Answers the question which of several are meant. */
  importPicked: (positions: readonly number[]) => Promise<void>;
  cancelImport: () => void;
  /** Dictionaries that others have published. */
  publishedReleases: () => Promise<readonly PublishedRelease[]>;
  /** What is to be had there, before any weights are fetched. */
  planPublished: (source: PublishedSource, signal: AbortSignal) => Promise<PublishedPlan>;
  /** Fetches one and opens it; one that was stopped or cut goes on where it was. */
  fetchPublished: (wanted: ToFetch) => Promise<void>;
  /** Forgets an imported dictionary; the notice brings it back. */
  removeDictionary: (id: string) => Promise<void>;
  /** Looks for a dictionary that is new, chooses it and goes to Explore. */
  exploreDictionary: (id: string) => Promise<void>;
  dictionaryCard: (id: string) => Promise<DictionaryCard>;
  storageUse: () => Promise<StorageUse>;
  persistStorage: () => Promise<boolean>;
  /** Deletes one item; what goes wrong is said in the notice. */
  removeStored: (item: StorageUse['items'][number]) => Promise<void>;
  /** Called when what is kept changed. @returns how to stop */
  watchStorage: (listener: () => void) => () => void;
  /** The zip, or null when it failed and the notice says why. */
  exportDictionary: (id: string, format: ExportFormat) => Promise<Blob | null>;
}

/** Follows the library, here and in other tabs, for as long as the page lives. */
export function createLibrary(
  api: FeaturescopeApi,
  store: StoreApi<AppState>,
  libraryChanged: (wanted?: string) => Promise<void>,
  lookAt: (id: string) => Promise<void>,
): LibraryActions {
  let running: AbortController | null = null;
  const say = (text: string, undo: Notice['undo'] = null) => store.setState({ notice: { text, undo } });

  const refresh = async (wanted?: string) => {
    const { model, dictionaries } = store.getState();
    // The first list comes with the model.
    if (model && dictionaries.status !== 'waiting') await libraryChanged(wanted);
  };
  api.dictionaries.subscribe(() => void refresh());

  /** One at a time: another takes the place of what runs. `work` gives null when it asks a person something first. */
  const start = async (work: (put: (task: ImportTask) => void, call: OpenCall) => Promise<Opened | null>, wanted?: ToFetch) => {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const named = wanted && { name: wanted.name };
    store.setState({ importTask: { status: 'running', progress: null, ...named } });
    const put = (importTask: ImportTask) => {
      if (running === mine) store.setState({ importTask });
    };
    try {
      const opened = await work(put, { signal: mine.signal, onProgress: (progress) => put({ status: 'running', progress, ...named }) });
      if (!opened || mine.signal.aborted) return;
      const { dictionaries, warnings } = opened;
      const fitting = dictionaries.find((d) => d.fits);
      put({ status: 'done', opened: dictionaries.map((d) => d.label), first: (fitting ?? dictionaries[0]).id, warnings });
      await refresh(running === mine ? fitting?.id : undefined);
      if (fitting) void lookAt(fitting.id);
    } catch (error) {
      const again = wanted && (error as Error).name === 'EngineError' && { again: wanted };
      put(mine.signal.aborted || isAbort(error) ? { status: 'idle' } : { status: 'failed', message: sentenceOf(error), ...again });
    } finally {
      if (running === mine) running = null;
    }
  };
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
  const fetchPublished = (wanted: ToFetch) =>
    start((_, call) => api.dictionaries.fetch(wanted.source, { ...(wanted.pick && { pick: wanted.pick }), ...call }), wanted);
  const removeDictionary = async (id: string) => {
    const { dictionaries } = store.getState();
    const label = (dictionaries.status === 'done' && dictionaries.list.find((d) => d.id === id)?.label) || id;
    try {
      await api.dictionaries.remove(id);
    } catch (error) {
      say(`${label} was not removed. ${sentenceOf(error)}`);
      return;
    }
    const back = async () => {
      try {
        await api.dictionaries.restore(id);
        say(`${label} is back.`);
      } catch (error) {
        say(`${label} could not be brought back. ${sentenceOf(error)}`);
      }
    };
    say(`${label} removed. Its labels are kept.`, { run: () => void back() });
  };

  return {
    openDialog: (dialog) => store.setState({ dialog }),
    importDictionaries: (files) => open(files),
    async importPicked(positions) {
      const { importTask } = store.getState();
      if (importTask.status !== 'choosing') return;
      if (positions.length === 0) store.setState({ importTask: { status: 'idle' } });
      else await open(importTask.files, [...positions]);
    },
    cancelImport() {
      running?.abort();
      running = null;
      store.setState({ importTask: { status: 'idle' } });
    },
    publishedReleases: () => api.dictionaries.catalogue(),
    planPublished: (source, signal) => api.dictionaries.plan(source, { signal }),
    fetchPublished,
    removeDictionary,
    async exploreDictionary(id) {
      await refresh(id);
      const { dictionaries, dictionary } = store.getState();
      store.setState({ view: 'explore', dialog: null });
      if (dictionary === id) return;
      const found = dictionaries.status === 'done' ? dictionaries.list.find((d) => d.id === id) : undefined;
      if (!found) return say('That dictionary is not here any more: it was removed from the library.');
      const label = found.label || id;
      say(`${label} does not fit the model that is open, so it was not chosen. Open its model first.`);
    },
    dictionaryCard: (id) => api.dictionaries.card(id),
    storageUse: () => api.storage.usage(),
    persistStorage: () => api.storage.persist(),
    async removeStored({ kind, id, label }) {
      if (kind === 'dictionary') return removeDictionary(id);
      // Labels can come back from the file they would be exported as.
      const kept = kind === 'labels' ? await api.labels.export().catch(() => null) : null;
      try {
        await api.storage.remove(kind, id);
        const back = async () => void (await api.labels.import({ path: 'labels.json', data: kept! }));
        say(`${label} deleted.`, kept ? { run: () => void back() } : null);
      } catch (error) {
        say(`${label} could not be deleted. ${sentenceOf(error)}`);
      }
    },
    watchStorage(listener) {
      const stops = [api.dictionaries.subscribe(listener), api.labels.subscribe(listener), api.settings.subscribe(listener)];
      return () => stops.forEach((stop) => stop());
    },
    async exportDictionary(id, format) {
      try {
        return await api.dictionaries.export(id, format);
      } catch (error) {
        say(`${id} could not be exported. ${sentenceOf(error)}`);
        return null;
      }
    },
  };
}

/** What a person meant by files they dropped. Names decide; what is wrong inside is said by whoever opens them. */
export function kindOfFiles(files: readonly FileIn[]): 'dictionary' | 'labels' | 'model' | 'text' {
  const names = files.map((file) => pathOf(file).split(/[\\/]/).at(-1)!.toLowerCase());
  const some = (pattern: RegExp) => names.some((name) => pattern.test(name));
  if (names.length > 0 && names.every((name) => /\.(txt|md|jsonl|csv)(\.gz)?$/.test(name))) return 'text';
  // A model has config.json and tokenizer.json; only dictionaries have cfg.json.
  if (some(/^(cfg\.json|sae_weights\.safetensors|sae\.safetensors|ae(_\d+)?\.pt|learned_dicts\.pt)$/)) return 'dictionary';
  if (some(/\.(zip|pt|npz)$/) && !some(/^(config|tokenizer)\.json$/)) return 'dictionary';
  return names.length === 1 && names[0].endsWith('.json') && !/^(config|tokenizer)\.json$/.test(names[0]) ? 'labels' : 'model';
}

function pathOf(file: FileIn): string {
  return file instanceof File ? file.webkitRelativePath || file.name : file.path;
}
