/**
 * A training run: activations in, dictionaries out. Every dictionary is trained on the same rows. What happens is
 * decided by plan, text and model alone, never by time, so that a run that was interrupted and resumed ends with the
 * same bytes. Knows nothing of workers and storage.
 */
import { architectureOf } from '../../core/train/architectures/index.ts';
import type { DictionaryPlan, RunPlan } from '../../core/train/config.ts';
import { resample } from '../../core/train/resample.ts';
import type { RunEvaluation, RunHistory } from '../../core/train/runTypes.ts';
import { learningRateFactor, sparsityFactor } from '../../core/train/schedule.ts';
import { createRandom } from '../../core/array/random.ts';
import { throwIfStopped, UsageError, type Stop } from '../../core/errors.ts';
import type { OpenedDictionary } from '../../core/formats/dictionaries/opened.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { StepTrainer } from '../../kernels/trainer.ts';
import { evaluate } from '../dictionary/evaluate.ts';
import { nextTask } from '../model/runtime.ts';
import { foldTrained, packTrained, type FoldPlace } from './fold.ts';
import { estimateScales, harvestBlock, type BlockRows } from './harvest.ts';
import { heldOutContexts, listBlocks, type Block } from './blocks.ts';
import { copyHistory, countDensity, emptyHistory, isPoint, pointOf } from './history.ts';
import { batchVariation, rowLosses } from './rows.ts';
import { describeRun } from './record.ts';
import { checkFinite, checkSame, checkWeights, failAt, makeTrainers } from './trainers.ts';
import type { RunCheckpoint, RunParts, RunProgress } from './types.ts';

/** Rows that place b_dec at the start, where the architecture does so. */
const SAMPLE_ROWS = 2048;
/** Weight of the newest stretch in the rate that is shown. */
const RATE_SHARE = 0.1;

/** What a run goes on from. */
interface Start {
  step: number;
  seconds: number;
  scales: number[];
  history: RunHistory;
}

export class TrainingRun {
  readonly plan: RunPlan;
  readonly #parts: RunParts;
  readonly #trainers: StepTrainer[];
  readonly #blocks: Block[];
  readonly #contexts: number[][];
  readonly #scales: number[];
  readonly #history: RunHistory;
  #step: number;
  #seconds: number;
  #rate = 0;
  #held: { index: number; rows: BlockRows } | undefined;

  private constructor(parts: RunParts, plan: RunPlan, trainers: StepTrainer[], { step, seconds, scales, history }: Start) {
    this.#parts = parts;
    this.plan = plan;
    this.#trainers = trainers;
    this.#blocks = listBlocks(plan, parts.ids);
    this.#contexts = heldOutContexts(plan, parts.ids);
    this.#scales = scales;
    this.#history = history;
    this.#step = step;
    this.#seconds = seconds;
  }

  /**
   * Reads the first text, to learn the scale of each hook, and makes the start weights.
   * @throws AbortedError; EngineError when there is no memory
   */
  static async begin(parts: RunParts, plan: RunPlan, stop?: Stop): Promise<TrainingRun> {
    const [first] = listBlocks(plan, parts.ids);
    const began = performance.now();
    const { scales, sample, isWhole } = await estimateScales(parts.model, plan, parts.ids, first, stop);
    const trainers = await makeTrainers(plan, async ({ hook, seed, settings }) => {
      const rows = sample.get(hook)!.subarray(0, SAMPLE_ROWS * settings.d_in);
      return parts.createTrainer(settings, architectureOf(settings).init(settings, createRandom(seed), rows), plan.batch);
    });
    const history = plan.dictionaries.map(emptyHistory);
    const run = new TrainingRun(parts, plan, trainers, { step: 0, seconds: (performance.now() - began) / 1000, scales, history });
    if (isWhole && plan.firstChunks !== undefined) run.#held = { index: first.index, rows: sample };
    return run;
  }

  /**
   * Goes on as if nothing had happened; exactly so on the kernels of the checkpoint.
   * @throws UsageError when model or text are not the checkpoint's; AbortedError; EngineError
   */
  static async resume(parts: RunParts, checkpoint: RunCheckpoint, stop?: Stop): Promise<TrainingRun> {
    throwIfStopped(stop);
    const { plan } = checkpoint;
    checkSame(parts, checkpoint);
    let next = 0;
    const trainers = await makeTrainers(plan, async ({ settings }) => {
      const state = checkpoint.dictionaries[next++];
      const trainer = await parts.createTrainer(settings, state.parameters, plan.batch);
      await trainer.restore(state);
      return trainer;
    });
    return new TrainingRun(parts, plan, trainers, { ...checkpoint, history: copyHistory(checkpoint.history) });
  }

