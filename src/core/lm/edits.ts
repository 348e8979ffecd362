/**
 * Checks edits before a run and applies them to activations during it. Pure: arrays in, the same
 * arrays changed. A hook's value is seen as [rows, pos, F]: F numbers for each token of each row
 * (heads side by side for v and z). The pattern [rows, heads, pos, keys] is handled beside it.
 */
import { InvariantError, UsageError } from '../errors.ts';
import { vectors } from '../sae/decode.ts';
import { isTranscoder, type Dictionary } from '../sae/dictionary.ts';
import { encodeBlocked } from '../sae/encodeBlocked.ts';
import type { Latents } from '../sae/latents.ts';
import type { ModelConfig } from './config.ts';
import { hookShape, parseHook, type Hook } from './hooks.ts';
import type { Array2, Edit, HookEdit, LatentEdit, Where } from './types.ts';

/** An edit whose numbers have been checked against the model and the input. */
export type CheckedEdit = {
  hook: Hook;
  /** Positions as a set, absent for all. */
  positions?: ReadonlySet<number>;
  /** Order of `positions` as given: where in `value` a position's numbers are. */
  slot?: ReadonlyMap<number, number>;
  rows?: ReadonlySet<number>;
  rowSlot?: ReadonlyMap<number, number>;
} & (
  | { op: 'add'; vector: Float32Array }
  | { op: 'scale'; factor: number }
  | ({ op: 'set' } & CheckedValue)
  | { op: 'project_out'; direction: Float32Array; bias: number }
  | { op: 'latent'; dictionary: Dictionary; latent: number; change: LatentEdit['op']; value: number }
);

/** A checked edit through a dictionary. */
type LatentChecked = Extract<CheckedEdit, { op: 'latent' }>;

/** The numbers of a `set`, as [rows, tokens, F] with either leading axis possibly missing. */
type CheckedValue = { value: Float32Array; perPosition: boolean; perRow: boolean; tokensPerRow: number };

/** What the input looks like to an edit. */
export interface EditContext {
  config: ModelConfig;
  /** Real tokens of each row; for generation, the longest the text may become. */
  lengths: number[];
  /** Whether the caller gave a batch (values then carry a leading axis). */
  isBatch: boolean;
  /** True for generation, where the text grows and a value for "all positions" has no shape. */
  growing?: boolean;
  /** Dictionaries that edits may name, by id. */
  dictionaries?: ReadonlyMap<string, Dictionary>;
}

export function isLatentEdit(edit: Edit): edit is LatentEdit {
  return typeof edit === 'object' && edit !== null && 'dictionary' in edit;
}

/**
 * @returns the edits of each hook, in list order
 * @throws UsageError naming the edit by its place in the list
 */
export function checkEdits(edits: readonly Edit[], context: EditContext): Map<string, CheckedEdit[]> {
  if (!(edits instanceof Array)) throw new UsageError('`edits` must be a list.');
  const byHook = new Map<string, CheckedEdit[]>();
  edits.forEach((edit, index) => {
    try {
      const checked = checkEdit(edit, context);
      const list = byHook.get(checked.hook.name) ?? [];
      list.push(checked);
      byHook.set(checked.hook.name, list);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`Edit ${index + 1} of ${edits.length}: ${error.message}`);
    }
  });
  return byHook;
}

function checkEdit(edit: Edit, context: EditContext): CheckedEdit {
  if (typeof edit !== 'object' || edit === null) throw new UsageError('an edit must be an object.');
  if (isLatentEdit(edit)) return checkLatentEdit(edit, context);
  const hook = parseHook(edit.hook, context.config.n_layers);
  if (!hook.editable) throw new UsageError(`${hook.name} can be read but not edited.`);
  const where = checkWhere(edit, context);
  const F = featuresPerToken(hook, context);
  switch (edit.op) {
    case 'scale':
      return { hook, ...where, op: 'scale', factor: finite(edit.factor, 'factor') };
    case 'add':
      return { hook, ...where, op: 'add', vector: vector(edit.vector, F, 'vector', hook) };
    case 'project_out':
      return {
        hook,
        ...where,
        op: 'project_out',
        direction: vector(edit.direction, F, 'direction', hook),
        bias: finite(edit.bias ?? 0, 'bias'),
      };
    case 'set':
      return { hook, ...where, op: 'set', ...checkValue(edit, hook, F, where, context) };
    default:
      throw new UsageError(`the op "${String((edit as { op?: unknown }).op).slice(0, 40)}" is not one of add, scale, set, project_out.`);
  }
}

