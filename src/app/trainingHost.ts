/** Training as the page sees it: the trainer worker, the stores, and the run that goes on in this tab. */
import { createRemote, type WorkerHandle } from '../../workers/remote.ts';
import { startTrainer, type TrainerServices } from '../../workers/trainer/client.ts';
import { createCorpusStore, listShippedCorpora } from '../cache/corpusStore.ts';
import { heldLocks, RUN_LOCK } from '../cache/locks.ts';
import { createRunStore, type RunRecord } from '../cache/runStore.ts';
import { UsageError } from '../core/errors.ts';
import { quote } from '../core/formats/text.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import type { WantedModel } from '../api/model.ts';
import type { Run, RunOptionsOf } from '../api/training.ts';
import type { StorageUse } from '../api/storage.ts';
import type { TrainConfig } from '../core/train/config.ts';
import { isHere, lifeOfKept, occupies, stateOf, type RunLife } from '../core/train/runLife.ts';
import type { CorpusInfo, RunEstimate, RunHistory, RunInfo } from '../core/train/runTypes.ts';
import { LiveRun } from './liveRun.ts';
import { keptSource } from './modelSource.ts';
import { onDemand } from './onDemand.ts';
import type { TrainingNeeds, TrainingSignals } from './training.ts';

/** A trainer with nothing to do gives its memory back after this long. */
const IDLE_MS = 60_000;
/** Other tabs hear of progress this often. */
const TELL_TABS_MS = 5000;

export type TrainingHost = ReturnType<typeof createTrainingHost>;

export interface HostParts {
  start: () => WorkerHandle;
  runs: ReturnType<typeof createRunStore>;
  corpora: ReturnType<typeof createCorpusStore>;
}

