/**
 * The trainer worker's work, without the worker: text, model and one run at a time, in all tabs of this page together
 * (a lock that lasts as long as the run is held here). The model is its own, so the page's may change meanwhile.
 */
import { checkCorpusName, listShippedCorpora, type CorpusStore } from '../../src/cache/corpusStore.ts';
import { RUN_LOCK, TRAINER_LOCK, tryHold } from '../../src/cache/locks.ts';
import { StorageError, type RunRecord, type StoredRun } from '../../src/cache/runStore.ts';
import { chooseDevice, type DeviceChoice } from '../../src/gpu/device.ts';
import { throwIfStopped, UsageError } from '../../src/core/errors.ts';
import type { TrainConfig } from '../../src/core/train/config.ts';
import type { CorpusInfo, RunEstimate, RunHistory, RunInfo } from '../../src/core/train/runTypes.ts';
import { startingRun } from '../../src/core/train/startingRun.ts';
import type { SaeEngine } from '../../src/kernels/engine.ts';
import { readDocuments } from '../../src/engine/text/documents.ts';
import type { Runtime } from '../../src/engine/model/runtime.ts';
import { resolvePlan } from '../../src/engine/training/plan.ts';
import { TrainingRun } from '../../src/engine/training/run.ts';
import type { RunCheckpoint, RunParts } from '../../src/engine/training/types.ts';
import { openModel, type LoadedModel } from '../../src/engine/model/openModel.ts';
import type { CallContext } from '../rpc.ts';
import type { BeginJob, FileIn, RunEnd, TrainModel } from './api.ts';
import { estimateRun } from './estimate.ts';
import { HeldRun, type TrainingStore } from './heldRun.ts';
import { corpusNames, openCorpora, tokenizeCorpora, type Text } from '../../src/engine/text/corpora.ts';

/** Layout of checkpoints that this build goes on from. */
const CHECKPOINT_VERSION = 1;

export interface Platform {
  runs: TrainingStore;
  corpora: CorpusStore;
  createRuntime(choice: DeviceChoice): Promise<Runtime>;
  /** Encodes and decodes for the measurements. */
  createEngine(runtime: Runtime): Promise<SaeEngine>;
  /** How a dictionary is trained on this runtime's device. @param threads wanted; fewer where there are no more */
  createTrainers(runtime: Runtime, threads: number | undefined): Promise<Trainers>;
}

export interface Trainers {
  create: RunParts['createTrainer'];
  threads: number;
  /** Ends what only serves trainers; nothing may be made afterwards. */
  release(): void;
}

/** All that a run computes with. */
interface Equipment {
  parts: RunParts;
  trainers: Trainers;
  text: Text;
}

interface Held {
  held: HeldRun;
  trainers: Trainers;
  unlock: () => void;
  /** Whether `go` is under way. */
  going: boolean;
}

