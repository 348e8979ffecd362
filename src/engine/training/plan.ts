/** From what a person asks to a plan with nothing left to decide; every field is checked, with a sentence. */
import { PAPER_ADAM, type AdamSettings } from '../../core/train/adam.ts';
import { TRAINABLE, type TrainableConfig, type TrainableName } from '../../core/train/architectures/index.ts';
import type { DictionaryPlan, DictionarySpec, RunPlan, TrainConfig } from '../../core/train/config.ts';
import { checkSchedule, NO_SCHEDULE, type Schedule } from '../../core/train/schedule.ts';
import { countChunks, planStream } from '../../core/train/stream.ts';
import { UsageError } from '../../core/errors.ts';
import type { ModelConfig } from '../../core/lm/config.ts';
import { hookShape, parseHook } from '../../core/lm/hooks.ts';

/** What must be known before a run can be planned. */
export interface Known {
  model: { id: string; hash: string; config: ModelConfig };
  corpus: { names: string[]; ids: Uint16Array | Uint32Array; hash: string };
}

/** Larger ones are mistakes, or would not fit in a tab. */
const MOST = { dictionaries: 64, d_sae: 65_536, batch: 16_384, tokens: 2e9 } as const;
const MIB = 2 ** 20;
const FLOAT_BYTES = 4;
const DEFAULT_MEASUREMENTS = 10;

const RUN_FIELDS = new Set<string>([
  'dictionaries',
  'name',
  'corpus',
  'tokens',
  'batch',
  'seed',
  'held_out',
  'buffer_mib',
  'keep_first',
  'keep_end_of_text',
  'adam',
  'schedule',
  'clip',
  'resample_every',
  'dead_after',
  'evaluate_every',
  'evaluate_tokens',
  'checkpoint_seconds',
  'threads',
] satisfies (keyof TrainConfig)[]);
const SPEC_FIELDS = new Set<string>([
  'hook',
  'architecture',
  'ratio',
  'd_sae',
  'alpha',
  'l1_coefficient',
  'k',
  'aux_alpha',
  'seed',
] satisfies (keyof DictionarySpec)[]);
const ADAM_FIELDS = new Set(Object.keys(PAPER_ADAM));
const SCHEDULE_FIELDS = new Set(Object.keys(NO_SCHEDULE));

/** Which field weighs sparsity, and its default. */
const SPARSITY: Record<TrainableName, { field: 'alpha' | 'l1_coefficient' | 'k'; value: number }> = {
  tied: { field: 'alpha', value: 0.004 },
  standard: { field: 'l1_coefficient', value: 1 },
  topk: { field: 'k', value: 32 },
};

