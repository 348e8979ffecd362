/** The edits a person has listed, and the api's `Edit[]` they stand for. */
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { Edit, HookInfo, ModelInfo } from '../../api/model.ts';
import { findHook, hookWidth } from '../shared/hooks.ts';
import { compileLatent, isOfLatent, latentProblem, latentSentence, type LatentChange } from './latentChange.ts';
import { formatPositions, parsePositions } from './positions.ts';

/** An activation kept for use in edits. */
export interface KeptVector {
  id: number;
  values: Float32Array;
  hook: string;
  position: number;
  /** As written on screen. */
  token: string;
  excerpt: string;
}

export type EditChange =
  | LatentChange
  | { op: 'scale'; factor: number }
  | { op: 'add'; vector: number; strength: number }
  | { op: 'set'; vector: number }
  | { op: 'project_out'; vector: number };

export type EditWhere = { kind: 'all' } | { kind: 'selected' } | { kind: 'list'; text: string };

export interface EditItem {
  id: number;
  hook: string;
  change: EditChange;
  where: EditWhere;
  on: boolean;
}

export interface Workbench {
  edits: readonly EditItem[];
  /** Whether features act on their dictionary's reconstruction: what that leaves of the activations is then dropped. */
  dropsError: boolean;
  vectors: readonly KeptVector[];
}

/** What an edit list is compiled against: the text on screen and the position chosen in it. */
export interface EditContext {
  model: ModelInfo | null;
  vectors: readonly KeptVector[];
  tokens: number;
  selected: number;
  /** Undefined until they have been listed. */
  dictionaries?: readonly DictionaryInfo[] | undefined;
  dropsError?: boolean;
}

/** An edit that acts, and where; null: everywhere. */
type PlacedEdit = { item: EditItem; hook: HookInfo; positions: number[] | null };

/** Why an edit cannot act now, as a sentence; null when it can. */
export function editProblem(item: EditItem, context: EditContext): string | null {
  const hook = findHook(context.model, item.hook);
  if (!hook) return `This model has no ${item.hook}.`;
  if (!hook.editable) return `${item.hook} can be read but not edited.`;
  const { change } = item;
  const fit = isOfLatent(change) ? latentProblem(change, context.dictionaries) : changeProblem(change, hook, context.vectors);
  if (fit) return fit;
  const positions = wherePositions(item.where, context);
  if ('problem' in positions) return positions.problem;
  if (positions.list?.length === 0) return `This text has no position ${describeList(item.where)}; it ends at ${context.tokens - 1}.`;
  return null;
}

export function changeProblem(change: Exclude<EditChange, LatentChange>, hook: HookInfo, vectors: readonly KeptVector[]): string | null {
  if (change.op === 'scale') return Number.isFinite(change.factor) ? null : 'The factor must be a number.';
  if (change.op === 'add' && !Number.isFinite(change.strength)) return 'The strength must be a number.';
  const width = hookWidth(hook);
  if (width === null) return `${hook.name} holds no vector at a position, so it can only be scaled.`;
  const vector = vectors.find((v) => v.id === change.vector);
  if (!vector) return 'Choose a kept vector. Keep one in the Activations panel first.';
  if (vector.values.length !== width) {
    return `That vector has ${vector.values.length} dimensions (${vector.hook}), but ${hook.name} has ${width}.`;
  }
  if (change.op === 'project_out' && norm(vector.values) === 0) return 'That vector is zero, so it has no direction to remove.';
  return null;
}

function wherePositions(where: EditWhere, context: EditContext): { list: number[] | null } | { problem: string } {
  if (where.kind === 'all') return { list: null };
  if (where.kind === 'selected') return { list: context.tokens > 0 ? [context.selected] : [] };
  const parsed = parsePositions(where.text);
  if ('problem' in parsed) return parsed;
  return { list: parsed.positions.filter((p) => p < context.tokens) };
}

function describeList(where: EditWhere): string {
  return where.kind === 'list' ? where.text.trim() : '';
}

/** Whether any listed edit is on and can act: `compileEdits` without the work. */
export function anyActs(items: readonly EditItem[], context: EditContext): boolean {
  return items.some((item) => item.on && editProblem(item, context) === null);
}

/** Positions `start` to `end` of the text, which the model reads as 0 to end − start. */
export interface Stretch {
  start: number;
  end: number;
}

/**
 * The api's edits for every listed edit that is on and can act, in list order.
 * @param stretch of a long text, the window the edits are for: their positions are moved into it, and an edit with none
 * in it is left out
 */
export function compileEdits(items: readonly EditItem[], context: EditContext, stretch?: Stretch): Edit[] {
  return compilePlaced(items, context, stretch ?? { start: 0, end: context.tokens }, compileOne);
}

/** As `compileEdits`, each edit turned into the api's by `compile`. */
export function compilePlaced(
  items: readonly EditItem[],
  context: EditContext,
  { start, end }: Stretch,
  compile: (placed: PlacedEdit, context: EditContext) => Edit[],
): Edit[] {
  const placed = items.flatMap((item): PlacedEdit[] => {
    if (!item.on || editProblem(item, context) !== null) return [];
    const hook = findHook(context.model, item.hook);
    const where = wherePositions(item.where, context);
    if (!hook || 'problem' in where) return [];
    const positions = where.list?.filter((p) => p >= start && p < end).map((p) => p - start) ?? null;
    return positions?.length === 0 ? [] : [{ item, hook, positions }];
  });
  const within = { ...context, tokens: end - start };
  const edits = placed.flatMap((one) => compile(one, within));
  if (!context.dropsError) return edits;
  return [...splicesOf(placed.flatMap((one) => compileOne(one, within))), ...edits];
}

