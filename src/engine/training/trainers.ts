/** The trainers of a run, and what is said when one cannot go on. */
import type { DictionaryPlan, RunPlan } from '../../core/train/config.ts';
import { EngineError, UsageError } from '../../core/errors.ts';
import type { Parameters } from '../../core/train/types.ts';
import type { StepReport, StepTrainer } from '../../kernels/trainer.ts';
import type { RunCheckpoint, RunParts } from './types.ts';

/** One after the other; what was made is given back when one fails. */
export async function makeTrainers(plan: RunPlan, make: (dictionary: DictionaryPlan) => Promise<StepTrainer>): Promise<StepTrainer[]> {
  const trainers: StepTrainer[] = [];
  try {
    for (const dictionary of plan.dictionaries) trainers.push(await make(dictionary));
    return trainers;
  } catch (error) {
    for (const trainer of trainers) trainer.release();
    if (!(error instanceof RangeError)) throw error;
    throw new EngineError('There is not enough memory for these dictionaries. Train fewer at once, or smaller ones.', { cause: error });
  }
}

/** @throws UsageError when model or text are not the checkpoint's */
export function checkSame({ ids, model }: Pick<RunParts, 'ids' | 'model'>, { plan }: RunCheckpoint): void {
  if (ids.length !== plan.corpus.tokens) {
    throw new UsageError(`The run was begun on a text of ${plan.corpus.tokens} tokens and this one has ${ids.length}, so it cannot go on.`);
  }
  if (model.hash !== plan.model.hash) {
    throw new UsageError(`The run was begun on other weights of ${plan.model.id}, so it cannot go on with these.`);
  }
}

/** @throws EngineError when a loss is no number any more */
export function checkFinite(plan: RunPlan, index: number, step: number, { loss, gradientNorm }: StepReport): void {
  if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) failAt(plan, index, step, 'loss');
}

/** A last step may have been too long although its loss was a number. @throws EngineError */
export function checkWeights(plan: RunPlan, index: number, step: number, parameters: Parameters): void {
  for (const tensor of Object.values(parameters)) if (tensor.some((v) => !Number.isFinite(v))) failAt(plan, index, step, 'weight');
}

export function failAt({ adam, dictionaries }: RunPlan, index: number, step: number, what: 'loss' | 'weight' | 'reconstruction'): never {
  throw new EngineError(
    `A ${what} of ${dictionaries[index].name} is no number any more at step ${step} with learning rate ${adam.lr}. ` +
      'The last checkpoint before it is kept. Begin again with a lower learning rate, or with gradients clipped.',
  );
}