/** @throws UsageError, a sentence naming the field that is wrong */
export function resolvePlan(config: TrainConfig, { model, corpus }: Known): RunPlan {
  checkFields(config, RUN_FIELDS, 'A training run');
  const batch = whole(config.batch ?? 1024, 'batch', 1, MOST.batch);
  const tokens = whole(config.tokens ?? 1_000_000, 'tokens', batch, MOST.tokens);
  const seed = whole(config.seed ?? 0, 'seed', 0, Number.MAX_SAFE_INTEGER);
  const deadAfter = whole(config.dead_after ?? 100_000, 'dead_after', 1, Number.MAX_SAFE_INTEGER);
  const grids = listOf(config.dictionaries).map((spec) => gridOf(spec, seed));
  checkCount(grids);
  const dictionaries = grids.flatMap((grid) => expand(grid, model.config, deadAfter));
  const hooks = [...new Map(dictionaries.map(({ hook, settings }) => [hook, settings.d_in]))].map(([name, d_in]) => ({ name, d_in }));
  const { n_ctx } = model.config;
  const heldOut = share(config.held_out ?? 0.05, 'held_out');
  const chunks = countChunks(corpus.ids.length, n_ctx);
  if (chunks === 0) {
    throw new UsageError(`The corpus has ${corpus.ids.length} tokens, less than one context of ${n_ctx}. Add text.`);
  }
  const training = chunks - Math.round(chunks * heldOut);
  const buffer = positive(config.buffer_mib ?? 32, 'buffer_mib') * MIB;
  const chunksPerBlock = chooseBlock(buffer, n_ctx, hooks, Math.min(training, Math.ceil(tokens / n_ctx)), batch);
  const keepFirst = flag(config.keep_first ?? true, 'keep_first');
  const keepEndOfText = flag(config.keep_end_of_text ?? true, 'keep_end_of_text');
  const endOfText = model.config.eos_token_id;
  const perPass = rowsOfAPass(corpus.ids, { n_ctx, chunks, training, keepFirst, keepEndOfText, endOfText });
  const passes = Math.ceil(tokens / perPass);
  const plan: RunPlan = {
    version: 1,
    name: '',
    model: { id: model.id, hash: model.hash, n_ctx, endOfText },
    corpus: { names: corpus.names, hash: corpus.hash, tokens: corpus.ids.length },
    dictionaries,
    hooks,
    batch,
    tokens,
    steps: 0,
    seed,
    heldOut,
    chunksPerBlock,
    passes,
    keepFirst,
    keepEndOfText,
    adam: adamOf(config.adam),
    schedule: scheduleOf(config.schedule),
    clip: config.clip === undefined ? null : atLeast(config.clip, 'clip', 0),
    resampleEvery: whole(config.resample_every ?? 0, 'resample_every', 0, Number.MAX_SAFE_INTEGER),
    deadAfter,
    evaluateEvery: 0,
    evaluateTokens: whole(config.evaluate_tokens ?? 2048, 'evaluate_tokens', 2, 1e6),
    checkpointSeconds: positive(config.checkpoint_seconds ?? 20, 'checkpoint_seconds'),
  };
  plan.steps = listBlocks(plan, corpus.ids).reduce((sum, { steps }) => sum + steps, 0);
  plan.name = nameOf(config, plan);
  const usual = Math.max(1, Math.ceil(plan.steps / DEFAULT_MEASUREMENTS));
  plan.evaluateEvery = whole(config.evaluate_every ?? usual, 'evaluate_every', 0, Number.MAX_SAFE_INTEGER);
  checkSchedule(plan.schedule, plan.steps);
  return plan;
}

/** One stretch of text whose activations are held together. */
export interface Block {
  index: number;
  chunks: Uint32Array;
  /** Rows trained on. */
  rows: number;
  /** Batches it makes; the last may be shorter. */
  steps: number;
  /** Steps and rows of all blocks before it. */
  firstStep: number;
  firstRow: number;
}

/** The blocks of a run, up to the row count it asks for: decided by plan and text alone. */
export function listBlocks(plan: RunPlan, ids: Uint16Array | Uint32Array): Block[] {
  const { n_ctx, endOfText } = plan.model;
  const settings = { seed: plan.seed, heldOut: plan.heldOut, chunksPerBlock: plan.chunksPerBlock, passes: plan.passes };
  const { blocks } = planStream(countChunks(ids.length, n_ctx), settings);
  const kept: Block[] = [];
  let firstStep = 0;
  let firstRow = 0;
  for (const [index, chunks] of blocks.entries()) {
    const left = plan.tokens - firstRow;
    if (left <= 0) break;
    let rows = 0;
    for (const chunk of chunks) rows += keptRows(ids, chunk, { ...plan, n_ctx, endOfText });
    rows = Math.min(rows, left);
    const steps = Math.ceil(rows / plan.batch);
    kept.push({ index, chunks, rows, steps, firstStep, firstRow });
    firstStep += steps;
    firstRow += rows;
  }
  return kept;
}

/** Contexts for measuring: of the held-out chunks, evenly spread. */
export function heldOutContexts(plan: RunPlan, ids: Uint16Array | Uint32Array): number[][] {
  const { n_ctx } = plan.model;
  const settings = { seed: plan.seed, heldOut: plan.heldOut, chunksPerBlock: plan.chunksPerBlock, passes: 1 };
  const { heldOut } = planStream(countChunks(ids.length, n_ctx), settings);
  const count = Math.min(heldOut.length, Math.max(1, Math.round(plan.evaluateTokens / n_ctx)));
  return Array.from({ length: count }, (_, i) => {
    const chunk = heldOut[Math.floor((i * heldOut.length) / count)];
    return [...ids.subarray(chunk * n_ctx, Math.min((chunk + 1) * n_ctx, chunk * n_ctx + plan.evaluateTokens))];
  });
}