export class TrainerSession {
  readonly #platform: Platform;
  #settings: { device: 'webgpu' | 'wasm'; base: string } = { device: 'wasm', base: '/' };
  #runtime: Promise<{ runtime: Runtime; engine: SaeEngine }> | undefined;
  #model: { key: string; loaded: LoadedModel } | undefined;
  #text: { key: string; text: Text } | undefined;
  #held: Held | undefined;
  /** The last begin; never rejects. */
  #begun: Promise<unknown> = Promise.resolve();
  /** A begin or an estimate under way. */
  #busy = false;
  /** The estimate under way: a run does not wait for it. */
  #estimating: { stop: AbortController; ended: Promise<unknown> } | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  open(settings: { device: 'webgpu' | 'wasm'; base: string }): void {
    this.#settings = settings;
  }

  async addCorpus(
    { signal }: CallContext,
    name: string,
    file: FileIn,
    { field }: { field?: string } = {},
  ): Promise<{ corpus: CorpusInfo; warnings: string[] }> {
    const shipped = await listShippedCorpora(this.#settings.base);
    const checked = checkCorpusName(
      name,
      shipped.map((corpus) => corpus.name),
    );
    const { documents, warnings } = await readDocuments(file, { ...(field !== undefined && { field }), stop: signal });
    throwIfStopped(signal);
    return { corpus: await this.#platform.corpora.save(checked, documents), warnings };
  }

  /** Makes a few steps on real text; see estimate.ts. Gives way to a later estimate and to a run. @throws AbortedError then */
  async estimate(context: CallContext, config: TrainConfig, model: TrainModel): Promise<RunEstimate> {
    await this.#endEstimate();
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    const found = this.#alone(async () => {
      const { parts, trainers, text } = await this.#equip(config, model, { ...context, signal }, () => {});
      try {
        return await estimateRun(parts, config, this.#known(model, config, parts, text), signal);
      } finally {
        trainers.release();
      }
    });
    const mine = { stop, ended: found.catch(() => undefined) };
    this.#estimating = mine;
    return found.finally(() => {
      if (this.#estimating === mine) this.#estimating = undefined;
    });
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

  async begin(context: CallContext, job: BeginJob): Promise<RunInfo> {
    if (this.#held?.held.id === job.id && !this.#held.going) return this.#held.held.takeUp();
    await this.#endEstimate();
    return this.#alone(() => {
      const begun = this.#beginLocked(context, job);
      this.#begun = begun.catch(() => undefined);
      return begun;
    });
  }

  async #beginLocked(context: CallContext, job: BeginJob): Promise<RunInfo> {
    const unlock = await this.#lock(job.id);
    try {
      return await this.#begin(context, job, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  async #begin(context: CallContext, { id, config, model }: BeginJob, unlock: () => void): Promise<RunInfo> {
    const { runs } = this.#platform;
    const { signal } = context;
    throwIfStopped(signal);
    const kept = config ? undefined : await runs.get(id);
    if (!config && !kept) throw new UsageError(`There is no training run ${id} here any more.`);
    if (!model) throw new UsageError('There is no model to train on.');
    const record: RunRecord = kept ? { info: kept.info, model: kept.model } : newRecord(id, config!, model);
    const say = (message: string) => context.progress({ ...record.info, state: 'starting', message, updated: Date.now() });
    // So that a tab that goes away now is found again; without storage the run lives as long as the page.
    if (!kept) await runs.save(record).catch(passUnlessFull);
    let trainers: Trainers | undefined;
    let run: TrainingRun | undefined;
    try {
      const equipment = await this.#equip(record.info.config, model, context, say);
      const { parts, text } = equipment;
      trainers = equipment.trainers;
      const checkpoint = kept && (await this.#checkpoint(kept));
      if (checkpoint && text.hash !== checkpoint.plan.corpus.hash) throw new UsageError(CHANGED_TEXT);
      say('Making the first step.');
      run = checkpoint
        ? await TrainingRun.resume(parts, checkpoint, signal)
        : await TrainingRun.begin(parts, resolvePlan(record.info.config, this.#known(model, record.info.config, parts, text)), signal);
      await run.advance(signal);
      throwIfStopped(signal);
      const info = {
        ...record.info,
        ...(kept && continued(kept.info, checkpoint?.kernels, run.progress().kernels, checkpoint?.step ?? 0)),
      };
      const { name } = run.plan;
      const held = new HeldRun({
        run,
        record: { ...record, info: { ...info, name, state: 'running', threads: trainers.threads } },
        store: runs,
        lost: () => parts.model.runtime.lost,
        ...(checkpoint && { savedStep: checkpoint.step }),
      });
      await runs.save({ ...record, info: held.info() }).catch(passUnlessFull);
      // The page has given it up, and nobody would ever end it.
      throwIfStopped(signal);
      this.#held = { held, trainers, unlock, going: false };
      return held.info();
    } catch (error) {
      run?.release();
      trainers?.release();
      await (kept ? runs.save(kept) : runs.remove(id)).catch(() => undefined);
      throw error;
    }
  }

  /** @returns undefined when none was ever made; one that cannot be read would be lost if the run began again */
  async #checkpoint({ info: { id, name }, bytes }: StoredRun): Promise<RunCheckpoint | undefined> {
    const found = await this.#platform.runs.checkpoint(id, CHECKPOINT_VERSION).catch(() => undefined);
    if (found || bytes === 0) return found;
    throw new UsageError(
      `The checkpoint of "${name}" cannot be read: it is damaged, or another version of this page made it. It is left as it is; remove the run and begin it anew.`,
    );
  }

  async go(context: CallContext, id: string): Promise<RunInfo> {
    const mine = this.#find(id);
    if (mine.going) throw new UsageError('The run goes on already.');
    mine.going = true;
    try {
      const info = await mine.held.go(context.progress);
      const lost = await this.#dropIfLost();
      if (lost || info.state === 'failed') this.#release();
      return info;
    } finally {
      mine.going = false;
    }
  }

  halt(id: string, state: 'paused' | 'stopped'): void {
    this.#find(id).held.halt(state);
  }

  files(id: string, index: number): Promise<FileIn[]> {
    const { held } = this.#find(id);
    const count = held.info().dictionaries.length;
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new UsageError(
        `The run has ${count} ${count === 1 ? 'dictionary' : 'dictionaries'}, counted from 0; there is none of number ${String(index)}.`,
      );
    }
    return held.files(index);
  }

  async conclude(id: string, end: RunEnd): Promise<RunInfo> {
    if (this.#held?.held.id !== id && end.state === 'stopped') return this.#concludeKept(id);
    const info = await this.#find(id).held.conclude(end);
    if (!info.unkept) this.#release();
    return info;
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

  async forget(id: string): Promise<void> {
    await this.#begun;
    if (this.#held?.held.id === id) this.#release();
    await this.#platform.runs.remove(id);
  }

  history(id: string): RunHistory {
    return this.#find(id).held.history();
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

  /** A lost device answers nothing any more; the next run opens one anew. */
  async #dropIfLost(): Promise<boolean> {
    const open = await this.#runtime;
    if (!open?.runtime.lost) return false;
    this.#runtime = undefined;
    this.#model = undefined;
    return true;
  }

  #known(model: TrainModel, config: TrainConfig, parts: RunParts, { ids, hash }: Text): Parameters<typeof resolvePlan>[1] {
    const { config: modelConfig, hash: modelHash } = parts.model;
    return { model: { id: model.info.id, hash: modelHash, config: modelConfig }, corpus: { names: corpusNames(config.corpus), ids, hash } };
  }

  async #equip(config: TrainConfig, model: TrainModel, context: CallContext, say: (message: string) => void): Promise<Equipment> {
    if (typeof config !== 'object' || config === null) throw new UsageError('A training run is described by an object.');
    checkThreads(config.threads);
    const { runtime, engine } = await this.#open();
    const loaded = await this.#load(runtime, model, context.signal, say);
    const text = await this.#read(corpusNames(config.corpus), loaded, context.signal, say);
    throwIfStopped(context.signal);
    const trainers = await this.#platform.createTrainers(runtime, config.threads);
    return { parts: { model: loaded.model, engine, ids: text.ids, createTrainer: trainers.create }, trainers, text };
  }

  #open(): Promise<{ runtime: Runtime; engine: SaeEngine }> {
    const platform = this.#platform;
    const start = async () => {
      const runtime = await platform.createRuntime(await chooseDevice(this.#settings.device));
      return { runtime, engine: await platform.createEngine(runtime) };
    };
    this.#runtime ??= start().catch((error: unknown) => {
      this.#runtime = undefined;
      throw error;
    });
    return this.#runtime;
  }

  /** Kept until another one is asked for, so that an estimate and the run after it read it once. */
  async #load(runtime: Runtime, { info, source }: TrainModel, signal: AbortSignal, say: (message: string) => void): Promise<LoadedModel> {
    const key = info.hash && `${info.id} ${info.hash}`;
    if (key && this.#model?.key === key) return this.#model.loaded;
    say(`Reading the model ${info.id}.`);
    await this.#model?.loaded.model.release();
    this.#model = undefined;
    const loaded = await openModel(runtime, this.#settings.base, source, { onProgress: () => {}, signal });
    this.#model = { key: `${loaded.info.id} ${loaded.info.hash}`, loaded };
    return loaded;
  }

  async #read(
    names: string[],
    { info, model, tokenizer }: LoadedModel,
    signal: AbortSignal,
    say: (message: string) => void,
  ): Promise<Text> {
    if (!tokenizer) {
      throw new UsageError(
        `The model ${info.id} came without tokenizer.json, so text cannot be turned into its tokens. Open it with that file.`,
      );
    }
    say('Reading the text.');
    const corpora = await openCorpora(this.#platform.corpora, this.#settings.base, names);
    const key = `${info.id} ${info.hash} ${corpora.version}`;
    if (this.#text?.key === key) return this.#text.text;
    this.#text = undefined;
    let said = 0;
    const onProgress = (characters: number) => {
      if (Date.now() - said < SAY_MS) return;
      said = Date.now();
      say(`Turning the text into tokens: ${(characters / 1e6).toFixed(1)} million characters.`);
    };
    const text = await tokenizeCorpora(corpora, tokenizer, model.config.eos_token_id, { signal, onProgress });
    this.#text = { key, text };
    return text;
  }
}

const SAY_MS = 500;
const MOST_THREADS = 32;
const ONE_AT_A_TIME = 'One run at a time: wait for it, or stop it first.';
const CHANGED_TEXT = 'The text of this run is not what it was when the run began, so the run cannot go on exactly. Begin a new one.';

function checkThreads(threads: unknown): void {
  if (threads === undefined || (Number.isInteger(threads) && (threads as number) >= 1 && (threads as number) <= MOST_THREADS)) return;
  throw new UsageError(`\`threads\` must be a whole number from 1 to ${MOST_THREADS}; it is ${JSON.stringify(threads)}.`);
}

function passUnlessFull(error: unknown): void {
  if (!(error instanceof StorageError) || error.full) throw error;
}

function newRecord(id: string, config: TrainConfig, { info }: TrainModel): RunRecord {
  return { info: startingRun(id, config), model: { id: info.id, hash: info.hash, source: info.source } };
}

/** What a resume from the store changes: how often it was, and whether it is exact. */
function continued(old: RunInfo, before: string | undefined, now: string, step: number): Partial<RunInfo> {
  const same = before === undefined || before === now;
  const message = same
    ? undefined
    : `The run went on at step ${step} with other kernels (${now} instead of ${before}), so its numbers are not exactly those of a run without interruption.`;
  const rest: Partial<RunInfo> = { resumes: old.resumes + 1, exact: old.exact && same };
  return { ...rest, message };
}
