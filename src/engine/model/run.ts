/**
 * The call `run`: checks everything first, cuts a batch into stretches that fit in memory, and gathers hook
 * values and logits in row-major arrays, padding left 0.
 */
import type { Tensor } from 'onnxruntime-common';
import { UsageError, type Stop } from '../../core/errors.ts';
import type { ModelConfig } from '../../core/lm/config.ts';
import { checkEdits } from '../../core/lm/checkEdits.ts';
import type { CheckedEdit, EditContext } from '../../core/lm/editContext.ts';
import { hookShape, parseHook, type Hook } from '../../core/lm/hooks.ts';
import { allFinite, assertArray2 } from '../../core/lm/numbers.ts';
import type { Stretch } from '../../core/lm/stretch.ts';
import type { Array2, Edit, LogitRows, RunOptions, RunResult } from '../../api/model.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import { kernelEncoder } from './encodeRows.ts';
import type { ForwardJob } from './forwardJob.ts';
import type { HookedModel } from './hookedModel.ts';
import { forwardOnce } from './residualMemo.ts';
import { place, stretches, valuesPerRow } from './stretches.ts';
import { unembed } from './unembed.ts';

/** Largest answer of one call. */
const ANSWER_BYTES = 1024 ** 3;

/** Dictionaries that edits name, by id. */
type Dictionaries = ReadonlyMap<string, Dictionary>;

/** What edits need besides themselves. */
export interface EditMeans {
  dictionaries?: Dictionaries;
  /** Encodes for edits through a dictionary; default the plain encoder. */
  engine?: SaeEngine;
}

type EngineRunOptions = RunOptions & EditMeans;

/** Token ids of every row, and whether the caller gave a batch. */
export interface Rows {
  ids: number[][];
  isBatch: boolean;
}

/** @throws UsageError for an empty row, a bad id, or a row longer than the context */
export function checkRows(rows: Rows, config: ModelConfig): void {
  if (rows.ids.length === 0) throw new UsageError('The batch has no rows.');
  rows.ids.forEach((ids, r) => {
    const name = rows.isBatch ? `Row ${r} of the batch` : 'The text';
    if (!Array.isArray(ids)) throw new UsageError(`${name} must be a list of token ids.`);
    if (ids.length === 0) throw new UsageError(`${name} has no tokens; the model needs at least one.`);
    if (ids.length > config.n_ctx) {
      throw new UsageError(
        `${name} has ${ids.length} tokens, ${ids.length - config.n_ctx} more than the ${config.n_ctx} this model reads at once.`,
      );
    }
    const bad = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= config.d_vocab);
    if (bad >= 0) {
      throw new UsageError(
        `${name} holds the token id ${String(ids[bad])}; ids of this model are whole numbers from 0 to ${config.d_vocab - 1}.`,
      );
    }
  });
}

/** Everything of a run that has been checked. */
interface Plan {
  rows: Rows;
  longest: number;
  hooks: Hook[];
  edits: Map<string, CheckedEdit[]>;
  /** Positions to unembed in each row; empty for none. */
  logitRows: number[][];
  from?: { layer: number; resid: Float32Array };
  until: number;
  engine?: SaeEngine;
}

/**
 * @throws UsageError before anything is computed; AbortedError; EngineError
 */
export async function run(model: HookedModel, rows: Rows, options: EngineRunOptions, stop?: Stop): Promise<RunResult> {
  const plan = checkRun(model.config, rows, options);
  const acts = new Map(plan.hooks.map((hook) => [hook.name, emptyArray(model.config, hook, plan)]));
  const width = Math.max(0, ...plan.logitRows.map((positions) => positions.length));
  const V = model.config.d_vocab;
  const logits = width > 0 ? new Float32Array(rows.ids.length * width * V) : undefined;

  // A pattern edit counts positions over the whole batch, so every stretch pads to it.
  const padAll = [...plan.edits.keys()].some((name) => name.endsWith('hook_pattern')) || plan.from !== undefined;
  for (const at of stretches(model.config, rows.ids, padAll ? plan.longest : 0)) {
    const job = jobFor(model, plan, at, acts, stop);
    const resid = await forwardOnce(job);
    try {
      await readFinalNorm(model, plan, at, resid, acts);
      if (logits) await unembedRows(model, plan, at, resid, (row, slot, values) => logits.set(values, (row * width + slot) * V), stop);
    } finally {
      model.runtime.dispose(resid);
    }
  }
  const lengths = rows.ids.map((ids) => ids.length);
  const result: RunResult = { acts: Object.fromEntries(acts), lengths };
  if (logits) result.logits = { data: logits, shape: rows.isBatch ? [rows.ids.length, width, V] : [width, V] };
  return result;
}