  progress(): RunProgress {
    const rows = [...(this.#held?.rows.values() ?? [])];
    return {
      step: this.#step,
      seconds: this.#seconds,
      tokensPerSecond: this.#rate,
      bytes: this.#trainers.reduce((sum, { bytes }) => sum + bytes, 0) + rows.reduce((sum, { byteLength }) => sum + byteLength, 0),
      kernels: this.#trainers[0].kernels,
      last: this.#history.map(({ points }) => points.at(-1) ?? null),
      evaluations: this.#history.map(({ evaluations }) => evaluations.at(-1) ?? null),
    };
  }

  /** The curves as they grow; copy before sending. */
  history(): RunHistory {
    return this.#history;
  }

  /**
   * One step of every dictionary, reading text when the buffer is used up; measures when that is due.
   * @returns whether there is more to do
   * @throws AbortedError, and nothing is half done; EngineError when the loss is no number any more
   */
  async advance(stop?: Stop): Promise<boolean> {
    throwIfStopped(stop);
    const began = performance.now();
    const spend = () => (this.#seconds += (performance.now() - began) / 1000);
    try {
      await this.#measureIfDue(stop);
      if (this.#step >= this.plan.steps) return false;
      const { block, first, rows } = this.#place();
      const held = await this.#hold(block, stop);
      await this.#trainOn(held, first, rows);
    } finally {
      spend();
    }
    const tokens = this.#place(this.#step - 1).rows;
    const now = tokens / ((performance.now() - began) / 1000);
    this.#rate = this.#rate === 0 ? now : 1 / ((1 - RATE_SHARE) / this.#rate + RATE_SHARE / now);
    return true;
  }

  /** Everything to go on from. Changes nothing. @throws EngineError when the last loss was no number */
  async checkpoint(): Promise<RunCheckpoint> {
    if (this.#step > 0) for (const [i, trainer] of this.#trainers.entries()) checkFinite(this.plan, i, this.#step, await trainer.report());
    const dictionaries = [];
    for (const [i, trainer] of this.#trainers.entries()) {
      const state = await trainer.snapshot();
      checkWeights(this.plan, i, this.#step, state.parameters);
      dictionaries.push(state);
    }
    const { kernels } = this.#trainers[0];
    const history = copyHistory(this.#history);
    return {
      version: 1,
      plan: this.plan,
      kernels,
      step: this.#step,
      seconds: this.#seconds,
      scales: [...this.#scales],
      history,
      dictionaries,
    };
  }

  /** A dictionary as it is now, as SAELens files with its record. */
  async dictionary(index: number): Promise<OpenedDictionary> {
    const dictionary = await this.#folded(index, false);
    const { plan } = this;
    const scale = this.#scaleOf(plan.dictionaries[index]);
    const history = this.#history[index];
    const tokens = this.#rowsBefore(this.#step);
    const record = describeRun(plan, index, { scale, step: this.#step, tokens, seconds: this.#seconds, history });
    return packTrained(dictionary, plan.dictionaries[index].name, record, history.density);
  }

  /** Gives memory back; nothing may be asked afterwards. */
  release(): void {
    for (const trainer of this.#trainers) trainer.release();
    this.#held = undefined;
  }

  /** Where the rows of a step are. */
  #place(step = this.#step): { block: Block; first: number; rows: number } {
    const block = this.#blocks.find((b) => step < b.firstStep + b.steps)!;
    const first = (step - block.firstStep) * this.plan.batch;
    return { block, first, rows: Math.min(this.plan.batch, block.rows - first) };
  }

  #rowsBefore(step: number): number {
    if (step >= this.plan.steps) return this.#blocks.reduce((sum, { rows }) => sum + rows, 0);
    const { block, first } = this.#place(step);
    return block.firstRow + first;
  }

  async #hold(block: Block, stop?: Stop): Promise<BlockRows> {
    if (this.#held?.index !== block.index) {
      // The old block goes first, so that two are never held.
      this.#held = undefined;
      const rows = await harvestBlock(this.#parts.model, this.plan, this.#parts.ids, block, this.#scales, stop);
      this.#held = { index: block.index, rows };
    }
    return this.#held.rows;
  }

  /** From here to the end nothing may be interrupted, or dictionaries would be a step apart. */
  async #trainOn(held: BlockRows, first: number, rows: number): Promise<void> {
    const { plan } = this;
    const settings = {
      ...plan.adam,
      lr: plan.adam.lr * learningRateFactor(plan.schedule, this.#step, plan.steps),
      sparsity: sparsityFactor(plan.schedule, this.#step),
      ...(plan.clip !== null && { clip: plan.clip === 0 ? Infinity : plan.clip }),
    };
    const batchOf = ({ hook, settings: { d_in } }: DictionaryPlan) => held.get(hook)!.subarray(first * d_in, (first + rows) * d_in);
    for (const [i, trainer] of this.#trainers.entries()) {
      await trainer.step(batchOf(plan.dictionaries[i]), settings);
      await nextTask();
    }
    this.#step++;
    if (isPoint(this.#step, plan.steps)) await this.#record(batchOf, settings.lr, rows);
    const due = plan.resampleEvery > 0 && this.#step % plan.resampleEvery === 0 && this.#step < plan.steps;
    if (due) for (const [i, dictionary] of plan.dictionaries.entries()) await this.#resample(i, batchOf(dictionary));
  }

  async #record(batchOf: (plan: DictionaryPlan) => Float32Array, lr: number, rows: number): Promise<void> {
    const tokens = this.#rowsBefore(this.#step);
    const variations = new Map<string, number>();
    for (const [i, trainer] of this.#trainers.entries()) {
      const dictionary = this.plan.dictionaries[i];
      const { settings, hook } = dictionary;
      const report = await trainer.report();
      checkFinite(this.plan, i, this.#step, report);
      const { fired, silent } = await trainer.firing();
      if (!variations.has(hook)) variations.set(hook, batchVariation(batchOf(dictionary), settings.d_in));
      const at = { step: this.#step, tokens, rows, variation: variations.get(hook)!, lr, deadAfter: this.plan.deadAfter };
      this.#history[i].points.push(pointOf(dictionary, report, silent, at));
      countDensity(this.#history[i], trainer, fired, tokens);
    }
  }

  /** Dead latents begin again at rows of this batch that are explained badly; those for which no row is left, another time. */
  async #resample(index: number, x: Float32Array): Promise<void> {
    const trainer = this.#trainers[index];
    const { settings } = this.plan.dictionaries[index];
    const { silent } = await trainer.firing();
    const dead = [...silent.keys()].filter((j) => silent[j] >= this.plan.deadAfter);
    if (dead.length === 0) return;
    const state = await trainer.snapshot();
    const dictionary = await this.#folded(index, true);
    const losses = await rowLosses(this.#parts.engine, dictionary, x);
    this.#parts.engine.forget(dictionary);
    const random = createRandom(this.plan.seed + 2 ** 32 * (this.#step * this.#trainers.length + index));
    for (const j of resample(settings, state.parameters, state.adam, dead, x, losses, random)) state.counters.silent[j] = 0;
    await trainer.restore(state);
  }

  /** Held-out text, at the steps the plan names and at the end; each dictionary once a step. */
  async #measureIfDue(stop?: Stop): Promise<void> {
    const { evaluateEvery, steps, dictionaries } = this.plan;
    const isDue = this.#step > 0 && (this.#step === steps || (evaluateEvery > 0 && this.#step % evaluateEvery === 0));
    if (!isDue || this.#contexts.length === 0) return;
    for (const i of dictionaries.keys()) {
      const { evaluations } = this.#history[i];
      if (evaluations.at(-1)?.step !== this.#step) evaluations.push(await this.#measure(i, stop));
    }
  }

  async #measure(index: number, stop?: Stop): Promise<RunEvaluation> {
    const { model, engine } = this.#parts;
    const dictionary = await this.#folded(index, false);
    try {
      const found = await evaluate({ model, engine, dictionary, contexts: this.#contexts, ...(stop && { stop }) });
      const { density: _, tokens, ...figures } = found;
      return { step: this.#step, tokens: this.#rowsBefore(this.#step), ...figures, measured_tokens: tokens };
    } catch (error) {
      // The model takes no reconstruction that overflowed: weights of 1e30 are numbers, their sums are not.
      if (error instanceof UsageError) failAt(this.plan, index, this.#step, 'reconstruction');
      throw error;
    } finally {
      engine.forget(dictionary);
    }
  }

  /** @param scaled of scaled rows, as the trainer sees them, instead of the model's own */
  async #folded(index: number, scaled: boolean): Promise<Dictionary> {
    const plan = this.plan.dictionaries[index];
    const { parameters } = await this.#trainers[index].snapshot();
    checkWeights(this.plan, index, this.#step, parameters);
    const { model, corpus } = this.plan;
    const place: FoldPlace = { hook: plan.hook, model: model.id, n_ctx: model.n_ctx, corpus: corpus.names.join(', ') };
    return foldTrained(plan.settings, parameters, scaled ? 1 : this.#scaleOf(plan), place);
  }

  #scaleOf({ hook }: DictionaryPlan): number {
    return this.#scales[this.plan.hooks.findIndex(({ name }) => name === hook)];
  }
}
