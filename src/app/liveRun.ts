/** A run that goes on, or is paused, in this tab. */
import type { RunEnd, TrainModel } from '../../workers/trainer/api.ts';
import type { TrainerClient } from '../../workers/trainer/client.ts';
import { EngineError, UsageError } from '../core/errors.ts';
import type { DictionaryInfo } from '../core/lm/types.ts';
import type { TrainConfig } from '../core/train/config.ts';
import type { RunInfo } from '../core/train/runTypes.ts';
import { startingRun } from '../core/train/startingRun.ts';
import type { Run } from './api.ts';
import type { TrainingNeeds } from './training.ts';

export interface LiveRunNeeds extends Pick<TrainingNeeds, 'lens' | 'libraryChanged'> {
  trainer: { call: TrainerClient['call'] };
  /** @param important the state changed, not only figures */
  changed: (important: boolean) => void;
  onProgress?: (info: RunInfo) => void;
}

type Outcome = Awaited<Run['done']>;
/** What to do when the worker's loop has ended. */
type Ending = 'keep' | 'drop' | 'forget';

export class LiveRun implements Run {
  readonly id: string;
  readonly done: Promise<Outcome>;
  readonly #config: TrainConfig | undefined;
  readonly #model: TrainModel;
  readonly #need: LiveRunNeeds;
  /** Ids of the opened previews, by dictionary. */
  readonly #previews = new Map<number, string>();
  #info: RunInfo;
  #resolve!: (outcome: Outcome) => void;
  #reject!: (error: Error) => void;
  #going: Promise<void> = Promise.resolve();
  #ending: Ending | undefined;
  #open = true;

  constructor(id: string, config: TrainConfig | undefined, model: TrainModel, need: LiveRunNeeds) {
    this.id = id;
    this.#config = config;
    this.#model = model;
    this.#need = need;
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

  /** Whether it computes, so that nothing else may begin. */
  get isBusy(): boolean {
    return this.#open && this.#info.state !== 'paused';
  }

  /** Resolves when the first step is made. */
  async begin(signal?: AbortSignal): Promise<void> {
    const forget = () => void this.forget().catch(() => undefined);
    try {
      await this.#begin(this.#config, signal);
    } catch (error) {
      this.#open = false;
      throw error;
    }
    signal?.addEventListener('abort', forget);
    void this.done.catch(() => undefined).finally(() => signal?.removeEventListener('abort', forget));
    if (signal?.aborted) forget();
  }

  async #begin(config: TrainConfig | undefined, signal?: AbortSignal): Promise<void> {
    const job = { id: this.id, model: this.#model, ...(config && { config }) };
    this.#take(await this.#need.trainer.call('begin', [job], { signal, onProgress: (info) => this.#take(info) }));
    this.#going = this.#go();
  }

  async #go(): Promise<void> {
    try {
      const info = await this.#need.trainer.call('go', [this.id], { onProgress: (now) => this.#take(now) });
      if (info.state === 'paused' && !this.#ending) return this.#take(info);
      if (info.state === 'failed') {
        this.#take(info);
        throw new EngineError(info.message ?? 'The run failed.');
      }
      await this.#end(info);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      if (this.#info.state !== 'failed') this.#take({ ...this.#info, state: 'interrupted', message: failure.message });
      await this.#close();
      this.#reject(failure);
    }
  }

  async pause(): Promise<void> {
    if (!this.#open || this.#info.state === 'paused') return;
    await this.#need.trainer.call('halt', [this.id, 'paused']);
    await this.#going;
  }

  async resume(): Promise<void> {
    if (!this.#open) throw new UsageError(`"${this.#info.name}" has ended here (${this.#info.state}).`);
    if (this.#info.state !== 'paused') return;
    this.#take({ ...this.#info, state: 'starting' });
    try {
      await this.#begin(undefined);
    } catch (error) {
      this.#take({ ...this.#info, state: 'paused' });
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
    if (!this.#open) return;
    this.#ending = ending;
    if (this.#info.state === 'paused') {
      // One that was paused so long ago that another took its place must be read again to end with something.
      if (ending === 'keep') await this.#need.trainer.call('begin', [{ id: this.id, model: this.#model }]);
      this.#going = this.#end(this.#info);
    } else await this.#need.trainer.call('halt', [this.id, 'stopped']);
    await this.#going;
  }

  /** Another run takes the place in the worker; this one stays paused, and can be resumed from its checkpoint. */
  putAside(): void {
    if (!this.#open) return;
    this.#open = false;
    void this.#removePreviews();
    this.#reject(
      new EngineError(`"${this.#info.name}" was put aside for another run. Its checkpoint is kept; resume it from the list of runs.`),
    );
  }

  /** The dictionary as it is now, opened in the page. */
  async preview(index: number): Promise<DictionaryInfo> {
    const { lens, trainer, libraryChanged } = this.#need;
    const files = await trainer.call('files', [this.id, index]);
    const { name, step } = this.#info;
    const options = { label: `${name}, dictionary ${index} at step ${step} (in training)`, replaces: this.#previews.get(index) ?? null };
    const info = await lens.call('previewDictionary', [files, options]);
    this.#previews.set(index, info.id);
    libraryChanged();
    return info;
  }

  async #end(info: RunInfo): Promise<void> {
    const { trainer } = this.#need;
    const ending = this.#ending ?? 'keep';
    const state = this.#ending && info.step < (info.plan?.steps ?? Infinity) ? 'stopped' : 'finished';
    if (ending === 'forget') {
      await trainer.call('forget', [this.id]);
      this.#take({ ...info, state: 'stopped' });
    } else if (ending === 'drop') {
      this.#take(await trainer.call('conclude', [this.id, { state: 'stopped', ids: [] }]));
    } else {
      const { ids, problem } = await this.#import(info);
      const end: RunEnd = problem
        ? { state: 'paused', ids, message: `${problem} The run is kept as well: make room and resume it to keep them.` }
        : { state, ids };
      this.#take(await trainer.call('conclude', [this.id, end]));
    }
    await this.#close();
    this.#resolve({ dictionaries: outcomeOf(this.#info) });
  }

  /** Dictionaries into the library. @returns their ids, and why they are not kept there */
  async #import(info: RunInfo): Promise<{ ids: string[]; problem: string }> {
    const { lens, trainer, libraryChanged } = this.#need;
    const ids: string[] = [];
    let problem = '';
    for (const index of info.dictionaries.keys()) {
      const files = await trainer.call('files', [this.id, index]);
      const imported = await lens.call('importDictionaries', [files, {}]);
      const [{ id }] = imported.dictionaries;
      ids.push(id);
      if (!(await lens.call('keptDictionaries', [])).includes(id)) problem ||= imported.warnings.at(-1) ?? '';
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
    for (const id of ids) await this.#need.lens.call('removeDictionary', [id]).catch(() => undefined);
    if (ids.length > 0) this.#need.libraryChanged();
  }

  #take(info: RunInfo): void {
    const important = info.state !== this.#info.state;
    this.#info = info;
    this.#need.onProgress?.(info);
    this.#need.changed(important);
  }
}

function outcomeOf({ plan, dictionaries }: RunInfo): Outcome['dictionaries'] {
  return dictionaries.flatMap(({ id, evaluation }, i) => (id && plan ? [{ id, config: plan.dictionaries[i], metrics: evaluation }] : []));
}
