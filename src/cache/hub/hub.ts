/** Models of the hub: what one takes, fetching it, and what this browser keeps. */
import { EngineError, UsageError } from '../../core/errors.ts';
import { hubModelId } from '../../core/lm/modelId.ts';
import type { HubModel, HubPlan, LoadProgress } from '../../api/model.ts';
import { reasonOf } from '../refusals.ts';
import { checkHost } from './address.ts';
import { PATIENCE, type Patience } from './ask.ts';
import { fetchHubFile } from './fetchFile.ts';
import { createMeter } from './meter.ts';
import { findModelFiles, type RepositoryFile } from './repository.ts';
import { createHubStore, type HubStore } from './store.ts';

export interface FetchedModel {
  files: { path: string; data: Blob }[];
  /** Why it will not be here at the next visit, as a sentence. */
  notKept?: string;
}

export interface HubOptions {
  signal: AbortSignal;
  onProgress: (progress: LoadProgress) => void;
}

export interface Hub {
  store: HubStore;
  /** What opening a model takes; nothing is kept. @throws with a sentence */
  plan(model: Required<HubModel>, host: string, signal: AbortSignal): Promise<HubPlan>;
  /**
   * The files of a model, from this browser where they are here. A cancelled or failed one leaves what has arrived.
   * @throws with a sentence; AbortedError
   */
  fetch(model: Required<HubModel>, host: string, options: HubOptions): Promise<FetchedModel>;
  /** The files of a model that is here; never asks anybody. @throws UsageError when it is not */
  open(model: Required<HubModel>): Promise<FetchedModel>;
}

export interface HubSettings {
  name?: string;
  patience?: Patience;
  pieceBytes?: number;
}

export function createHub({ name = 'featurescope', patience = PATIENCE, pieceBytes }: HubSettings = {}): Hub {
  const store = createHubStore(name);
  const held = async (model: Required<HubModel>): Promise<FetchedModel | undefined> => {
    const files = await store.open(model);
    return files && { files: files.map(({ path, data }) => ({ path: pathIn(model, path), data })) };
  };
  return {
    store,
    async plan(model, host, signal) {
      const at = checkHost(host);
      const files = await findModelFiles({ host: at, model }, { signal, patience, onNote: () => {} });
      const here = await Promise.all(files.map((file) => store.here(file)));
      const sizes = files.map(({ path, bytes }) => ({ path, bytes }));
      return { ...model, id: hubModelId(model), host: at, files: sizes, bytes: total(files), here: here.reduce((a, b) => a + b, 0) };
    },
    async open(model) {
      const found = await held(model);
      if (found) return found;
      throw new UsageError(`${hubModelId(model)} is not kept in this browser any more.`);
    },
    async fetch(model, host, options) {
      const at = checkHost(host);
      const found = await held(model);
      if (found) return found;
      const id = hubModelId(model);
      const release = await store.hold(id);
      if (!release) throw new UsageError(`${id} is being fetched in another tab of this page. Wait for it there, then open it here.`);
      try {
        // It may have become whole while this waited for the lock.
        return (await held(model)) ?? (await fetchAll(model, at, options, { store, patience, ...(pieceBytes && { pieceBytes }) }));
      } finally {
        release();
      }
    },
  };
}

interface Means {
  store: HubStore;
  patience: Patience;
  pieceBytes?: number;
}

async function fetchAll(
  model: Required<HubModel>,
  host: string,
  { signal, onProgress }: HubOptions,
  { store, patience, pieceBytes }: Means,
): Promise<FetchedModel> {
  onProgress({ stage: 'fetching', loaded: 0, total: 0 });
  const meter = createMeter((progress) => onProgress({ stage: 'fetching', ...progress }));
  const asking = { signal, patience, onNote: meter.note };
  const files = await findModelFiles({ host, model }, asking);
  const kept = files.map(({ path, url, bytes, oid }) => ({ path, url, bytes, oid }));
  const manifest = { model, host, files: kept };
  let problem = await reasonAgainst(store.note({ ...manifest, whole: false }));
  const arrived = await Promise.all(files.map((file) => store.here(file)));
  meter.begin(
    arrived.reduce((a, b) => a + b, 0),
    total(files),
  );
  const blobs: Blob[] = [];
  for (const [i, file] of files.entries()) {
    const asked = { model, host, path: file.path };
    const onBytes = (loaded: number) => {
      meter.add(loaded - arrived[i]);
      arrived[i] = loaded;
    };
    const here = await store.file(file);
    const blob =
      here ?? (await fetchHubFile({ ...file }, asked, { ...asking, parts: store.parts, onBytes, ...(pieceBytes && { pieceBytes }) }));
    if (!blob) throw new EngineError(`${file.path} of ${model.hub} was there a moment ago and is gone. Try again.`);
    const put = here ? { blob } : await keep(store, file.url, blob);
    blobs.push(put.blob);
    problem ??= put.problem;
  }
  if (problem === undefined) problem = await reasonAgainst(store.note({ ...manifest, whole: true }));
  return {
    files: files.map(({ path }, i) => ({ path: pathIn(model, path), data: blobs[i] })),
    ...(problem !== undefined && {
      notKept: `${hubModelId(model)} is open but could not be kept for the next visit: ${problem}. It works until the page is closed.`,
    }),
  };
}

async function keep(store: HubStore, url: string, blob: Blob): Promise<{ blob: Blob; problem?: string }> {
  try {
    return { blob: await store.keep(url, blob) };
  } catch (error) {
    return { blob, problem: reasonOf(error) };
  }
}

async function reasonAgainst(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function pathIn({ hub }: HubModel, path: string): string {
  return `${hub.slice(hub.indexOf('/') + 1)}/${path}`;
}

function total(files: readonly RepositoryFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
