/** `npm run train`: the run engine of the page without the page. scripts/train.mjs reads the command line. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { AbortedError, UsageError, type Stop } from '../../core/errors.ts';
import { readDictionary, type OpenedDictionary } from '../../core/formats/dictionaries/opened.ts';
import { architectureOf } from '../../core/train/architectures/index.ts';
import { checkConfig, checkThreads } from '../../core/train/checkConfig.ts';
import type { RunPlan, TrainConfig } from '../../core/train/config.ts';
import { runNumber } from '../../core/train/settings.ts';
import type { Evaluation } from '../../api/dictionaries.ts';
import type { help, Helper } from '../../kernels/wasm/threads.ts';
import { corpusNames, hashIds } from '../text/corpora.ts';
import { cutContexts, evaluate } from '../dictionary/evaluate.ts';
import { resolvePlan } from '../training/plan.ts';
import { TrainingRun } from '../training/run.ts';
import type { RunCheckpoint, RunParts } from '../training/types.ts';
import { openModelFolder, readCorpus, readIds } from './engine.ts';
import { writeFolder } from './folder.ts';
import { openMachine } from './machine.ts';

export interface TrainJob {
  config: TrainConfig;
  /** Where dictionaries and the checkpoint go. */
  out: string;
  /** Folder of the model. */
  model: string;
  /** Default 'wasm', the processor. */
  device?: 'wasm' | 'webgpu';
  /** Of the language model, and of the trainer: neither changes a number. Absent: those of the settings, else all cores. */
  threads?: number;
  /** A way to start helpers of the trainer; the source of `help` is what they run. */
  helpersOf: (source: typeof help) => () => Helper;
  /** Go on from the checkpoint in `out`. */
  resume: boolean;
  /** Ids to measure the finished dictionaries on, and how many; cross-entropies on the first half. */
  evaluate?: { path: string; tokens: number };
  log: (line: string) => void;
  stop: Stop;
}

const CHECKPOINT = 'checkpoint.bin';
const LOG_SECONDS = 15;

/** @throws UsageError, FormatError with a sentence; AbortedError after a checkpoint was written */
export async function train(job: TrainJob): Promise<void> {
  const { config, out, log } = job;
  checkConfig(config);
  const threads = threadsOf(job);
  const names = corpusNames(config.corpus);
  const machine = await openMachine({ device: job.device ?? 'wasm', threads, helpersOf: job.helpersOf });
  const opened = await openModelFolder(machine.runtime, job.model);
  const ids = await readCorpus(names, opened, log);
  log(`${opened.id}; ${ids.length.toLocaleString('en')} tokens of ${names.join(', ')}; on ${machine.name}`);
  const { engine, createTrainer } = machine;
  const parts: RunParts = { model: opened.model, engine, ids, createTrainer };
  const known = {
    model: { id: opened.id, hash: opened.model.hash, config: opened.model.config },
    corpus: { names: names.map((name) => name.split('/').at(-1)!), ids, hash: await hashIds(ids) },
  };
  const planOf = (growing = true) => resolvePlan(config, known, growing);
  const checkpoint = job.resume ? readCheckpoint(out, planOf) : undefined;
  const plan = checkpoint?.plan ?? planOf();
  mkdirSync(out, { recursive: true });
  const run = checkpoint ? await TrainingRun.resume(parts, checkpoint) : await TrainingRun.begin(parts, plan, job.stop);
  const { kernels } = run.progress();
  log(`${plan.name}: ${plan.dictionaries.length} dictionaries, ${plan.steps} steps of ${plan.batch} rows, ${kernels}`);
  if (checkpoint && checkpoint.kernels !== kernels) log(inexact(checkpoint, kernels));
  await advanceToEnd(run, job);
  for (const [index, dictionary] of plan.dictionaries.entries()) {
    const packed = await run.dictionary(index);
    const measured = job.evaluate && (await measure(parts, packed, job.evaluate));
    await write(join(out, folderOf(plan, index)), packed, measured);
    log(`${dictionary.name}: ${describe(measured ?? run.history()[index].evaluations.at(-1))}`);
  }
  writeFileSync(
    join(out, 'run.json'),
    JSON.stringify({ config, plan, seconds: run.progress().seconds, history: run.history() }, replaceArrays),
  );
  rmSync(join(out, CHECKPOINT), { force: true });
  run.release();
  await opened.model.release();
  machine.release();
}

async function advanceToEnd(run: TrainingRun, { out, log, stop }: TrainJob): Promise<void> {
  let saved = Date.now();
  let said = 0;
  for (;;) {
    const isMore = await run.advance();
    if (Date.now() - said > 1000 * LOG_SECONDS) {
      said = Date.now();
      log(progressLine(run));
    }
    if (!isMore) return;
    if (!stop.aborted && Date.now() - saved < 1000 * run.plan.checkpointSeconds) continue;
    saveCheckpoint(out, await run.checkpoint());
    saved = Date.now();
    if (stop.aborted) throw new AbortedError(`Stopped at step ${run.progress().step}; go on with --resume.`);
  }
}