/** For each dictionary whose features are changed: its reconstruction wherever they are. */
function splicesOf(edits: readonly Edit[]): Edit[] {
  const places = new Map<string, Set<number> | null>();
  for (const edit of edits) {
    if (!('dictionary' in edit)) continue;
    const { dictionary, positions } = edit;
    const known = places.get(dictionary);
    places.set(dictionary, positions && known !== null ? new Set([...(known ?? []), ...positions]) : null);
  }
  return [...places].map(([dictionary, at]) => ({ dictionary, op: 'splice', ...(at && { positions: [...at].sort((a, b) => a - b) }) }));
}

export function compileOne({ item, hook, positions }: PlacedEdit, context: EditContext): Edit[] {
  const at = positions === null ? {} : { positions };
  const { change } = item;
  if (isOfLatent(change)) return [compileLatent(change, at)];
  if (change.op === 'scale') return [{ hook: hook.name, op: 'scale', factor: change.factor, ...at }];
  const values = context.vectors.find((v) => v.id === change.vector)?.values;
  if (!values) return [];
  switch (change.op) {
    case 'add':
      return [{ hook: hook.name, op: 'add', vector: values.map((x) => x * change.strength), ...at }];
    case 'set': {
      const list = positions ?? Array.from({ length: context.tokens }, (_, i) => i);
      return [{ hook: hook.name, op: 'set', value: repeated(values, list.length, hook), positions: list }];
    }
    case 'project_out': {
      // The api removes only the positive part along a direction; the opposite direction removes the rest.
      const length = norm(values);
      const direction = values.map((x) => x / length);
      return [
        { hook: hook.name, op: 'project_out', direction, ...at },
        { hook: hook.name, op: 'project_out', direction: direction.map((x) => -x), ...at },
      ];
    }
  }
}

/** One vector at `count` positions, in the shape of the hook. */
function repeated(values: Float32Array, count: number, hook: HookInfo) {
  const data = new Float32Array(count * values.length);
  for (let i = 0; i < count; i++) data.set(values, i * values.length);
  const rest = hook.shape.slice(1).map((s) => (s === 'pos' ? count : s));
  return { data, shape: [count, ...rest] };
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
}

export function usesSelection(items: readonly EditItem[]): boolean {
  return items.some((e) => e.on && e.where.kind === 'selected');
}

/** "Scale blocks.2.hook_mlp_out by 0 at all positions", in pieces so that a view can set the hook apart. */
export function editSentence(item: EditItem, context: EditContext): { verb: string; middle: string; where: string } {
  const { change } = item;
  const where = whereWords(item.where, context);
  if (isOfLatent(change)) return { ...latentSentence(change), where };
  const vector = change.op === 'scale' ? '' : vectorName(context.vectors.find((v) => v.id === change.vector));
  switch (change.op) {
    case 'scale':
      return { verb: change.factor === 0 ? 'Zero' : 'Scale', middle: change.factor === 0 ? '' : `by ${change.factor}`, where };
    case 'add':
      return { verb: `Add ${change.strength} × ${vector} to`, middle: '', where };
    case 'set':
      return { verb: 'Set', middle: `to ${vector}`, where };
    case 'project_out':
      return { verb: `Remove the direction of ${vector} from`, middle: '', where };
  }
}

function whereWords(where: EditWhere, context: EditContext): string {
  if (where.kind === 'all') return 'at all positions';
  if (where.kind === 'selected') return `at the selected position (${context.selected})`;
  const parsed = parsePositions(where.text);
  if ('problem' in parsed) return 'at no position';
  const text = formatPositions(parsed.positions);
  return parsed.positions.length === 1 ? `at position ${text}` : `at positions ${text}`;
}

export function vectorName(vector: KeptVector | undefined): string {
  return vector ? `v${vector.id}` : 'a missing vector';
}

/** JavaScript that makes the same edits; long vectors are shortened unless `full`. */
export function editsCode(edits: readonly Edit[], full: boolean): string {
  if (edits.length === 0) return '[]';
  return `[\n${edits.map((e) => `  ${editCode(e, full)},`).join('\n')}\n]`;
}

function editCode(edit: Edit, full: boolean): string {
  const fields = Object.entries(edit).map(([key, value]) => `${key}: ${literal(value, full)}`);
  return `{ ${fields.join(', ')} }`;
}

function literal(value: unknown, full: boolean): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value instanceof Float32Array) {
    const shown = full ? [...value] : [...value.slice(0, 3)].map((x) => Number(x.toPrecision(3)));
    const rest = full || value.length <= 3 ? '' : `, /* … ${value.length} values */`;
    return `Float32Array.of(${shown.join(', ')}${rest})`;
  }
  if (Array.isArray(value)) {
    const shown = full ? value : value.slice(0, 16);
    return `[${shown.join(', ')}${value.length > shown.length ? `, /* … ${value.length} in all */` : ''}]`;
  }
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([k, v]) => `${k}: ${literal(v, full)}`)
      .join(', ')} }`;
  }
  return String(value);
}
