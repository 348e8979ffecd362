/** A run that goes on, or is paused, in this tab. */
import type { RunEnd } from '../../workers/trainer/api.ts';
import type { Trainer } from '../../workers/trainer/client.ts';
import { EngineError, UsageError } from '../core/errors.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import type { WantedModel } from '../api/model.ts';
import type { Run, RunOptionsOf } from '../api/training.ts';
import type { TrainConfig } from '../core/train/config.ts';
import type { RunInfo } from '../core/train/runTypes.ts';
import { startingRun } from '../core/train/startingRun.ts';
import type { TrainingNeeds } from './training.ts';

export interface LiveRunNeeds extends Pick<TrainingNeeds, 'lens' | 'libraryChanged'> {
  trainer: Trainer;
  /** @param important the state changed, not only figures */
  changed: (important: boolean) => void;
  onProgress?: (info: RunInfo) => void;
}

type Outcome = Awaited<Run['done']>;
/** What to do when the worker's loop has ended. */
type Ending = 'keep' | 'drop' | 'forget';

/** Of dictionaries for which there was no room. */
const KEPT = 'The run is kept as well: make room and resume it to keep them.';
const HELD = 'Nor is there room for the run, which is paused in this page: make room and resume it to keep them.';

export class LiveRun implements Run {
  readonly id: string;
  readonly done: Promise<Outcome>;
  readonly #config: TrainConfig | undefined;
  readonly #model: WantedModel;
  readonly #need: LiveRunNeeds;
  /** Ids of the opened previews, by dictionary. */
  readonly #previews = new Map<number, string>();
  #info: RunInfo;
  #resolve!: (outcome: Outcome) => void;
  #reject!: (error: Error) => void;
  /** Settles when text and model are read, or were not to be. */
  #begun: Promise<void> = Promise.resolve();
  /** Gives that up; undefined when it is over. */
  #starting: AbortController | undefined;
  #going: Promise<void> = Promise.resolve();
  #ending: Ending | undefined;
  #open = true;
  #forgotten = false;
  #onProgress: LiveRunNeeds['onProgress'];

  constructor(id: string, config: TrainConfig | undefined, model: WantedModel, need: LiveRunNeeds) {
    this.id = id;
    this.#config = config;
    this.#model = model;
    this.#need = need;
    this.#onProgress = need.onProgress;
    this.#info = startingRun(id, config);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody may be listening; the state says it too.
    this.done.catch(() => undefined);
  }

  info(): RunInfo {
    return this.#info;
  }

  /** Whether it goes on or is paused here. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether the store knows nothing of it any more. */
  get isForgotten(): boolean {
    return this.#forgotten;
  }

  /** Whether it computes, so that nothing else may begin. */
  get isBusy(): boolean {
    return this.#open && this.#info.state !== 'paused';
  }

  /** Resolves when the first step is made. */
  async begin(signal?: AbortSignal): Promise<void> {
    try {
      await this.#start(this.#config, signal);
    } catch (error) {
      this.#open = false;
      throw error;
    }
  }