function checkRun(config: ModelConfig, rows: Rows, options: EngineRunOptions): Plan {
  checkRows(rows, config);
  const lengths = rows.ids.map((ids) => ids.length);
  const longest = Math.max(...lengths);
  const { dictionaries } = options;
  const context: EditContext = { config, lengths, isBatch: rows.isBatch, ...(dictionaries && { dictionaries }) };
  const edits = checkEdits(options.edits ?? [], context);
  const from = options.from && checkStart(config, options.from, rows, longest);
  const hooks = checkReads(options.read ?? [], config);
  if (from) refuseBelow(from.layer, hooks, edits);
  const logitRows = checkLogitRows(options.logits ?? 'none', rows);
  const plan: Plan = {
    rows,
    longest,
    hooks,
    edits,
    logitRows,
    until: 0,
    ...(from && { from }),
    ...(options.engine && { engine: options.engine }),
  };
  plan.until = lastBlock(config, plan);
  refuseHugeAnswer(config, plan);
  return plan;
}

function checkReads(read: unknown, config: ModelConfig): Hook[] {
  if (!Array.isArray(read)) throw new UsageError('`read` must be a list of hook names.');
  const names = new Map((read as string[]).map((name) => parseHook(name, config.n_layers)).map((hook) => [hook.name, hook]));
  return [...names.values()];
}

function checkStart(config: ModelConfig, from: NonNullable<RunOptions['from']>, rows: Rows, longest: number): Plan['from'] {
  const { layer, resid } = from;
  if (!Number.isInteger(layer) || layer < 0 || layer >= config.n_layers) {
    throw new UsageError(`\`from.layer\` is ${String(layer)}, but the layers of this model are 0 to ${config.n_layers - 1}.`);
  }
  assertArray2(resid, 'from.resid');
  const wanted = rows.isBatch ? [rows.ids.length, longest, config.d_model] : [longest, config.d_model];
  if (resid.shape.length !== wanted.length || !resid.shape.every((d, i) => d === wanted[i])) {
    throw new UsageError(`\`from.resid\` has shape [${resid.shape.join(', ')}], but this input needs [${wanted.join(', ')}].`);
  }
  return { layer, resid: allFinite(resid.data, 'from.resid') };
}

/** A run that starts at a layer cannot see or change what lies before it. */
function refuseBelow(layer: number, hooks: Hook[], edits: Map<string, CheckedEdit[]>): void {
  const edited = [...edits.values()].map((list) => list[0].hook);
  const below = (hook: Hook) => hook.layer < layer;
  const edit = edited.find(below);
  if (edit) throw new UsageError(`The run starts at layer ${layer}, so the edit at ${edit.name}, below it, could have no effect.`);
  const read = hooks.find(below);
  if (read) throw new UsageError(`The run starts at layer ${layer}, so ${read.name}, below it, cannot be read.`);
}

function checkLogitRows(which: LogitRows, rows: Rows): number[][] {
  const lengths = rows.ids.map((ids) => ids.length);
  if (which === 'none') return lengths.map(() => []);
  if (which === 'last') return lengths.map((n) => [n - 1]);
  if (which === 'all') return lengths.map((n) => Array.from({ length: n }, (_, i) => i));
  if (!Array.isArray(which)) throw new UsageError("`logits` must be 'none', 'last', 'all' or a list of positions.");
  const longest = Math.max(...lengths);
  const bad = which.findIndex((p) => !Number.isInteger(p) || p < 0 || p >= longest);
  if (bad >= 0)
    throw new UsageError(`\`logits\` asks for position ${String(which[bad])}, but the text has ${longest} tokens (counted from 0).`);
  return lengths.map(() => which);
}

/** One past the last block that anything asked for depends on. */
function lastBlock(config: ModelConfig, plan: Plan): number {
  if (plan.logitRows.some((positions) => positions.length > 0)) return config.n_layers;
  const needs = plan.hooks.map((hook) => (hook.site === 'hook_embed' ? 0 : Math.min(hook.layer + 1, config.n_layers)));
  return Math.max(0, ...needs);
}

