/** A run that goes on, or is paused, in this tab. */
import type { RunEnd } from '../../workers/trainer/api.ts';
import { EngineError, UsageError } from '../core/errors.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import type { WantedModel } from '../api/model.ts';
import type { Run, RunOptionsOf } from '../api/training.ts';
import type { TrainConfig } from '../core/train/config.ts';
import {
  endOf,
  isHere,
  lifeOf,
  loopEnded,
  pausing,
  progressed,
  released,
  stateOf,
  stopping,
  type Ending,
  type RunLife,
} from '../core/train/runLife.ts';
import type { RunInfo } from '../core/train/runTypes.ts';
import { startingRun } from '../core/train/startingRun.ts';
import { outcomeOf, RunDictionaries, type Outcome, type RunDictionariesNeeds } from './runDictionaries.ts';

interface LiveRunNeeds extends RunDictionariesNeeds {
  /** @param important the state changed, not only figures */
  changed: (important: boolean) => void;
  onProgress?: (info: RunInfo) => void;
}

/** Of dictionaries for which there was no room. */
const KEPT = 'The run is kept as well: make room and resume it to keep them.';
const HELD = 'Nor is there room for the run, which is paused in this page: make room and resume it to keep them.';

export class LiveRun implements Run {
  readonly id: string;
  readonly done: Promise<Outcome>;
  readonly #config: TrainConfig | undefined;
  readonly #model: WantedModel;
  readonly #need: LiveRunNeeds;
  readonly #dictionaries: RunDictionaries;
  #life: RunLife = { phase: 'starting' };
  #info: RunInfo;
  #resolve!: (outcome: Outcome) => void;
  #reject!: (error: Error) => void;
  /** Settles when text and model are read, or were not to be. */
  #begun: Promise<void> = Promise.resolve();
  /** Gives that up; undefined when it is over. */
  #starting: AbortController | undefined;
  /** Settles when the worker's loop has ended and what follows from that is done. */
  #loop: Promise<void> = Promise.resolve();
  #onProgress: LiveRunNeeds['onProgress'];

