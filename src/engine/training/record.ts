/** The training record of a dictionary: what featurescope.json beside its weights says. */
import { architectureOf } from '../../core/train/architectures/index.ts';
import type { RunPlan } from '../../core/train/config.ts';
import type { DictionaryHistory, RunEvaluation, RunPoint } from '../../core/train/runTypes.ts';

interface RecordFigures {
  scale: number;
  step: number;
  tokens: number;
  seconds: number;
  history: DictionaryHistory;
}

/** Columns of the curves, in the record's order; a figure that is no number is null in the file. */
const COLUMNS = ['step', 'loss', 'reconstruction', 'sparsity', 'auxiliary', 'l0', 'fvu', 'dead'] as const satisfies (keyof RunPoint)[];
/** Digits of a figure in a curve: what can be seen. */
const DIGITS = 5;

export function describeRun(plan: RunPlan, index: number, { scale, step, tokens, seconds, history }: RecordFigures): object {
  const { hook, seed, settings } = plan.dictionaries[index];
  const architecture = architectureOf(settings);
  const evaluation = history.evaluations.at(-1);
  const { step: measuredAt, tokens: _, ...metrics } = evaluation ?? { step: 0, tokens: 0 };
  return {
    format: 'featurescope dictionary',
    version: 2,
    made_by: 'featurescope',
    hook,
    ...settings,
    loss: architecture.loss,
    scale,
    tokens,
    steps: step,
    finished: step === plan.steps,
    batch: plan.batch,
    ...plan.adam,
    clip: plan.clip ?? architecture.clip ?? 0,
    seed,
    stream_seed: plan.seed,
    ...(evaluation && { ...metrics, measured_at_step: measuredAt, measured_on: 'held-out text' }),
    model: plan.model.id,
    model_hash: plan.model.hash,
    corpus: plan.corpus.names.join(', '),
    corpus_hash: plan.corpus.hash,
    held_out: plan.heldOut,
    keep_first: plan.keepFirst,
    keep_end_of_text: plan.keepEndOfText,
    warmup: plan.schedule.warmup,
    decay: plan.schedule.decay,
    sparsity_warmup: plan.schedule.sparsityWarmup,
    resample_every: plan.resampleEvery,
    dead_after: plan.deadAfter,
    seconds: Math.round(seconds),
    curves: Object.fromEntries(COLUMNS.map((name) => [name, history.points.map((point) => Number(point[name].toPrecision(DIGITS)))])),
    held_out_curves: columnsOf(history),
  };
}

/** Measurements by figure, in the order they were taken. */
function columnsOf({ evaluations }: DictionaryHistory): Record<string, number[]> {
  const names = Object.keys(evaluations[0] ?? {}) as (keyof RunEvaluation)[];
  return Object.fromEntries(names.map((name) => [name, evaluations.map((evaluation) => Number(evaluation[name].toPrecision(DIGITS)))]));
}