function refuseHugeAnswer(config: ModelConfig, plan: Plan): void {
  const rows = plan.rows.ids.length;
  const hooks = plan.hooks.map((hook) => valuesPerRow(config, hook, plan.longest) * rows);
  const logits = Math.max(...plan.logitRows.map((p) => p.length)) * rows * config.d_vocab;
  const bytes = 4 * (hooks.reduce((a, b) => a + b, 0) + logits);
  if (bytes > ANSWER_BYTES) {
    throw new UsageError(
      `The answer would take ${(bytes / 1024 ** 3).toFixed(1)} GiB; one call may return ${ANSWER_BYTES / 1024 ** 3}. Ask for fewer hooks, rows or logits at a time.`,
    );
  }
}

function emptyArray(config: ModelConfig, hook: Hook, plan: Plan): Array2 {
  const shape = hookShape(hook.site, config).map((d) => (d === 'pos' ? plan.longest : d));
  const rows = plan.rows.ids.length;
  const data = new Float32Array(valuesPerRow(config, hook, plan.longest) * rows);
  return { data, shape: plan.rows.isBatch ? [rows, ...shape] : shape };
}

function jobFor(model: HookedModel, plan: Plan, at: Stretch, acts: Map<string, Array2>, stop?: Stop): ForwardJob {
  const D = model.config.d_model;
  const job: ForwardJob = {
    model,
    at,
    ids: plan.rows.ids.slice(at.firstRow, at.firstRow + at.rows),
    edits: plan.edits,
    reads: new Set(acts.keys()),
    onRead: (name, values) => place(model.config, parseHook(name, model.config.n_layers), values, at, plan.longest, acts.get(name)!.data),
    until: plan.until,
    ...(plan.engine && { encode: kernelEncoder(plan.engine, stop) }),
    ...(stop && { stop }),
  };
  if (plan.from) {
    const from = at.firstRow * plan.longest * D;
    job.from = { layer: plan.from.layer, resid: plan.from.resid.slice(from, from + at.rows * at.pos * D) };
  }
  return job;
}

async function readFinalNorm(model: HookedModel, plan: Plan, at: Stretch, resid: Tensor, acts: Map<string, Array2>): Promise<void> {
  const hook = plan.hooks.find((h) => h.site === 'ln_final.hook_normalized');
  if (!hook) return;
  const x = model.runtime.tensor(await model.runtime.read(resid), [at.rows * at.pos, model.config.d_model]);
  const { ln_final } = await model.finalNorm.run({ x }, ['ln_final']);
  place(model.config, hook, ln_final.data as Float32Array, at, plan.longest, acts.get(hook.name)!.data);
}

/** Logits of the chosen positions of a stretch, delivered row by row. */
async function unembedRows(
  model: HookedModel,
  plan: Plan,
  at: Stretch,
  resid: Tensor,
  deliver: (row: number, slot: number, logits: Float32Array) => void,
  stop?: Stop,
): Promise<void> {
  const D = model.config.d_model;
  const targets: { row: number; slot: number; from: number }[] = [];
  for (let r = 0; r < at.rows; r++) {
    plan.logitRows[at.firstRow + r].forEach((position, slot) => {
      if (position < at.lengths[r]) targets.push({ row: at.firstRow + r, slot, from: (r * at.pos + position) * D });
    });
  }
  const values = await model.runtime.read(resid);
  await unembed(
    model,
    values,
    targets.map((t) => t.from),
    (i, logits) => deliver(targets[i].row, targets[i].slot, logits),
    stop,
  );
}

type NamedEdits = EditMeans & { edits: readonly Edit[] };

/** Final residual [pos, d_model] of one text under edits: what predictions are made from. */
export async function finalResidual(model: HookedModel, ids: number[], named: NamedEdits, stop?: Stop): Promise<Float32Array> {
  const rows: Rows = { ids: [ids], isBatch: false };
  const plan = checkRun(model.config, rows, { ...named, edits: [...named.edits], logits: 'last' });
  const at: Stretch = { firstRow: 0, rows: 1, firstPos: 0, pos: ids.length, lengths: [ids.length] };
  const resid = await forwardOnce(jobFor(model, plan, at, new Map(), stop));
  try {
    return await model.runtime.read(resid);
  } finally {
    model.runtime.dispose(resid);
  }
}
