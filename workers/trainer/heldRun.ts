/** A run in the trainer worker's hands: its loop, its checkpoints, and what is said of it. */
import { StorageError, type RunRecord, type RunStore } from '../../src/cache/runStore.ts';
import { AbortedError } from '../../src/core/errors.ts';
import { exportSaelens } from '../../src/core/formats/dictionaries/write.ts';
import type { RunHistory, RunInfo } from '../../src/core/train/runTypes.ts';
import { nextTask } from '../../src/engine/model/runtime.ts';
import type { TrainingRun } from '../../src/engine/training/run.ts';
import type { RunCheckpoint } from '../../src/engine/training/types.ts';
import type { PlainFile } from '../../src/api/model.ts';
import type { RunEnd } from './api.ts';

export type TrainingStore = RunStore<RunCheckpoint>;

/** What the loop needs of a run; tests bring their own. */
export type Trainable = Pick<TrainingRun, 'plan' | 'progress' | 'history' | 'advance' | 'checkpoint' | 'dictionary' | 'release'>;

interface HeldParts {
  run: Trainable;
  record: RunRecord;
  store: TrainingStore;
  /** Why nothing can be computed any more; '' while all is well. */
  lost: () => string;
  /** Step of the checkpoint it comes from. */
  savedStep?: number;
  now?: () => number;
}

/** Between two reports of progress. */
const REPORT_MS = 500;

export class HeldRun {
  readonly #run: Trainable;
  readonly #store: TrainingStore;
  readonly #lost: () => string;
  readonly #now: () => number;
  #record: RunRecord;
  #stop = { aborted: false };
  #wanted: 'paused' | 'stopped' | undefined;
  /** Step of the last checkpoint, and when it was made. */
  #saved = { step: -1, at: 0 };
  /** Why the last checkpoint was refused. 'denied': this browser stores nothing; the run goes on, and lives as long as the page. */
  #refused: RunInfo['unkept'];

  constructor({ run, record, store, lost, savedStep = -1, now = Date.now }: HeldParts) {
    this.#run = run;
    this.#store = store;
    this.#lost = lost;
    this.#now = now;
    this.#record = record;
    this.#saved = { step: savedStep, at: now() };
    this.#say({});
  }

  get id(): string {
    return this.#record.info.id;
  }

  info(): RunInfo {
    return this.#record.info;
  }

  /** A `halt` from here on counts, also one that comes before `go`; an older one was for a loop that had ended by itself. */
  takeUp(): RunInfo {
    this.#stop = { aborted: false };
    this.#wanted = undefined;
    return this.info();
  }