function progressLine(run: TrainingRun): string {
  const { step, seconds, tokensPerSecond, last } = run.progress();
  const share = (100 * step) / run.plan.steps;
  const left = ((run.plan.steps - step) * run.plan.batch) / tokensPerSecond;
  const figures = last
    .map((point) => (point ? `L0 ${point.l0.toFixed(0)} FVU ${Number.isNaN(point.fvu) ? '–' : point.fvu.toFixed(3)}` : '…'))
    .slice(0, 3);
  const rate = `${tokensPerSecond.toFixed(0)} tokens/s, ${seconds.toFixed(0)} s, ${left.toFixed(0)} s left`;
  return `${share.toFixed(1)} % · step ${step} · ${rate} · ${figures.join('; ')}`;
}

/** @throws UsageError for a number that is none of threads */
function threadsOf({ threads, config }: TrainJob): number {
  checkThreads(threads);
  return threads ?? config.threads ?? Math.min(availableParallelism(), runNumber('threads').range.most);
}

/** Whole or the one before: the new file takes its name when it is written. */
function saveCheckpoint(out: string, checkpoint: RunCheckpoint): void {
  const path = join(out, CHECKPOINT);
  writeFileSync(`${path}.new`, serialize(checkpoint));
  renameSync(`${path}.new`, path);
}

/** @param planOf what the settings come to, with or without short first blocks: a checkpoint may be older than these */
function readCheckpoint(out: string, planOf: (growing: boolean) => RunPlan): RunCheckpoint {
  const path = join(out, CHECKPOINT);
  if (!existsSync(path)) throw new UsageError(`There is no checkpoint in ${out}; begin without --resume.`);
  const checkpoint = deserialize(readFileSync(path)) as RunCheckpoint;
  const plan = planOf(checkpoint.plan.firstChunks !== undefined);
  if (JSON.stringify(checkpoint.plan) !== JSON.stringify(plan)) {
    throw new UsageError(`The checkpoint in ${out} is of other settings, text or model. Give those of the run, or another folder.`);
  }
  return checkpoint;
}

function inexact({ step, kernels: before }: RunCheckpoint, now: string): string {
  return `Going on at step ${step} with other kernels (${now} instead of ${before}), so the numbers are not exactly those of a run without interruption.`;
}

async function measure(parts: RunParts, packed: OpenedDictionary, o: { path: string; tokens: number }): Promise<Evaluation> {
  const dictionary = await readDictionary(packed);
  const { model, engine } = parts;
  const n_ctx = model.config.n_ctx;
  const all = cutContexts([[...readIds(o.path)]], n_ctx, o.tokens);
  const whole = await evaluate({ model, engine, dictionary, contexts: all, splice: false });
  const half = await evaluate({ model, engine, dictionary, contexts: all.slice(0, Math.ceil(all.length / 2)) });
  const { ce_clean, ce_spliced, ce_zero, ce_recovered, kl } = half;
  return { ...whole, ce_clean, ce_spliced, ce_zero, ce_recovered, kl };
}

async function write(folder: string, packed: OpenedDictionary, measured: Evaluation | undefined): Promise<void> {
  await writeFolder(folder, packed);
  if (!measured) return;
  const { density: _, ...figures } = measured;
  const record = { ...(packed.record as object), ...figures, measured_tokens: figures.tokens };
  const { tokens } = packed.record as { tokens: number };
  writeFileSync(join(folder, 'featurescope.json'), JSON.stringify({ ...record, tokens, measured_on: 'evaluation ids' }, null, 1));
}

/** blocks.3.hook_resid_post, 1024 latents, alpha 0.004 → resid_post_3_1024_alpha0.004. */
function folderOf({ dictionaries }: RunPlan, index: number): string {
  const { hook, seed, settings } = dictionaries[index];
  const { sparsity } = architectureOf(settings);
  const place = /^blocks\.(\d+)\.(?:hook_)?(.+)$/.exec(hook);
  const site = place ? `${place[2].replace('hook_', '').replaceAll('.', '_')}_${place[1]}` : hook.replaceAll('.', '_');
  return `${site}_${settings.d_sae}_${settings.architecture}_${sparsity.folder}${sparsity.valueOf(settings)}_seed${seed}`;
}

function describe(figures: Pick<Evaluation, 'l0' | 'fvu' | 'ce_recovered' | 'dead'> | undefined): string {
  if (!figures) return 'not measured';
  const { l0, fvu, ce_recovered, dead } = figures;
  return `L0 ${l0.toFixed(2)}, FVU ${fvu.toFixed(4)}, CE recovered ${ce_recovered.toFixed(4)}, dead ${dead}`;
}

/** Typed arrays as lists. */
function replaceArrays(_: string, value: unknown): unknown {
  return value instanceof Float32Array ? Array.from(value) : value;
}
