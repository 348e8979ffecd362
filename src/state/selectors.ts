/** Pure questions about the state. Nothing answered here is stored. */
import type { Edit, Predictions } from '../core/lm/types.ts';
import type { AppState, Facts } from './appState.ts';
import { compileEdits, type EditContext } from './edits.ts';

/** The chosen position, kept inside the text on screen; −1 without tokens. */
export function chosenPosition(state: Pick<Facts, 'analysis' | 'position'>): number {
  const last = (state.analysis?.before.ids.length ?? 0) - 1;
  return state.position === null ? last : Math.min(state.position, last);
}

export function editContext(state: Pick<Facts, 'model' | 'bench' | 'analysis' | 'position'>): EditContext {
  const tokens = state.analysis?.before.ids.length ?? 0;
  return { model: state.model, vectors: state.bench.present.vectors, tokens, selected: chosenPosition(state) };
}

/** The edits that act, for a text of `tokens` tokens (the one on screen unless said). */
export function activeEdits(state: Facts, tokens?: number): Edit[] {
  const context = editContext(state);
  const count = tokens ?? context.tokens;
  const selected = state.position === null ? count - 1 : Math.min(state.position, count - 1);
  return compileEdits(state.bench.present.edits, { ...context, tokens: count, selected });
}

export const hasEdits = (state: AppState): boolean => state.analysis?.after != null;

/** One line of the comparison of next-token predictions at a position. */
export interface PredictionRow {
  id: number;
  token: string;
  /** Undefined when outside the list asked for: then it is at most the list's smallest. */
  before: number | undefined;
  after: number | undefined;
  /** Place among the unedited predictions, 1 the best; undefined when not known. */
  rank: number | undefined;
  /** The token that does come next in the text. */
  actual: boolean;
}

export type RowOrder = 'before' | 'after' | 'change';

/** The most likely next tokens after `position`, best first, and the actual next token even if it is not among them. */
export function predictionRows(
  before: Predictions,
  after: Predictions | null,
  position: number,
  order: RowOrder = 'before',
): PredictionRow[] {
  const next = before.ids[position + 1];
  const rows = new Map<number, PredictionRow>();
  const add = (p: Predictions, side: 'before' | 'after') => {
    for (let j = position * p.k; j < (position + 1) * p.k; j++) {
      const id = p.topIds[j];
      if (!(p.topProbs[j] >= 0)) continue;
      const row = rows.get(id) ?? {
        id,
        token: p.topTokens[id] ?? '',
        before: undefined,
        after: undefined,
        rank: undefined,
        actual: id === next,
      };
      row[side] = p.topProbs[j];
      if (side === 'before') row.rank = j - position * p.k + 1;
      rows.set(id, row);
    }
  };
  add(before, 'before');
  if (after) add(after, 'after');
  if (next !== undefined) {
    const row = rows.get(next) ?? {
      id: next,
      token: before.tokens[position + 1],
      before: undefined,
      after: undefined,
      rank: undefined,
      actual: true,
    };
    row.rank ??= before.rank[position + 1] + 1;
    row.before ??= Math.exp(-before.surprise[position + 1]);
    if (after) row.after ??= Math.exp(-after.surprise[position + 1]);
    rows.set(next, row);
  }
  return [...rows.values()].sort(comparison(after ? order : 'before', smallest(before, position), after ? smallest(after, position) : 0));
}

/** The least probability in the list at a position: the bound for every token outside it. */
export function smallest(p: Predictions, position: number): number {
  return p.topProbs[(position + 1) * p.k - 1] ?? 0;
}

function comparison(order: RowOrder, floorBefore: number, floorAfter: number) {
  const keys = {
    before: (r: PredictionRow) => r.before ?? 0,
    after: (r: PredictionRow) => r.after ?? 0,
    // An unlisted probability is taken at its bound: the least the change can be.
    change: (r: PredictionRow) => Math.abs((r.after ?? floorAfter) - (r.before ?? floorBefore)),
  };
  const key = keys[order];
  return (a: PredictionRow, b: PredictionRow) => key(b) - key(a) || a.id - b.id;
}

/** L2 norm of the activation at each position; 'pos' is the first axis. */
export function normsByPosition(values: { data: Float32Array; shape: number[] }): Float32Array {
  const n = values.shape[0];
  const width = n === 0 ? 0 : values.data.length / n;
  return Float32Array.from({ length: n }, (_, i) =>
    Math.sqrt(values.data.subarray(i * width, (i + 1) * width).reduce((s, x) => s + x * x, 0)),
  );
}

/** The values at one position; 'pos' is the first axis. */
export function vectorAt(values: { data: Float32Array; shape: number[] }, position: number): Float32Array {
  const width = values.data.length / values.shape[0];
  return values.data.slice(position * width, (position + 1) * width);
}

/** Indices of the `count` largest magnitudes, largest first. */
export function largestIndices(values: ArrayLike<number>, count: number): number[] {
  const order = Array.from({ length: values.length }, (_, i) => i);
  return order.sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b).slice(0, count);
}

/** "z[3, 17]" for a flat dimension of a hook with several axes after position; the number alone for one axis. */
export function dimensionName(flat: number, shape: readonly number[]): string {
  if (shape.length <= 2) return String(flat);
  const last = shape[shape.length - 1];
  return `${Math.floor(flat / last)}, ${flat % last}`;
}