function checkLatentEdit(edit: LatentEdit, context: EditContext): CheckedEdit {
  const dictionary = context.dictionaries?.get(edit.dictionary);
  if (!dictionary) throw new UsageError(`there is no dictionary called "${String(edit.dictionary).slice(0, 80)}" here.`);
  const { config } = dictionary;
  if (isTranscoder(config.architecture)) {
    throw new UsageError('a transcoder writes to another hook than it reads, so its latents cannot be edited in place.');
  }
  if (!config.hook_name) throw new UsageError('the dictionary does not say which hook it belongs to.');
  const hook = parseHook(config.hook_name, context.config.n_layers);
  if (!hook.editable) throw new UsageError(`${hook.name} can be read but not edited.`);
  const F = featuresPerToken(hook, context);
  if (F !== config.d_in) throw new UsageError(`the dictionary reads ${config.d_in} numbers for each token, but ${hook.name} has ${F}.`);
  const { latent } = edit;
  if (!Number.isInteger(latent) || latent < 0 || latent >= config.d_sae) {
    throw new UsageError(`\`latent\` is ${String(latent)}, but the dictionary has ${config.d_sae} (counted from 0).`);
  }
  if (!['ablate', 'scale', 'set', 'add'].includes(edit.op)) {
    throw new UsageError(`the op "${String(edit.op).slice(0, 40)}" is not one of ablate, scale, set, add.`);
  }
  const value = edit.op === 'ablate' ? 0 : finite(edit.value, 'value');
  return { hook, ...checkWhere(edit, context), op: 'latent', dictionary, latent, change: edit.op, value };
}

/** Numbers a hook has for one token; the pattern's count depends on the text's length. */
function featuresPerToken(hook: Hook, context: EditContext): number {
  const { config } = context;
  if (hook.site === 'attn.hook_pattern') return context.growing ? NaN : config.n_heads * Math.max(...context.lengths);
  return hookShape(hook.site, config).reduce<number>((a, b) => (b === 'pos' ? a : a * b), 1);
}

type CheckedWhere = Pick<CheckedEdit, 'positions' | 'slot' | 'rows' | 'rowSlot'>;

function checkWhere(edit: Where, { lengths, isBatch, growing }: EditContext): CheckedWhere {
  const where: CheckedWhere = {};
  if (edit.rows !== undefined) {
    const isList = Array.isArray(edit.rows);
    if (!isBatch && isList && edit.rows.some((r) => r !== 0)) throw new UsageError('`rows` is for a batch; this input is one text.');
    const rows = indices(edit.rows, 'rows', lengths.length, `the batch has ${lengths.length} rows`);
    where.rows = new Set(rows);
    where.rowSlot = new Map(rows.map((r, i) => [r, i]));
  }
  if (edit.positions !== undefined) {
    const rows = [...(where.rows ?? lengths.keys())];
    const longest = Math.max(0, ...rows.map((r) => lengths[r] ?? 0));
    const what = growing ? `the text can grow to ${longest} tokens` : `the text has ${longest} tokens`;
    const positions = indices(edit.positions, 'positions', longest, what);
    where.positions = new Set(positions);
    where.slot = new Map(positions.map((p, i) => [p, i]));
  }
  return where;
}

function indices(values: unknown, name: string, limit: number, what: string): number[] {
  if (!Array.isArray(values)) throw new UsageError(`\`${name}\` must be a list of whole numbers.`);
  for (const v of values as unknown[]) {
    if (typeof v !== 'number' || !Number.isInteger(v) || v < 0 || v >= limit) {
      throw new UsageError(`\`${name}\` holds ${String(v).slice(0, 40)}, but ${what} (counted from 0).`);
    }
  }
  const list = values as number[];
  if (new Set(list).size !== list.length) throw new UsageError(`\`${name}\` holds a number twice.`);
  return list;
}

function finite(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) {
    throw new UsageError(`\`${name}\` must be a finite number that fits in fp32.`);
  }
  return value;
}

function vector(value: unknown, length: number, name: string, hook: Hook): Float32Array {
  if (Number.isNaN(length)) throw new UsageError(`${hook.name} grows with the text; in generation it can only be scaled.`);
  if (!(value instanceof Float32Array)) throw new UsageError(`\`${name}\` must be a Float32Array of ${length} numbers.`);
  if (value.length !== length) {
    throw new UsageError(`\`${name}\` has ${value.length} numbers, but ${hook.name} has ${length} for each token.`);
  }
  return allFinite(value, name);
}

export function allFinite(value: Float32Array, name: string): Float32Array {
  for (let i = 0; i < value.length; i++) {
    if (!Number.isFinite(value[i])) throw new UsageError(`\`${name}\` holds ${value[i]} at ${i}; every number must be finite.`);
  }
  return value;
}

/**
 * A `set` value has the shape of the hook, or of the chosen rows and positions; without its row axis
 * it goes to every chosen row, without its position axis to every chosen position.
 */
