/** The curves of a run: which steps become points, and how densities are counted. */
import { architectureOf } from '../../core/train/architectures/index.ts';
import type { DictionaryPlan } from '../../core/train/config.ts';
import type { DictionaryHistory, RunEvaluation, RunHistory, RunPoint } from '../../core/train/runTypes.ts';
import type { StepReport, StepTrainer } from '../../kernels/trainer.ts';
import { shareUnexplained } from './rows.ts';

/** Points a curve has at most, and so how often one is taken. */
const MOST_POINTS = 500;
/** Rows over which firings are counted for densities. */
const DENSITY_ROWS = 65_536;

export function emptyHistory(): DictionaryHistory {
  return { points: [], evaluations: [], density: null, densityRows: 0, densityFrom: 0 };
}

/** Whether the curves get a point after so many of `steps` steps. */
export function isPoint(step: number, steps: number): boolean {
  const every = Math.max(1, Math.ceil(steps / MOST_POINTS));
  return step % every === 0 || step === 1 || step === steps;
}

/** Where a run stands when a point is taken. */
interface Moment {
  step: number;
  /** Rows trained on so far. */
  tokens: number;
  /** Rows of the step's batch, and Σ‖x − mean x‖² over them. */
  rows: number;
  variation: number;
  lr: number;
  deadAfter: number;
}

export function pointOf({ settings }: DictionaryPlan, report: StepReport, silent: Float64Array, at: Moment): RunPoint {
  const { loss, reconstruction, sparsity, auxiliary, l0 } = report;
  // Back from the loss's own scale to a sum over rows and numbers.
  const squared = reconstruction * at.rows * architectureOf(settings).averagedOver(settings);
  return {
    step: at.step,
    tokens: at.tokens,
    loss,
    reconstruction,
    sparsity,
    auxiliary,
    l0,
    fvu: shareUnexplained(squared, at.variation),
    dead: silent.reduce((n, s) => n + (s >= at.deadAfter ? 1 : 0), 0),
    lr: at.lr,
  };
}

/** A density is of a whole stretch; the first ones are given as they are, so that there is something to see. */
export function countDensity(history: DictionaryHistory, trainer: StepTrainer, fired: Uint32Array, tokens: number): void {
  const rows = tokens - history.densityFrom;
  const isFull = rows >= DENSITY_ROWS;
  if (!isFull && history.densityRows >= DENSITY_ROWS) return;
  history.density = Float32Array.from(fired, (count) => count / rows);
  history.densityRows = rows;
  if (!isFull) return;
  history.densityFrom = tokens;
  trainer.clearFired();
}

/** Deep enough that neither sees what the other adds. */
export function copyHistory(history: RunHistory): RunHistory {
  return history.map(({ points, evaluations, density, ...rest }) => ({
    ...rest,
    points: points.map((point): RunPoint => ({ ...point })),
    evaluations: evaluations.map((evaluation): RunEvaluation => ({ ...evaluation })),
    density: density && density.slice(),
  }));
}