  #start(config: TrainConfig | undefined, signal?: AbortSignal): Promise<void> {
    this.#begun = this.#begin(config, signal);
    // Whoever stops it meanwhile waits for this one too.
    this.#begun.catch(() => undefined);
    return this.#begun;
  }

  async #begin(config: TrainConfig | undefined, signal?: AbortSignal): Promise<void> {
    const starting = (this.#starting = new AbortController());
    const job = { id: this.id, model: this.#model, ...(config && { config }) };
    try {
      const stop = signal ? AbortSignal.any([signal, starting.signal]) : starting.signal;
      const info = await this.#need.trainer.runs.begin([job], { signal: stop, onProgress: (now) => this.#take(now) });
      this.#take({ ...info, state: 'running' });
    } catch (error) {
      // The call ends at once, what it began a moment later; a new run that is given up leaves nothing.
      if (starting.signal.aborted || (config && signal?.aborted)) await this.#forgetStart();
      throw error;
    } finally {
      this.#starting = undefined;
    }
    this.#going = this.#go();
    this.#heed(signal);
  }

  async #forgetStart(): Promise<void> {
    await this.#need.trainer.runs.forget([this.id]);
    this.#forgotten = true;
    this.#take({ ...this.#info, state: 'stopped' });
    await this.#close();
    this.#resolve({ dictionaries: [] });
  }

  /** Stops it when the signal says so. */
  #heed(signal: AbortSignal | undefined): void {
    const forget = () => void this.forget().catch(() => undefined);
    signal?.addEventListener('abort', forget);
    void this.done.catch(() => undefined).finally(() => signal?.removeEventListener('abort', forget));
    if (signal?.aborted) forget();
  }

  async #go(): Promise<void> {
    try {
      const info = await this.#need.trainer.runs.go([this.id], { onProgress: (now) => this.#take(now) });
      if (info.state === 'paused' && !this.#ending) return this.#take(info);
      if (info.state === 'failed') {
        this.#take(info);
        throw new EngineError(info.message ?? 'The run failed.');
      }
      await this.#end(info);
    } catch (error) {
      await this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** What is trained is not lost with what came after it: a checkpoint is made, or, failing that, the run stays here. */
  async #fail(failure: Error): Promise<void> {
    if (this.#info.state !== 'failed') this.#take((await this.#rescue(failure)) ?? interrupted(this.#info, failure));
    if (this.#info.unkept) {
      this.#ending = undefined;
      return;
    }
    await this.#close();
    this.#reject(failure);
  }

  /** @returns undefined when the worker is gone, and what it held with it */
  async #rescue(failure: Error): Promise<RunInfo | undefined> {
    if ((failure.cause as { code?: string } | undefined)?.code === 'dead') return undefined;
    const end: RunEnd = { state: 'paused', ids: [], message: failure.message };
    return this.#need.trainer.runs.conclude([this.id, end]).catch(() => undefined);
  }

  /** While it starts: as soon as it has. */
  async pause(): Promise<void> {
    await this.#begun.catch(() => undefined);
    if (!this.#open || this.#info.state === 'paused') return;
    await this.#need.trainer.runs.halt([this.id, 'paused']);
    await this.#going;
  }

  async resume({ onProgress, signal }: RunOptionsOf = {}): Promise<void> {
    if (!this.#open) throw new UsageError(`"${this.#info.name}" has ended here (${this.#info.state}).`);
    if (this.#info.state !== 'paused') return;
    const paused = this.#info;
    this.#ending = undefined;
    if (onProgress) this.#onProgress = onProgress;
    this.#take({ ...paused, state: 'starting' });
    try {
      await this.#start(undefined, signal);
    } catch (error) {
      if (this.#open) this.#take(paused);
      throw error;
    }
  }

  async stop({ keep }: { keep: boolean } = { keep: true }): Promise<void> {
    await this.#stop(keep ? 'keep' : 'drop');
  }

  /** Stops without keeping anything, not even that it was. */
  async forget(): Promise<void> {
    await this.#stop('forget');
  }

  async #stop(ending: Ending): Promise<void> {
    // Before its first step here there is nothing to conclude: text and model are read no further, and it is forgotten.
    if (ending !== 'keep') this.#starting?.abort();
    await this.#begun.catch(() => undefined);
    if (!this.#open) return;
    const before = this.#ending;
    this.#ending = ending;
    try {
      await this.#halt(ending);
    } catch (error) {
      // Or what was refused would be done at the end.
      this.#ending = before;
      throw error;
    }
  }

  async #halt(ending: Ending): Promise<void> {
    if (this.#info.state === 'paused') {
      // One whose device was lost must be read again to end with something.
      if (ending === 'keep') await this.#need.trainer.runs.begin([{ id: this.id, model: this.#model }]);
      this.#going = this.#end(this.#info);
    } else await this.#need.trainer.runs.halt([this.id, 'stopped']);
    await this.#going;
  }

  /**
   * Another run takes the place in the worker; this one stays paused, and can be resumed from its checkpoint.
   * @throws UsageError when more of it is here than in a checkpoint
   */
  putAside(): void {
    if (!this.#open) return;
    const { name, unkept } = this.#info;
    if (unkept) {
      const instead = unkept === 'full' ? 'Make room, then resume or stop it first' : 'Resume or stop it first';
      throw new UsageError(`"${name}" is paused here and no checkpoint of it could be kept, so this would lose it. ${instead}.`);
    }
    this.#open = false;
    void this.#removePreviews();
    this.#reject(new EngineError(`"${name}" was put aside for another run. It can be resumed from its checkpoint, in the list of runs.`));
  }

  /** The dictionary as it is now, opened in the page. */
  async preview(index: number): Promise<DictionaryInfo> {
    const { lens, trainer, libraryChanged } = this.#need;
    const files = await trainer.runs.files([this.id, index]);
    const { name, step } = this.#info;
    const options = { label: `${name}, dictionary ${index} at step ${step} (in training)`, replaces: this.#previews.get(index) ?? null };
    const info = await lens.library.preview([files, options]);
    this.#previews.set(index, info.id);
    libraryChanged();
    return info;
  }

  async #end(info: RunInfo): Promise<void> {
    const { trainer } = this.#need;
    const ending = this.#ending ?? 'keep';
    const state = this.#ending && info.step < (info.plan?.steps ?? Infinity) ? 'stopped' : 'finished';
    if (ending === 'forget') {
      await trainer.runs.forget([this.id]);
      this.#forgotten = true;
      this.#take({ ...info, state: 'stopped' });
    } else if (ending === 'drop') {
      this.#take(await trainer.runs.conclude([this.id, { state: 'stopped', ids: [] }]));
    } else {
      await this.#keep(info, state);
      // It waits for room here; nothing has ended.
      if (this.#info.unkept) return;
    }
    await this.#close();
    this.#resolve({ dictionaries: outcomeOf(this.#info) });
  }

  /** Its dictionaries join the library; when they may not stay there, the run stays as well. */
  async #keep(info: RunInfo, state: RunEnd['state']): Promise<void> {
    const { ids, problem } = await this.#import(info);
    const conclude = (end: RunEnd) => this.#need.trainer.runs.conclude([this.id, end]);
    if (!problem) return this.#take(await conclude({ state, ids }));
    const paused = await conclude({ state: 'paused', ids, message: `${problem} ${KEPT}` });
    // Where nothing is ever kept, waiting helps nobody: the dictionaries last as long as the run would.
    if (paused.unkept === 'denied') return this.#take(await conclude({ state, ids, message: problem }));
    if (paused.unkept) this.#ending = undefined;
    this.#take(paused.unkept ? { ...paused, message: `${problem} ${HELD}` } : paused);
  }

  /** Dictionaries into the library. @returns their ids, and why they are not kept there */
  async #import(info: RunInfo): Promise<{ ids: string[]; problem: string }> {
    const { lens, trainer, libraryChanged } = this.#need;
    const ids: string[] = [];
    let problem = '';
    for (const index of info.dictionaries.keys()) {
      const files = await trainer.runs.files([this.id, index]);
      const imported = await lens.library.import([files, {}]);
      const [{ id }] = imported.dictionaries;
      ids.push(id);
      if (!(await lens.library.kept()).includes(id)) problem ||= imported.warnings.at(-1) ?? '';
    }
    libraryChanged();
    return { ids, problem };
  }

  async #close(): Promise<void> {
    this.#open = false;
    await this.#removePreviews();
    this.#need.changed(true);
  }

  async #removePreviews(): Promise<void> {
    const ids = [...this.#previews.values()];
    this.#previews.clear();
    for (const id of ids) await this.#need.lens.library.remove([id]).catch(() => undefined);
    if (ids.length > 0) this.#need.libraryChanged();
  }

  #take(info: RunInfo): void {
    const important = info.state !== this.#info.state;
    this.#info = info;
    this.#onProgress?.(info);
    this.#need.changed(important);
  }
}

function interrupted(info: RunInfo, { message }: Error): RunInfo {
  return { ...info, state: 'interrupted', message };
}

function outcomeOf({ plan, dictionaries }: RunInfo): Outcome['dictionaries'] {
  return dictionaries.flatMap(({ id, evaluation }, i) => (id && plan ? [{ id, config: plan.dictionaries[i], metrics: evaluation }] : []));
}
