/**
 * One run at a time, in all tabs of this page together (a lock that lasts as long as the run is held here). The model is
 * the worker's own, so the page's may change meanwhile.
 */
import { RUN_LOCK, TRAINER_LOCK, tryHold } from '../../src/cache/locks.ts';
import { UsageError } from '../../src/core/errors.ts';
import type { TrainConfig } from '../../src/core/train/config.ts';
import type { RunEstimate, RunHistory, RunInfo } from '../../src/core/train/runTypes.ts';
import type { PlainFile, WantedModel } from '../../src/api/model.ts';
import type { HolderSettings, ModelHolder } from '../modelHolder.ts';
import type { CallContext } from '../rpc.ts';
import type { BeginJob, RunEnd } from './api.ts';
import { beginRun } from './beginRun.ts';
import { equip, knownOf, type Platform, type Trainers } from './equip.ts';
import { estimateRun } from './estimate.ts';
import type { HeldRun } from './heldRun.ts';

interface Held {
  held: HeldRun;
  trainers: Trainers;
  unlock: () => void;
  /** Whether `go` is under way. */
  going: boolean;
}

const ONE_AT_A_TIME = 'One run at a time: wait for it, or stop it first.';

export class RunsService {
  readonly #platform: Platform;
  readonly #holder: ModelHolder;
  #held: Held | undefined;
  /** The last begin; never rejects. */
  #begun: Promise<unknown> = Promise.resolve();
  /** A begin or an estimate under way. */
  #busy = false;
  /** The estimate under way: a run does not wait for it. */
  #estimating: { stop: AbortController; ended: Promise<unknown> } | undefined;

  constructor(platform: Platform, holder: ModelHolder) {
    this.#platform = platform;
    this.#holder = holder;
  }

  /** Before all other calls. */
  open(_: CallContext, settings: HolderSettings): void {
    this.#holder.open(settings);
  }

  /** Makes a few steps on real text; see estimate.ts. Gives way to a later estimate and to a run. @throws AbortedError then */
  async estimate(context: CallContext, config: TrainConfig, model: WantedModel): Promise<RunEstimate> {
    await this.#endEstimate();
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    const found = this.#alone(async () => {
      // Read to its end also for an estimate given up: what comes next, most often a run, wants the same model.
      await this.#holder.load(model, { signal: new AbortController().signal, say: () => {} });
      const equipment = await equip(this.#platform, this.#holder, config, model, { signal, say: () => {} });
      try {
        return await estimateRun(equipment.parts, config, knownOf(model, config, equipment), signal);
      } finally {
        equipment.trainers.release();
      }
    });
    const mine = { stop, ended: found.catch(() => undefined) };
    this.#estimating = mine;
    return found.finally(() => {
      if (this.#estimating === mine) this.#estimating = undefined;
    });
  }

  /** Reads text and model and makes the first step; or takes up a run that is paused here. Reports what is going on. */
  async begin(context: CallContext<RunInfo>, job: BeginJob): Promise<RunInfo> {
    if (this.#held?.held.id === job.id && !this.#held.going) return this.#held.held.takeUp();
    await this.#endEstimate();
    return this.#alone(() => {
      const begun = this.#beginLocked(context, job);
      this.#begun = begun.catch(() => undefined);
      return begun;
    });
  }

  /** Trains until all is done, `halt` is called, or something is in the way. @returns where it stands; `state` says why it ended */
  async go({ progress }: CallContext<RunInfo>, id: string): Promise<RunInfo> {
    const mine = this.#find(id);
    if (mine.going) throw new UsageError('The run goes on already.');
    mine.going = true;
    try {
      const info = await mine.held.go(progress);
      const lost = await this.#holder.dropIfLost();
      if (lost || info.state === 'failed') this.#release();
      return info;
    } finally {
      mine.going = false;
    }
  }

  /** Asks `go` to end; 'paused' keeps a checkpoint, 'stopped' leaves all as it is for `files`. */
  halt(_: CallContext, id: string, state: 'paused' | 'stopped'): void {
    this.#find(id).held.halt(state);
  }

  /** A dictionary as it is now, as the files of a SAELens folder. */
  files(_: CallContext, id: string, index: number): Promise<PlainFile[]> {
    const { held } = this.#find(id);
    const count = held.info().dictionaries.length;
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new UsageError(
        `The run has ${count} ${count === 1 ? 'dictionary' : 'dictionaries'}, counted from 0; there is none of number ${String(index)}.`,
      );
    }
    return held.files(index);
  }

  /**
   * The dictionaries are in the library: writes it down and gives everything back. A paused end makes a checkpoint; when
   * that is refused (`unkept`) nothing is given back. A run that is not held any more can only be 'stopped'.
   */
  async conclude(_: CallContext, id: string, end: RunEnd): Promise<RunInfo> {
    if (this.#held?.held.id !== id && end.state === 'stopped') return this.#concludeKept(id);
    const info = await this.#find(id).held.conclude(end);
    if (!info.unkept) this.#release();
    return info;
  }

  /** Gives a run back, after a begin under way, and forgets that it was. */
  async forget(_: CallContext, id: string): Promise<void> {
    await this.#begun;
    if (this.#held?.held.id === id) this.#release();
    await this.#platform.runs.remove(id);
  }

  /** @throws when the run is not held here */
  history(_: CallContext, id: string): RunHistory {
    return this.#find(id).held.history();
  }

  async #endEstimate(): Promise<void> {
    while (this.#estimating) {
      const { stop, ended } = this.#estimating;
      stop.abort();
      await ended;
      // Its own clean-up comes a moment later.
      await Promise.resolve();
    }
  }

  async #beginLocked(context: CallContext<RunInfo>, job: BeginJob): Promise<RunInfo> {
    const unlock = await this.#lock(job.id);
    try {
      const begun = await beginRun(this.#platform, this.#holder, context, job);
      this.#held = { ...begun, unlock, going: false };
      return begun.held.info();
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** A run that was given back already, as when its device was lost, ends without its dictionaries; its curves stay. */
  async #concludeKept(id: string): Promise<RunInfo> {
    const { runs } = this.#platform;
    const kept = await runs.get(id);
    if (!kept) throw new UsageError('The run does not go on in this tab.');
    const info: RunInfo = { ...kept.info, state: 'stopped' };
    delete info.message;
    await runs.finish({ ...kept, info }, (await runs.history(id)) ?? []);
    return info;
  }

  #find(id: string): Held {
    if (this.#held?.held.id !== id) throw new UsageError('The run does not go on in this tab.');
    return this.#held;
  }

  /** One begin or estimate at a time, and none beside a run that goes on. A paused run is put aside; its checkpoint is kept. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new UsageError('Another run is just being started here. Wait for it, or stop it.');
    if (this.#held?.going) throw new UsageError(`"${this.#held.held.info().name}" is being trained here. ${ONE_AT_A_TIME}`);
    this.#busy = true;
    try {
      if (this.#held) this.#release();
      return await work();
    } finally {
      this.#busy = false;
    }
  }

  async #lock(id: string): Promise<() => void> {
    const trainer = await tryHold(TRAINER_LOCK);
    if (!trainer) throw new UsageError(`A run goes on, or is paused, in another tab of this page. ${ONE_AT_A_TIME}`);
    const mine = await tryHold(RUN_LOCK + id);
    return () => {
      trainer();
      mine?.();
    };
  }

  #release(): void {
    const mine = this.#held;
    this.#held = undefined;
    mine?.held.release();
    mine?.trainers.release();
    mine?.unlock();
  }
}