function checkValue(edit: HookEdit & { op: 'set' }, hook: Hook, F: number, where: CheckedWhere, context: EditContext): CheckedValue {
  const { value } = edit;
  if (Number.isNaN(F)) throw new UsageError(`${hook.name} grows with the text; in generation it can only be scaled.`);
  assertArray2(value, 'value');
  const rows = where.rows?.size ?? context.lengths.length;
  const positions = where.positions?.size ?? Math.max(...context.lengths);
  const inner = hookShape(hook.site, context.config);
  const isPattern = hook.site === 'attn.hook_pattern';
  const keys = Math.max(...context.lengths);
  const one = isPattern ? [inner[0] as number, keys] : (inner.slice(1) as number[]);
  const full = isPattern ? [one[0], positions, keys] : [positions, ...one];
  const shapes = [
    { shape: one, perPosition: false, perRow: false },
    { shape: full, perPosition: true, perRow: false },
    ...(context.isBatch ? [{ shape: [rows, ...full], perPosition: true, perRow: true }] : []),
  ];
  const flat = isPattern
    ? []
    : [
        { shape: [F], perPosition: false, perRow: false },
        { shape: [positions, F], perPosition: true, perRow: false },
        ...(context.isBatch ? [{ shape: [rows, positions, F], perPosition: true, perRow: true }] : []),
      ];
  const match = [...shapes, ...flat].find((s) => sameShape(s.shape, value.shape));
  if (!match) {
    const wanted = shapes.map((s) => `[${s.shape.join(', ')}]`).join(' or ');
    throw new UsageError(`\`value\` has shape [${value.shape.join(', ')}], but ${hook.name} takes ${wanted} here.`);
  }
  if (match.perPosition && context.growing && !where.positions) {
    throw new UsageError('in generation a `set` for all positions takes the value of one position, since the text grows.');
  }
  allFinite(value.data, 'value');
  const { perPosition, perRow } = match;
  const byToken = isPattern && perPosition ? patternByToken(value.data, one[0], positions, keys) : value.data;
  return { value: byToken, perPosition, perRow, tokensPerRow: positions };
}

/** @throws UsageError unless data and shape agree */
export function assertArray2(value: unknown, name: string): asserts value is Array2 {
  const v = value as Partial<Array2> | null;
  if (typeof v !== 'object' || v === null || !(v.data instanceof Float32Array) || !Array.isArray(v.shape)) {
    throw new UsageError(`\`${name}\` must be { data: Float32Array, shape: number[] }.`);
  }
  const size = v.shape.reduce((a, b) => a * b, 1);
  if (!v.shape.every((d) => Number.isInteger(d) && d >= 0) || size !== v.data.length) {
    throw new UsageError(`\`${name}\` says shape [${v.shape.join(', ')}] but holds ${v.data.length} numbers.`);
  }
}

