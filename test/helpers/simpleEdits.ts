/**
 * The four edit operations written a second time, as plainly as they can be said, for tests: one row of text at a
 * time, on the values of the reference model. Shares no code with src/core/lm/applyEdits.ts.
 */
import type { Array2, HookEdit } from '../../src/api/model.ts';

/** How the numbers of a `set` are laid out: one token's, one for each chosen position, or for each chosen row too. */
export type ValueForm = 'token' | 'positions' | 'rows';
export type TestEdit = { edit: HookEdit; form?: ValueForm };

export interface RowOfText {
  row: number;
  /** Tokens of this row. */
  length: number;
  /** Tokens of the longest row: what patterns and whole values count with. */
  longest: number;
  n_heads: number;
}

/** Numbers of one token: where they are in the row's values, and which number of a token's vector each is. */
function cellsOf(values: Float32Array, isPattern: boolean, t: number, { length, longest, n_heads }: RowOfText): [number, number][] {
  const cells: [number, number][] = [];
  if (isPattern) {
    for (let h = 0; h < n_heads; h++)
      for (let key = 0; key < length; key++) cells.push([(h * length + t) * length + key, h * longest + key]);
  } else {
    const F = values.length / length;
    for (let i = 0; i < F; i++) cells.push([t * F + i, i]);
  }
  return cells;
}

/** The values of one hook of one row with one edit made. */
export function editSimply(before: Float32Array, { edit, form }: TestEdit, text: RowOfText): Float32Array {
  const values = before.slice();
  if (edit.rows && !edit.rows.includes(text.row)) return values;
  const isPattern = edit.hook.endsWith('hook_pattern');
  const F = isPattern ? text.n_heads * text.longest : values.length / text.length;
  const positions = edit.positions ?? Array.from({ length: text.longest }, (_, t) => t);
  for (let t = 0; t < text.length; t++) {
    if (!positions.includes(t)) continue;
    const cells = cellsOf(values, isPattern, t, text);
    if (edit.op === 'scale') for (const [at] of cells) values[at] = before[at] * edit.factor;
    if (edit.op === 'add') for (const [at, i] of cells) values[at] = before[at] + edit.vector[i];
    if (edit.op === 'set') {
      const slot = positions.indexOf(t);
      const rowSlot = edit.rows ? edit.rows.indexOf(text.row) : text.row;
      for (const [at, i] of cells) values[at] = edit.value.data[valueIndex(form!, i, slot, rowSlot)];
    }
    if (edit.op === 'project_out') {
      const { direction, bias = 0 } = edit;
      const dot = cells.reduce((sum, [at, i]) => sum + before[at] * direction[i], bias);
      if (dot > 0) for (const [at, i] of cells) values[at] = before[at] - dot * direction[i];
    }
  }
  return values;

  function valueIndex(form: ValueForm, i: number, slot: number, rowSlot: number): number {
    if (form === 'token') return i;
    const inRow = isPattern ? (Math.floor(i / text.longest) * positions.length + slot) * text.longest + (i % text.longest) : slot * F + i;
    return form === 'positions' ? inRow : rowSlot * positions.length * F + inRow;
  }
}

/** The shape of a `set` value of the given form. @param inner the hook's shape without its position axes */
export function valueShape(hook: string, inner: number[], form: ValueForm, positions: number, rows: number, longest: number): number[] {
  const isPattern = hook.endsWith('hook_pattern');
  if (form === 'token') return isPattern ? [...inner, longest] : inner;
  const perRow = isPattern ? [...inner, positions, longest] : [positions, ...inner];
  return form === 'positions' ? perRow : [rows, ...perRow];
}

export function randomArray(random: () => number, shape: number[], scale: number): Array2 {
  const size = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from({ length: size }, () => (random() - 0.5) * 2 * scale), shape };
}
