/** Checks edits before a run, so that nothing is computed for a list that cannot be carried out. */
import { UsageError } from '../errors.ts';
import { checkLatentEdit } from './checkLatentEdit.ts';
import { checkWhere, featuresPerToken, type CheckedEdit, type CheckedValue, type CheckedWhere, type EditContext } from './editContext.ts';
import { hookShape, parseHook, type Hook } from './hooks.ts';
import { allFinite, assertArray2, finite, sameShape } from './numbers.ts';
import type { Edit, HookEdit, LatentEdit } from './types.ts';

function isLatentEdit(edit: Edit): edit is LatentEdit {
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

function vector(value: unknown, length: number, name: string, hook: Hook): Float32Array {
  if (Number.isNaN(length)) throw new UsageError(`${hook.name} grows with the text; in generation it can only be scaled.`);
  if (!(value instanceof Float32Array)) throw new UsageError(`\`${name}\` must be a Float32Array of ${length} numbers.`);
  if (value.length !== length) {
    throw new UsageError(`\`${name}\` has ${value.length} numbers, but ${hook.name} has ${length} for each token.`);
  }
  return allFinite(value, name);
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