function sameShape(a: number[], b: number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** Where a stretch of activations lies in the whole input. */
export interface Stretch {
  /** Batch row of the first row held. */
  firstRow: number;
  rows: number;
  /** Position of the first token held (not 0 with cached keys and values). */
  firstPos: number;
  /** Tokens held of each row, padding included. */
  pos: number;
  /** Real tokens of each row held, counted from position 0 of the text. */
  lengths: number[];
}

/**
 * Applies edits in order to x [rows, pos, F], in place. Padding is left alone. Latent edits read their latents
 * from x as it arrives and are added together after the others.
 */
export function applyEdits(x: Float32Array, F: number, edits: readonly CheckedEdit[], at: Stretch): void {
  const latentEdits = edits.filter((edit): edit is LatentChecked => edit.op === 'latent');
  const arriving = latentEdits.length > 0 ? x.slice() : x;
  for (const edit of edits) {
    if (edit.op === 'latent') continue;
    forEachToken(edit, at, (r, p, valueAt) => {
      const start = (r * at.pos + p) * F;
      editToken(x.subarray(start, start + F), edit, valueAt);
    });
  }
  addLatentEdits(x, arriving, F, latentEdits, at);
}

/**
 * Applies edits in order to a pattern [rows, heads, pos, keys], in place; one token is its [heads, keys].
 * Keys that are padding stay 0, so a row of a batch attends to nothing that is not its own.
 */
export function applyPatternEdits(x: Float32Array, heads: number, keys: number, edits: readonly CheckedEdit[], at: Stretch): void {
  const token = new Float32Array(heads * keys);
  for (const edit of edits) {
    forEachToken(edit, at, (r, p, valueAt) => {
      const real = at.lengths[r] ?? keys;
      const start = (h: number) => ((r * heads + h) * at.pos + p) * keys;
      for (let h = 0; h < heads; h++) token.set(x.subarray(start(h), start(h) + keys), h * keys);
      editToken(token, edit, valueAt);
      for (let h = 0; h < heads; h++) x.set(token.subarray(h * keys, h * keys + real), start(h));
    });
  }
}

/** Regroups a pattern value [.., heads, pos, keys] to [.., pos, heads, keys], one token after the other. */
function patternByToken(value: Float32Array, heads: number, positions: number, keys: number): Float32Array {
  const out = new Float32Array(value.length);
  const perRow = heads * positions * keys;
  for (let from = 0; from < value.length; from += keys) {
    const r = Math.floor(from / perRow);
    const h = Math.floor((from % perRow) / (positions * keys));
    const p = Math.floor((from % (positions * keys)) / keys);
    out.set(value.subarray(from, from + keys), r * perRow + (p * heads + h) * keys);
  }
  return out;
}

/** Calls back for each token an edit touches, with where its numbers start in a `set` value, in tokens. */
function forEachToken(edit: CheckedEdit, at: Stretch, visit: (row: number, pos: number, valueAt: number) => void): void {
  for (let r = 0; r < at.rows; r++) {
    const row = at.firstRow + r;
    if (edit.rows && !edit.rows.has(row)) continue;
    const rowSlot = edit.rowSlot?.get(row) ?? row;
    const end = Math.min(at.pos, (at.lengths[r] ?? 0) - at.firstPos);
    for (let p = 0; p < end; p++) {
      const position = at.firstPos + p;
      if (edit.positions && !edit.positions.has(position)) continue;
      visit(r, p, edit.op === 'set' ? valueToken(edit, rowSlot, edit.slot?.get(position) ?? position) : 0);
    }
  }
}

function valueToken(edit: CheckedEdit & { op: 'set' }, rowSlot: number, slot: number): number {
  if (!edit.perPosition) return 0;
  if (!edit.perRow) return slot;
  return rowSlot * edit.tokensPerRow + slot;
}

function editToken(x: Float32Array, edit: CheckedEdit, valueAt: number): void {
  switch (edit.op) {
    case 'scale':
      for (let i = 0; i < x.length; i++) x[i] = x[i] * edit.factor;
      return;
    case 'add':
      for (let i = 0; i < x.length; i++) x[i] = x[i] + edit.vector[i];
      return;
    case 'set':
      x.set(edit.value.subarray(valueAt * x.length, (valueAt + 1) * x.length));
      return;
    case 'project_out':
      projectOut(x, edit.direction, edit.bias);
      return;
    case 'latent':
      throw new InvariantError('latent edits are added together, not applied one token at a time');
  }
}

/**
 * Adds the effect of latent edits to x: with c the latent's value in `arriving` and d its decoder row, ablate
 * subtracts c·d, scale adds (value − 1)·c·d, set adds (value − c)·d, add adds value·d. What the dictionary does
 * not explain stays.
 */
function addLatentEdits(x: Float32Array, arriving: Float32Array, F: number, edits: readonly LatentChecked[], at: Stretch): void {
  const encoded = new Map<Dictionary, Latents>();
  for (const edit of edits) {
    const latents = encoded.get(edit.dictionary) ?? encodeBlocked(edit.dictionary, arriving);
    encoded.set(edit.dictionary, latents);
    const { dec } = vectors(edit.dictionary, edit.latent);
    forEachToken(edit, at, (r, p) => {
      const row = r * at.pos + p;
      const amount = latentChange(edit, valueOf(latents, row, edit.latent)) * (latents.scale?.[row] ?? 1);
      if (amount === 0) return;
      for (let i = 0; i < F; i++) x[row * F + i] += amount * dec[i];
    });
  }
}

function latentChange({ change, value }: LatentChecked, c: number): number {
  switch (change) {
    case 'ablate':
      return -c;
    case 'scale':
      return (value - 1) * c;
    case 'set':
      return value - c;
    case 'add':
      return value;
  }
}

/** A latent's value in one row; 0 when it does not fire. */
function valueOf(latents: Latents, row: number, latent: number): number {
  for (let i = latents.rows[row]; i < latents.rows[row + 1]; i++) if (latents.latents[i] === latent) return latents.values[i];
  return 0;
}

/** x − relu(direction·x + bias) direction: zero-ablation of a tied latent (Cunningham et al. 2023, section 4). */
function projectOut(x: Float32Array, direction: Float32Array, bias: number): void {
  let dot = bias;
  for (let i = 0; i < x.length; i++) dot += x[i] * direction[i];
  if (dot <= 0) return;
  for (let i = 0; i < x.length; i++) x[i] = x[i] - dot * direction[i];
}
