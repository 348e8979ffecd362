/** The history of a run as series that charts draw and a table reads. */
import type { DictionaryHistory, RunEvaluation, RunPoint } from '../../api/training.ts';
import { perplexity } from './trainingTable.ts';

type PointFigure = 'loss' | 'reconstruction' | 'sparsity' | 'auxiliary' | 'l0' | 'fvu' | 'dead';
type EvaluationFigure = 'ce_recovered' | 'perplexity' | 'ce_clean';

export interface Series {
  /** Tokens trained on. */
  xs: Float64Array;
  ys: Float64Array;
}

export function pointSeries(points: readonly RunPoint[], figure: PointFigure): Series {
  return { xs: Float64Array.from(points, (p) => p.tokens), ys: Float64Array.from(points, (p) => p[figure]) };
}

export function evaluationSeries(evaluations: readonly RunEvaluation[], figure: EvaluationFigure): Series {
  const value = (e: RunEvaluation) =>
    figure === 'perplexity' ? perplexity(e) : figure === 'ce_clean' ? Math.exp(e.ce_clean) : e.ce_recovered;
  return { xs: Float64Array.from(evaluations, (e) => e.tokens), ys: Float64Array.from(evaluations, value) };
}

/** What is known of a dictionary at a place of the run: the point and the measurement at or before it. */
export function valuesAt(
  { points, evaluations }: DictionaryHistory,
  tokens: number | null,
): { point: RunPoint | null; evaluation: RunEvaluation | null } {
  const at = tokens ?? Infinity;
  return { point: lastAt(points, at), evaluation: lastAt(evaluations, at) };
}

function lastAt<T extends { tokens: number }>(items: readonly T[], tokens: number): T | null {
  return items.findLast((item) => item.tokens <= tokens) ?? null;
}