  /** Trains until all is done, `halt` is called or something is in the way, which the state tells. Never rejects. */
  async go(report: (info: RunInfo) => void): Promise<RunInfo> {
    this.#say({ state: 'running' });
    try {
      if (this.#lost()) throw new Error(this.#lost());
      const done = await this.#train(report);
      if (done || this.#wanted === 'stopped') return this.#say({});
      await this.#checkpoint('paused');
      return this.#say({ state: 'paused' });
    } catch (error) {
      return await this.#fail(error);
    } finally {
      this.takeUp();
    }
  }

  /** @returns whether all is done */
  async #train(report: (info: RunInfo) => void): Promise<boolean> {
    let reported = -Infinity;
    for (;;) {
      if (!(await this.#advance())) return this.#wanted === undefined;
      // Messages come in here: halt, a look at the curves, a preview.
      await nextTask();
      if (this.#wanted) return false;
      const now = this.#now();
      if (now - this.#saved.at >= 1000 * this.#run.plan.checkpointSeconds) await this.#checkpoint('running');
      if (now - reported >= REPORT_MS) {
        reported = now;
        report(this.#say({}));
      }
    }
  }

  /** @returns whether there is more to do */
  async #advance(): Promise<boolean> {
    try {
      return await this.#run.advance(this.#stop);
    } catch (error) {
      // While text was read for the next steps; nothing is half done.
      if (this.#wanted && error instanceof AbortedError) return false;
      throw error;
    }
  }

  halt(state: 'paused' | 'stopped'): void {
    this.#wanted = state;
    this.#stop.aborted = true;
  }

  async #checkpoint(state: RunInfo['state']): Promise<void> {
    const { step } = this.#run.progress();
    try {
      if (step === this.#saved.step) await this.#store.save({ ...this.#record, info: this.#describe({ state }) });
      else await this.#store.saveCheckpoint({ ...this.#record, info: this.#describe({ state }) }, await this.#run.checkpoint());
      this.#refused = undefined;
      this.#saved.step = step;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#refused = error.full ? 'full' : 'denied';
      if (error.full) throw error;
      this.#say({
        message: `${error.message} It goes on, and its dictionaries can be exported, but it lasts only until this page is closed.`,
      });
    }
    this.#saved.at = this.#now();
  }

  async #fail(error: unknown): Promise<RunInfo> {
    const reason = error instanceof Error ? error.message : String(error);
    const { info } = this.#record;
    if (error instanceof StorageError) {
      return this.#say({
        state: 'paused',
        message: `${reason} The run is paused; make room (Storage in the menu shows what is kept), then resume it.`,
      });
    }
    const kept = this.#saved.step >= 0 ? `Its checkpoint of step ${this.#saved.step} is kept` : 'It can begin again';
    const step = Math.max(0, this.#saved.step);
    const failed = this.#lost()
      ? this.#say({ state: 'paused', step, message: `${firstSentence(this.#lost())} The run is paused. ${kept}; resume it to go on.` })
      : this.#say({ state: 'failed', message: reason });
    const { unkept: _, ...past } = { ...failed, step, seconds: info.seconds };
    await this.#store.save({ ...this.#record, info: past }).catch(() => undefined);
    return failed;
  }

  /** A dictionary as it is now, as the files of a SAELens folder. */
  async files(index: number): Promise<PlainFile[]> {
    const opened = await this.#run.dictionary(index);
    const folder = opened.name.replace(/[\\/]+/g, '-');
    const files = await exportSaelens(opened, folder);
    return Promise.all(
      files.map(async ({ path, parts }) => {
        const buffers = parts.map((part) => (part instanceof Uint8Array ? Promise.resolve(part) : part.arrayBuffer()));
        return { path, data: new Blob(await Promise.all(buffers)) };
      }),
    );
  }

  history(): RunHistory {
    return structuredClone(this.#run.history());
  }

  /** Writes the end down. A paused one makes a checkpoint, so that it can be ended again; `unkept` says that it could not. */
  async conclude({ state, ids, message }: RunEnd): Promise<RunInfo> {
    const { dictionaries } = this.#record.info;
    const info = this.#describe({
      state,
      dictionaries: dictionaries.map((d, i) => ({ ...d, id: ids[i] ?? null })),
      ...(message !== undefined && { message }),
    });
    if (message === undefined && this.#refused !== 'denied') delete info.message;
    this.#record = { ...this.#record, info };
    if (state === 'paused') return this.#concludePaused(info);
    await this.#store.finish(this.#record, this.history()).catch(() => undefined);
    return info;
  }

  async #concludePaused({ message }: RunInfo): Promise<RunInfo> {
    await this.#checkpoint('paused').catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
    });
    // A refusal has a message of its own, of a run that goes on.
    return this.#say({ state: 'paused', ...(message !== undefined && { message }) });
  }

  release(): void {
    this.#run.release();
  }

  #say(change: Partial<RunInfo>): RunInfo {
    const info = { ...this.#describe(change), ...(this.#refused && !this.#lost() && { unkept: this.#refused }) };
    // A sentence about a pause is over when the run goes on.
    if (change.state === 'running' && this.#refused !== 'denied' && info.exact) delete info.message;
    this.#record = { ...this.#record, info };
    return info;
  }

  /** As it is written down: what a page's memory holds is no part of that. */
  #describe(change: Partial<RunInfo>): RunInfo {
    const { unkept: _, ...info } = this.#record.info;
    const { step, seconds, tokensPerSecond, bytes, kernels, last, evaluations } = this.#run.progress();
    return {
      ...info,
      plan: this.#run.plan,
      step,
      seconds,
      tokensPerSecond,
      bytes,
      kernels,
      updated: this.#now(),
      dictionaries: last.map((point, i) => ({ last: point, evaluation: evaluations[i], id: info.dictionaries[i]?.id ?? null })),
      ...change,
    };
  }
}

function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text;
}
