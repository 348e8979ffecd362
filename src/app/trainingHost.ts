/** Training as the page sees it: the trainer worker, the stores, and the run that goes on in this tab. */
import { createRemote, type WorkerHandle } from '../../workers/remote.ts';
import { startTrainer, type Trainer, type TrainerServices } from '../../workers/trainer/client.ts';
import { createCorpusStore } from '../cache/corpusStore.ts';
import { heldLocks, RUN_LOCK } from '../cache/locks.ts';
import { createRunStore, type RunRecord } from '../cache/runStore.ts';
import { UsageError } from '../core/errors.ts';
import { quote } from '../core/formats/words.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import type { WantedModel } from '../api/model.ts';
import type { Run, RunOptionsOf } from '../api/training.ts';
import type { StorageUse } from '../api/storage.ts';
import type { TrainConfig } from '../core/train/config.ts';
import { isHere, lifeOfKept, occupies, stateOf, type RunLife } from '../core/train/runLife.ts';
import type { RunEstimate, RunHistory, RunInfo } from '../core/train/runTypes.ts';
import { AddedTexts } from './addedTexts.ts';
import { LiveRun } from './liveRun.ts';
import { keptSource } from './modelSource.ts';
import { onDemand, type OnDemand } from './onDemand.ts';
import type { TrainingNeeds, TrainingSignals } from './training.ts';

/** A trainer with nothing to do gives its memory back after this long. */
const IDLE_MS = 60_000;
/** Other tabs hear of progress this often. */
const TELL_TABS_MS = 5000;

export interface HostParts {
  start: () => WorkerHandle;
  runs: ReturnType<typeof createRunStore>;
  corpora: ReturnType<typeof createCorpusStore>;
}

export class TrainingHost {
  readonly texts: AddedTexts;
  readonly #need: TrainingNeeds;
  readonly #signals: TrainingSignals;
  readonly #runs: HostParts['runs'];
  readonly #worker: OnDemand;
  readonly #trainer: Trainer;
  #live: LiveRun | undefined;
  #told = 0;