interface Filter {
  n_ctx: number;
  keepFirst: boolean;
  keepEndOfText: boolean;
  endOfText: number;
}

function keptRows(ids: Uint16Array | Uint32Array, chunk: number, { n_ctx, keepFirst, keepEndOfText, endOfText }: Filter): number {
  if (keepFirst && keepEndOfText) return n_ctx;
  let rows = 0;
  for (let i = keepFirst ? 0 : 1; i < n_ctx; i++) if (keepEndOfText || ids[chunk * n_ctx + i] !== endOfText) rows++;
  return rows;
}

/** Rows of the training chunks; an estimate is enough, since a run ends at its row count. */
function rowsOfAPass(ids: Uint16Array | Uint32Array, o: Filter & { chunks: number; training: number }): number {
  let rows = 0;
  for (let chunk = 0; chunk < o.chunks; chunk++) rows += keptRows(ids, chunk, o);
  const perPass = Math.floor((rows * o.training) / o.chunks);
  if (perPass < 1) throw new UsageError('No position of the corpus is left to train on. Keep first positions, or add text.');
  // A pass may hold fewer rows than the mean; a pass more costs nothing.
  return Math.max(1, perPass * 0.9);
}

/**
 * Chunks whose activations fit in the buffer, whole batches where that is possible.
 * @param chunks worth reading at all
 */
function chooseBlock(bytes: number, n_ctx: number, hooks: RunPlan['hooks'], chunks: number, batch: number): number {
  const perChunk = n_ctx * FLOAT_BYTES * hooks.reduce((sum, { d_in }) => sum + d_in, 0);
  const most = Math.max(1, Math.min(chunks, Math.floor(bytes / perChunk)));
  const whole = batch % n_ctx === 0 ? batch / n_ctx : 1;
  return most >= whole ? most - (most % whole) : most;
}

/** What a spec crosses, every part a list. */
interface Grid {
  spec: DictionarySpec;
  architecture: TrainableName;
  hooks: string[];
  /** d_sae where `isRatio` is false, else ratios. */
  sizes: number[];
  isRatio: boolean;
  weights: number[];
  seeds: number[];
}

function gridOf(spec: DictionarySpec, runSeed: number): Grid {
  checkFields(spec, SPEC_FIELDS, 'A dictionary');
  const architecture = spec.architecture ?? 'tied';
  if (!TRAINABLE.includes(architecture)) {
    throw new UsageError(
      `"${String(architecture).slice(0, 60)}" is no architecture that can be trained here; there are ${TRAINABLE.join(', ')}.`,
    );
  }
  const { field, value } = SPARSITY[architecture];
  for (const other of Object.values(SPARSITY)) {
    if (other.field !== field && spec[other.field] !== undefined) {
      throw new UsageError(`\`${other.field}\` does not belong to the architecture "${architecture}", which takes \`${field}\`.`);
    }
  }
  const isRatio = spec.d_sae === undefined;
  const sizes = listOf(spec.d_sae === undefined ? (spec.ratio ?? 4) : spec.d_sae);
  return {
    spec,
    architecture,
    hooks: listOf(spec.hook),
    sizes,
    isRatio,
    weights: listOf(spec[field] ?? value),
    seeds: listOf(spec.seed ?? runSeed),
  };
}

/** Before anything is built: three lists of thousands cross to billions. */
function checkCount(grids: readonly Grid[]): void {
  const count = grids.reduce(
    (sum, { hooks, sizes, weights, seeds }) => sum + hooks.length * sizes.length * weights.length * seeds.length,
    0,
  );
  if (count === 0) throw new UsageError('`dictionaries` is empty: name at least one hook to train on.');
  if (count > MOST.dictionaries) {
    throw new UsageError(`These settings make ${count} dictionaries; one run trains at most ${MOST.dictionaries}.`);
  }
}