  constructor(id: string, config: TrainConfig | undefined, model: WantedModel, need: LiveRunNeeds) {
    this.id = id;
    this.#config = config;
    this.#model = model;
    this.#need = need;
    this.#dictionaries = new RunDictionaries(id, need);
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

  /** Which phase of its life it is in. */
  get life(): RunLife {
    return this.#life;
  }

  /** Resolves when the first step is made. */
  async begin(signal?: AbortSignal): Promise<void> {
    try {
      await this.#start(this.#config, signal);
    } catch (error) {
      if (isHere(this.#life)) this.#life = { phase: 'failed' };
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
      const info = await this.#need.trainer.runs.begin([job], { signal: stop, onProgress: (now) => this.#progress(now) });
      this.#take(info, { phase: 'running' });
    } catch (error) {
      // The call ends at once, what it began a moment later; a new run that is given up leaves nothing.
      if (starting.signal.aborted || (config && signal?.aborted)) await this.#forgetStart();
      throw error;
    } finally {
      this.#starting = undefined;
    }
    this.#loop = this.#go();
    this.#forgetOnAbort(signal);
  }

  async #forgetStart(): Promise<void> {
    await this.#need.trainer.runs.forget([this.id]);
    this.#take(this.#info, { phase: 'stopped', forgotten: true });
    await this.#close();
    this.#resolve({ dictionaries: [] });
  }

  #forgetOnAbort(signal: AbortSignal | undefined): void {
    const forget = () => void this.forget().catch(() => undefined);
    signal?.addEventListener('abort', forget);
    void this.done.catch(() => undefined).finally(() => signal?.removeEventListener('abort', forget));
    if (signal?.aborted) forget();
  }

  async #go(): Promise<void> {
    try {
      const info = await this.#need.trainer.runs.go([this.id], { onProgress: (now) => this.#progress(now) });
      const life = loopEnded(this.#life, info);
      if (life.phase === 'paused' || life.phase === 'failed') this.#take(info, life);
      if (life.phase === 'paused') return;
      if (life.phase === 'failed') throw new EngineError(info.message ?? 'The run failed.');
      await this.#end(info);
    } catch (error) {
      await this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** What is trained is not lost with what came after it: a checkpoint is made, or, failing that, the run stays here. */
  async #fail(failure: Error): Promise<void> {
    if (this.#life.phase !== 'failed') {
      const rescued = await this.#rescue(failure);
      if (rescued) this.#take(rescued, lifeOf(rescued, true));
      else this.#take({ ...this.#info, message: failure.message }, { phase: 'interrupted' });
    }
    if (this.#life.phase === 'paused' && this.#life.unkept) return;
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
    if (!isHere(this.#life) || this.#life.phase === 'paused') return;
    await this.#ask(pausing(this.#life), () => this.#need.trainer.runs.halt([this.id, 'paused']));
    await this.#loop;
  }

  /** Asks something of the worker; when that is refused, the run goes on as before. */
  async #ask(life: RunLife, request: () => Promise<unknown>): Promise<void> {
    const before = this.#life;
    this.#life = life;
    try {
      await request();
    } catch (error) {
      // Or what was refused would be done at the end.
      if (this.#life === life) this.#life = before;
      throw error;
    }
  }

  async resume({ onProgress, signal }: RunOptionsOf = {}): Promise<void> {
    const paused = this.#life;
    const info = this.#info;
    if (!isHere(paused)) throw new UsageError(`"${info.name}" has ended here (${info.state}).`);
    if (paused.phase !== 'paused') return;
    if (onProgress) this.#onProgress = onProgress;
    this.#take(info, { phase: 'starting' });
    try {
      await this.#start(undefined, signal);
    } catch (error) {
      if (isHere(this.#life)) this.#take(info, paused);
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
    if (!isHere(this.#life)) return;
    await this.#ask(stopping(this.#life, ending), () => this.#halt(ending));
  }

  async #halt(ending: Ending): Promise<void> {
    if (stateOf(this.#life) === 'paused') {
      // One whose device was lost must be read again to end with something.
      if (ending === 'keep') await this.#need.trainer.runs.begin([{ id: this.id, model: this.#model }]);
      this.#loop = this.#end(this.#info);
    } else await this.#need.trainer.runs.halt([this.id, 'stopped']);
    await this.#loop;
  }

  /**
   * Another run takes the place in the worker; this one stays paused, and can be resumed from its checkpoint.
   * @throws UsageError when more of it is here than in a checkpoint
   */
  putAside(): void {
    if (!isHere(this.#life)) return;
    const { name, unkept } = this.#info;
    if (unkept) {
      const instead = unkept === 'full' ? 'Make room, then resume or stop it first' : 'Resume or stop it first';
      throw new UsageError(`"${name}" is paused here and no checkpoint of it could be kept, so this would lose it. ${instead}.`);
    }
    this.#life = released(this.#life);
    void this.#dictionaries.removePreviews();
    this.#reject(new EngineError(`"${name}" was put aside for another run. It can be resumed from its checkpoint, in the list of runs.`));
  }

  /** The dictionary as it is now, opened in the page. */
  preview(index: number): Promise<DictionaryInfo> {
    return this.#dictionaries.preview(index, this.#info);
  }

  async #end(info: RunInfo): Promise<void> {
    const { trainer } = this.#need;
    const { ending, state } = endOf(this.#life, info);
    if (ending === 'forget') {
      await trainer.runs.forget([this.id]);
      this.#take(info, { phase: 'stopped', forgotten: true });
    } else if (ending === 'drop') {
      this.#settle(await trainer.runs.conclude([this.id, { state: 'stopped', ids: [] }]));
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
    const { ids, problem } = await this.#dictionaries.import(info.dictionaries.length);
    const conclude = (end: RunEnd) => this.#need.trainer.runs.conclude([this.id, end]);
    if (!problem) return this.#settle(await conclude({ state, ids }));
    const paused = await conclude({ state: 'paused', ids, message: `${problem} ${KEPT}` });
    // Where nothing is ever kept, waiting helps nobody: the dictionaries last as long as the run would.
    if (paused.unkept === 'denied') return this.#settle(await conclude({ state, ids, message: problem }));
    this.#settle(paused.unkept ? { ...paused, message: `${problem} ${HELD}` } : paused);
  }

  async #close(): Promise<void> {
    this.#life = released(this.#life);
    await this.#dictionaries.removePreviews();
    this.#need.changed(true);
  }

  /** Figures that come while it goes on. */
  #progress(info: RunInfo): void {
    this.#take(info, progressed(this.#life, info));
  }

  /** What the worker wrote down last. */
  #settle(info: RunInfo): void {
    this.#take(info, lifeOf(info, true));
  }

  #take(info: RunInfo, life: RunLife): void {
    const state = stateOf(life);
    const important = state !== this.#info.state;
    this.#life = life;
    this.#info = { ...info, state };
    this.#onProgress?.(this.#info);
    this.#need.changed(important);
  }
}