  constructor(need: TrainingNeeds, signals: TrainingSignals, parts: Partial<HostParts> = {}) {
    const { start = startTrainer, runs = createRunStore(), corpora = createCorpusStore() } = parts;
    this.#need = need;
    this.#signals = signals;
    this.#runs = runs;
    this.#worker = onDemand({
      start,
      open: async (calls) => createRemote<TrainerServices>(calls).runs.open([{ device: await need.device, base: need.base }]),
      idleMs: IDLE_MS,
      died: 'The part of the page that trains has stopped, perhaps for lack of memory. The last checkpoint is kept; resume the run.',
    });
    this.#trainer = createRemote<TrainerServices>(this.#worker);
    const changed = () => {
      signals.corpora.tell();
      need.tabs.say('corpora');
    };
    this.texts = new AddedTexts({ base: need.base, askToPersist: need.askToPersist, trainer: this.#trainer, changed }, corpora);
    void runs.sweep();
  }

  async train(config: TrainConfig, o?: RunOptionsOf): Promise<Run> {
    const model = this.#need.model();
    if (!model) throw new UsageError('There is no model to train on yet; wait for `featurescope.ready`.');
    return this.#begin(newId(), config, model, o);
  }

  async listRuns(): Promise<RunInfo[]> {
    const [kept, held] = await Promise.all([this.#runs.list().catch(() => []), heldLocks()]);
    const infos = kept.map(({ info }) => this.#liveRun(info.id)?.info() ?? asSeenHere(info, held));
    return this.#live && !isForgotten(this.#live.life) && !infos.some(({ id }) => id === this.#live?.id)
      ? [this.#live.info(), ...infos]
      : infos;
  }

  async getRun(id: string): Promise<Run> {
    const run = this.#liveRun(id);
    if (run) return run;
    const { info } = await this.#known(id);
    throw new UsageError(`"${info.name}" does not go on in this tab (${info.state}).`);
  }

  async resumeRun(id: string, o?: RunOptionsOf): Promise<Run> {
    const here = this.#liveRun(id);
    if (here) {
      await here.resume(o);
      return here;
    }
    const { record, info } = await this.#known(id);
    if (info.state === 'elsewhere') throw new UsageError(`"${info.name}" goes on, or is paused, in another tab; resume it there.`);
    if (info.state === 'finished' || info.state === 'stopped') {
      throw new UsageError(`"${info.name}" has ended (${info.state}); its dictionaries are in the library. Begin a new run to train more.`);
    }
    return this.#begin(id, undefined, modelOf(record, this.#need.model()), o);
  }

  async removeRun(id: string): Promise<void> {
    const here = this.#liveRun(id);
    if (here && occupies(here.life)) throw new UsageError(`"${here.info().name}" is being trained; stop it first.`);
    if (here) await here.forget();
    else {
      const { info } = await this.#known(id);
      if (info.state === 'elsewhere') throw new UsageError(`"${info.name}" goes on, or is paused, in another tab; stop it there first.`);
      await this.#runs.remove(id);
    }
    if (this.#live?.id === id) this.#live = undefined;
    this.#changed(true);
  }

  async history(id: string): Promise<RunHistory> {
    if (this.#liveRun(id)) {
      const history = await this.#trainer.runs.history([id]).catch(() => undefined);
      if (history) return history;
    }
    const kept = await this.#runs.history(id);
    if (kept) return kept;
    if (this.#live?.id !== id) await this.#known(id);
    return [];
  }

  async estimate(config: TrainConfig, { signal }: { signal?: AbortSignal } = {}): Promise<RunEstimate> {
    const model = this.#need.model();
    if (!model) throw new UsageError('There is no model to train on yet; wait for `featurescope.ready`.');
    if (this.#live && occupies(this.#live.life))
      throw new UsageError('A run goes on here, so an estimate beside it would be wrong. Wait for it, or stop it.');
    this.#live?.putAside();
    return this.#trainer.runs.estimate([config, model], { signal });
  }

  async preview(id: string, index = 0): Promise<DictionaryInfo> {
    const run = this.#liveRun(id);
    if (!run) throw new UsageError('Only a run that goes on, or is paused, in this tab can be looked into.');
    return run.preview(index);
  }

  /** What is kept of runs and texts, for the list of everything stored. */
  async stored(): Promise<StorageUse['items']> {
    const [texts, kept] = await Promise.all([this.texts.stored(), this.#runs.list().catch(() => [])]);
    const ofRuns = kept.map(({ info, bytes }) => ({
      kind: 'run' as const,
      id: info.id,
      label: bytes > 0 ? `Checkpoint of the run ${info.name}` : `Curves of the run ${info.name}`,
      bytes: bytes + JSON.stringify(info).length,
    }));
    return [...ofRuns, ...texts];
  }

  /** @param important the state changed, not only figures */
  #changed(important: boolean): void {
    this.#signals.runs.tell();
    if (!important && Date.now() - this.#told < TELL_TABS_MS) return;
    this.#told = Date.now();
    this.#need.tabs.say('runs');
  }

  #liveRun(id: string): LiveRun | undefined {
    return this.#live && isHere(this.#live.life) && this.#live.id === id ? this.#live : undefined;
  }

  async #known(id: string): Promise<{ record: RunRecord; info: RunInfo }> {
    const record = await this.#runs.get(id);
    if (!record) throw new UsageError(`There is no training run called "${quote(String(id))}" here.`);
    return { record, info: asSeenHere(record.info, await heldLocks()) };
  }

  async #begin(id: string, config: TrainConfig | undefined, model: WantedModel, o: RunOptionsOf = {}): Promise<Run> {
    if (this.#live && occupies(this.#live.life))
      throw new UsageError(`"${this.#live.info().name}" is being trained in this tab. One run at a time: wait for it, or stop it first.`);
    this.#live?.putAside();
    const run = new LiveRun(id, config, model, {
      ...this.#need,
      trainer: this.#trainer,
      changed: (important) => this.#changed(important),
      ...(o.onProgress && { onProgress: o.onProgress }),
    });
    this.#live = run;
    this.#worker.keep(true);
    try {
      await run.begin(o.signal);
    } catch (error) {
      if (this.#live === run) this.#live = undefined;
      this.#worker.keep(false);
      this.#changed(true);
      throw error;
    }
    run.done.catch(() => undefined).finally(() => this.#live === run && this.#worker.keep(false));
    this.#need.askToPersist();
    return run;
  }
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