function expand(
  { spec, architecture, hooks, sizes, isRatio, weights, seeds }: Grid,
  model: ModelConfig,
  deadAfter: number,
): DictionaryPlan[] {
  const { field } = SPARSITY[architecture];
  const plans: DictionaryPlan[] = [];
  for (const name of hooks) {
    const { hook, d_in } = widthOf(name, model);
    for (const size of sizes) {
      const d_sae = isRatio
        ? whole(Math.round(positive(size, 'ratio') * d_in), 'ratio · d_in', 1, MOST.d_sae)
        : whole(size, 'd_sae', 1, MOST.d_sae);
      for (const weight of weights) {
        for (const seed of seeds) {
          plans.push({
            name: `${hook} · ${d_sae} · ${field} ${weight}${seeds.length > 1 ? ` · seed ${seed}` : ''}`,
            hook,
            seed: whole(seed, 'seed', 0, Number.MAX_SAFE_INTEGER),
            settings: settingsOf(architecture, { d_in, d_sae }, weight, spec, deadAfter),
          });
        }
      }
    }
  }
  return plans;
}

function settingsOf(
  architecture: TrainableName,
  sizes: { d_in: number; d_sae: number },
  weight: number,
  { aux_alpha }: DictionarySpec,
  deadAfter: number,
): TrainableConfig {
  if (architecture === 'tied') return { architecture, ...sizes, alpha: atLeast(weight, 'alpha', 0) };
  if (architecture === 'standard') return { architecture, ...sizes, l1_coefficient: atLeast(weight, 'l1_coefficient', 0) };
  return {
    architecture,
    ...sizes,
    k: whole(weight, 'k', 1, sizes.d_sae),
    aux_alpha: atLeast(aux_alpha ?? 1 / 32, 'aux_alpha', 0),
    aux_k_max: Math.max(1, Math.floor(sizes.d_in / 2)),
    dead_after_tokens: deadAfter,
    threshold_beta: 0.999,
    threshold_start_step: 1000,
  };
}

function widthOf(name: string, model: ModelConfig): { hook: string; d_in: number } {
  const hook = parseHook(name, model.n_layers);
  if (hook.site === 'attn.hook_pattern') throw new UsageError('Attention patterns are no vectors of fixed length; choose another hook.');
  const d_in = hookShape(hook.site, model).reduce<number>((product, n) => (n === 'pos' ? product : product * n), 1);
  return { hook: hook.name, d_in };
}

function adamOf(given: Partial<AdamSettings> = {}): AdamSettings {
  checkFields(given, ADAM_FIELDS, '`adam`');
  const adam = { ...PAPER_ADAM, ...given };
  positive(adam.lr, 'adam.lr');
  for (const name of ['beta1', 'beta2'] as const) share(adam[name], `adam.${name}`);
  positive(adam.eps, 'adam.eps');
  return adam;
}

function scheduleOf(given: Partial<Schedule> = {}): Schedule {
  checkFields(given, SCHEDULE_FIELDS, '`schedule`');
  return { ...NO_SCHEDULE, ...given };
}

function nameOf(config: TrainConfig, { dictionaries, hooks }: RunPlan): string {
  const given = text(config.name ?? '', 'name').trim();
  if (given) return given.slice(0, 120);
  const { architecture, d_sae } = dictionaries[0].settings;
  const place = hooks.length === 1 ? hooks[0].name : `${hooks.length} hooks`;
  const count = dictionaries.length === 1 ? `${d_sae} features` : `${dictionaries.length} dictionaries`;
  return `${place}, ${architecture}, ${count}`;
}

function listOf<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}

function checkFields(value: unknown, known: ReadonlySet<string>, what: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError(`${what} is described by an object.`);
  const strange = Object.keys(value).find((key) => !known.has(key));
  if (strange !== undefined) {
    throw new UsageError(`${what} has no setting called "${strange.slice(0, 60)}". There are: ${[...known].join(', ')}.`);
  }
}

function whole(value: unknown, name: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`\`${name}\` must be a whole number from ${least} to ${most}; it is ${shown(value)}.`);
}

function positive(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`\`${name}\` must be a number above 0; it is ${shown(value)}.`);
}

function atLeast(value: unknown, name: string, least: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
  throw new UsageError(`\`${name}\` must be a number of at least ${least}; it is ${shown(value)}.`);
}

function share(value: unknown, name: string): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value;
  throw new UsageError(`\`${name}\` must be at least 0 and below 1; it is ${shown(value)}.`);
}

function flag(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new UsageError(`\`${name}\` must be true or false; it is ${shown(value)}.`);
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new UsageError(`\`${name}\` must be text; it is ${shown(value)}.`);
}

/** A number in quotes looks like one without them. */
function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 60)}"` : String(value).slice(0, 60);
}