export function createTrainingHost(need: TrainingNeeds, signals: TrainingSignals, parts: Partial<HostParts> = {}) {
  const { start = startTrainer, runs = createRunStore(), corpora = createCorpusStore() } = parts;
  const worker = onDemand({
    start,
    open: async (calls) => createRemote<TrainerServices>(calls).runs.open([{ device: await need.device, base: need.base }]),
    idleMs: IDLE_MS,
    died: 'The part of the page that trains has stopped, perhaps for lack of memory. The last checkpoint is kept; resume the run.',
  });
  const trainer = createRemote<TrainerServices>(worker);
  let live: LiveRun | undefined;
  let told = 0;
  void runs.sweep();

  const corporaChanged = () => {
    signals.corpora.tell();
    need.tabs.say('corpora');
  };
  /** @param important the state changed, not only figures */
  const runsChanged = (important: boolean) => {
    signals.runs.tell();
    if (!important && Date.now() - told < TELL_TABS_MS) return;
    told = Date.now();
    need.tabs.say('runs');
  };
  const liveRun = (id: string) => (live && isHere(live.life) && live.id === id ? live : undefined);
  const known = async (id: string): Promise<{ record: RunRecord; info: RunInfo }> => {
    const record = await runs.get(id);
    if (!record) throw new UsageError(`There is no training run called "${quote(String(id))}" here.`);
    return { record, info: asSeenHere(record.info, await heldLocks()) };
  };

  const begin = async (id: string, config: TrainConfig | undefined, model: WantedModel, o: RunOptionsOf = {}): Promise<Run> => {
    if (live && occupies(live.life))
      throw new UsageError(`"${live.info().name}" is being trained in this tab. One run at a time: wait for it, or stop it first.`);
    live?.putAside();
    const run = new LiveRun(id, config, model, {
      ...need,
      trainer,
      changed: runsChanged,
      ...(o.onProgress && { onProgress: o.onProgress }),
    });
    live = run;
    worker.keep(true);
    try {
      await run.begin(o.signal);
    } catch (error) {
      if (live === run) live = undefined;
      worker.keep(false);
      runsChanged(true);
      throw error;
    }
    run.done.catch(() => undefined).finally(() => live === run && worker.keep(false));
    need.askToPersist();
    return run;
  };

  return {
    async train(config: TrainConfig, o?: RunOptionsOf): Promise<Run> {
      const model = need.model();
      if (!model) throw new UsageError('There is no model to train on yet; wait for `featurescope.ready`.');
      return begin(newId(), config, model, o);
    },

    async listRuns(): Promise<RunInfo[]> {
      const [kept, held] = await Promise.all([runs.list().catch(() => []), heldLocks()]);
      const infos = kept.map(({ info }) => liveRun(info.id)?.info() ?? asSeenHere(info, held));
      return live && !isForgotten(live.life) && !infos.some(({ id }) => id === live?.id) ? [live.info(), ...infos] : infos;
    },

    async getRun(id: string): Promise<Run> {
      const run = liveRun(id);
      if (run) return run;
      const { info } = await known(id);
      throw new UsageError(`"${info.name}" does not go on in this tab (${info.state}).`);
    },

    async resumeRun(id: string, o?: RunOptionsOf): Promise<Run> {
      const here = liveRun(id);
      if (here) {
        await here.resume(o);
        return here;
      }
      const { record, info } = await known(id);
      if (info.state === 'elsewhere') throw new UsageError(`"${info.name}" goes on, or is paused, in another tab; resume it there.`);
      if (info.state === 'finished' || info.state === 'stopped') {
        throw new UsageError(
          `"${info.name}" has ended (${info.state}); its dictionaries are in the library. Begin a new run to train more.`,
        );
      }
      return begin(id, undefined, modelOf(record, need.model()), o);
    },

    async removeRun(id: string): Promise<void> {
      const here = liveRun(id);
      if (here && occupies(here.life)) throw new UsageError(`"${here.info().name}" is being trained; stop it first.`);
      if (here) await here.forget();
      else {
        const { info } = await known(id);
        if (info.state === 'elsewhere') throw new UsageError(`"${info.name}" goes on, or is paused, in another tab; stop it there first.`);
        await runs.remove(id);
      }
      if (live?.id === id) live = undefined;
      runsChanged(true);
    },

    async history(id: string): Promise<RunHistory> {
      if (liveRun(id)) {
        const history = await trainer.runs.history([id]).catch(() => undefined);
        if (history) return history;
      }
      const kept = await runs.history(id);
      if (kept) return kept;
      if (live?.id !== id) await known(id);
      return [];
    },

    async estimate(config: TrainConfig, { signal }: { signal?: AbortSignal } = {}): Promise<RunEstimate> {
      const model = need.model();
      if (!model) throw new UsageError('There is no model to train on yet; wait for `featurescope.ready`.');
      if (live && occupies(live.life))
        throw new UsageError('A run goes on here, so an estimate beside it would be wrong. Wait for it, or stop it.');
      live?.putAside();
      return trainer.runs.estimate([config, model], { signal });
    },

    async preview(id: string, index = 0): Promise<DictionaryInfo> {
      const run = liveRun(id);
      if (!run) throw new UsageError('Only a run that goes on, or is paused, in this tab can be looked into.');
      return run.preview(index);
    },

    async addCorpus(name: string, data: File | string, { field, signal }: { field?: string; signal?: AbortSignal } = {}) {
      const file = typeof data === 'string' ? { path: 'The text', data: new Blob([data]) } : { path: data?.name, data };
      if (!(file.data instanceof Blob) || typeof file.path !== 'string')
        throw new UsageError('corpus.add takes a name and a File or a string.');
      const added = await trainer.corpora.add([name, file, field === undefined ? {} : { field }], { signal });
      corporaChanged();
      need.askToPersist();
      return added;
    },

    async listCorpora(): Promise<CorpusInfo[]> {
      const [shipped, added] = await Promise.all([listShippedCorpora(need.base), corpora.list().catch(() => [])]);
      return [...shipped.map(({ path: _, ...corpus }) => corpus), ...added];
    },

    async removeCorpus(name: string): Promise<void> {
      const shipped = await listShippedCorpora(need.base);
      if (shipped.some((corpus) => corpus.name === name)) throw new UsageError(`"${name}" ships with the page and cannot be removed.`);
      if (!(await corpora.list()).some((corpus) => corpus.name === name)) {
        throw new UsageError(`There is no text called "${quote(String(name))}" among those you added.`);
      }
      await corpora.remove(name);
      corporaChanged();
    },

    async stored(): Promise<StorageUse['items']> {
      const [texts, kept] = await Promise.all([corpora.list().catch(() => []), runs.list().catch(() => [])]);
      const ofRuns = kept.map(({ info, bytes }) => ({
        kind: 'run' as const,
        id: info.id,
        label: bytes > 0 ? `Checkpoint of the run ${info.name}` : `Curves of the run ${info.name}`,
        bytes: bytes + JSON.stringify(info).length,
      }));
      return [...ofRuns, ...texts.map(({ name, bytes }) => ({ kind: 'corpus' as const, id: name, label: `Text “${name}”`, bytes }))];
    },
  };
}

/** What is kept of a run says how it was; who holds its lock says how it is. */
function asSeenHere(info: RunInfo, held: ReadonlySet<string>): RunInfo {
  const state = stateOf(lifeOfKept(info, held.has(RUN_LOCK + info.id)));
  return state === info.state ? info : { ...info, state };
}

function isForgotten(life: RunLife): boolean {
  return life.phase === 'stopped' && life.forgotten;
}

/** @throws UsageError when the run's model is neither open nor part of the page */
function modelOf({ info, model }: RunRecord, current: WantedModel | undefined): WantedModel {
  if (!model) throw new UsageError(`It is not known which model "${info.name}" was begun on; begin it anew.`);
  if (current && current.info.id === model.id && current.info.hash === model.hash) return current;
  if (model.source !== 'files') return { info: model, source: keptSource(model.id) };
  throw new UsageError(
    `"${info.name}" trains on the model ${quote(model.id)}, which was opened from files. Open it again, then resume the run.`,
  );
}

/** Sorts by time. */
function newId(): string {
  return `${Date.now().toString(36)}-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
}
