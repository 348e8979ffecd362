/** Pure questions about the state. Nothing answered here is stored. */
import type { Edit, Predictions } from '../../api/model.ts';
import type { DictionaryFacts } from '../shared/dictionaries.ts';
import type { ModelFacts } from '../shared/model.ts';
import type { ExploreFacts } from './facts.ts';
import { anyActs, compileEdits, type EditContext, type Stretch } from './edits.ts';

/** What the edits that act depend on. */
type EditFacts = Pick<ExploreFacts, 'bench' | 'analysis' | 'position'> & Pick<ModelFacts, 'model'> & Pick<DictionaryFacts, 'dictionaries'>;

/** The chosen position, kept inside the text on screen; −1 without tokens. */
export function chosenPosition(state: Pick<ExploreFacts, 'analysis' | 'position'>): number {
  return clampPosition(state.position, state.analysis?.before.ids.length ?? 0);
}

/** @param position null is the last */
export function clampPosition(position: number | null, tokens: number): number {
  return position === null ? tokens - 1 : Math.min(position, tokens - 1);
}

export function editContext(state: EditFacts): EditContext {
  const tokens = state.analysis?.before.ids.length ?? 0;
  const dictionaries = state.dictionaries.status === 'done' ? state.dictionaries.list : undefined;
  const { vectors, dropsError } = state.bench;
  return { model: state.model, vectors, dropsError, tokens, selected: chosenPosition(state), dictionaries };
}

/** Whether any edit acts on a text of `tokens` tokens. */
export function editsAct(state: EditFacts, tokens: number): boolean {
  const selected = clampPosition(state.position, tokens);
  return anyActs(state.bench.edits, { ...editContext(state), tokens, selected });
}

/** The edits that act, for a text of `tokens` tokens (the one on screen unless said), moved into a stretch of it if given. */
export function activeEdits(state: EditFacts, tokens?: number, stretch?: Stretch): Edit[] {
  const context = editContext(state);
  const count = tokens ?? context.tokens;
  const selected = clampPosition(state.position, count);
  return compileEdits(state.bench.edits, { ...context, tokens: count, selected }, stretch);
}

export const hasEdits = (state: Pick<ExploreFacts, 'analysis'>): boolean => state.analysis?.after != null;

/** One line of the next-token predictions at a position. */
export interface PredictionRow {
  id: number;
  token: string;
  /** Probability without edits. */
  before: number;
  /** Probability with the edits; undefined when there are none. */
  after: number | undefined;
  /** Place among the unedited predictions, 1 the best; undefined beyond the list asked for. */
  rank: number | undefined;
  /** The token that does come next in the text. */
  actual: boolean;
}

export type RowOrder = 'before' | 'after' | 'change';

/**
 * The most likely next tokens after `position`, best first, and the actual next token even if it is not among
 * them. With edits: everything likely before or after, each with both its probabilities.
 */
export function predictionRows(
  before: Predictions,
  after: Predictions | null,
  position: number,
  order: RowOrder = 'before',
  /** The token that comes next, known also where the window ends. */
  actual: number | undefined = before.ids[position + 1],
): PredictionRow[] {
  const rows = new Map<number, PredictionRow>();
  const add = (row: Omit<PredictionRow, 'actual'>) => {
    if (!rows.has(row.id)) rows.set(row.id, { ...row, actual: row.id === actual });
  };
  const { comparison } = after ?? {};
  const places = Array.from({ length: before.k }, (_, slot) => position * before.k + slot);
  places.forEach((at, slot) => {
    const id = before.topIds[at];
    add({ id, token: before.topTokens[id] ?? '', before: before.topProbs[at], after: comparison?.probsAfter[at], rank: slot + 1 });
  });
  if (after && comparison) {
    for (const at of places) {
      const id = after.topIds[at];
      add({ id, token: after.topTokens[id] ?? '', before: comparison.topProbsBefore[at], after: after.topProbs[at], rank: undefined });
    }
  }
  const next = position + 1;
  if (next < before.ids.length) {
    const chance = (p: Predictions) => Math.exp(-p.surprise[next]);
    const rank = before.rank[next] + 1;
    add({ id: before.ids[next], token: before.tokens[next], before: chance(before), after: after ? chance(after) : undefined, rank });
  }
  return [...rows.values()].sort(comparisonOf(after ? order : 'before'));
}

function comparisonOf(order: RowOrder) {
  const keys = {
    before: (r: PredictionRow) => r.before,
    after: (r: PredictionRow) => r.after ?? 0,
    change: (r: PredictionRow) => Math.abs((r.after ?? 0) - r.before),
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
