/** Which trainer a dictionary gets: the machine's, where it says that it can, else the twin in TypeScript. */
import type { TrainableConfig } from '../core/train/architectures/index.ts';
import type { Parameters } from '../core/train/types.ts';
import { createPlainTrainer } from './plainTrainer.ts';
import type { StepTrainer } from './trainer.ts';

/** Makes a trainer. @param maxRows most rows of a batch */
type CreateTrainer = (settings: TrainableConfig, parameters: Parameters, maxRows: number) => Promise<StepTrainer>;

/** @param canTrain whether the kernels know the architecture, which each registers by name */
export function orPlain(canTrain: (settings: TrainableConfig) => boolean, create: CreateTrainer): CreateTrainer {
  return (settings, parameters, maxRows) =>
    canTrain(settings) ? create(settings, parameters, maxRows) : createPlain(settings, parameters, maxRows);
}

export const createPlain: CreateTrainer = (settings, parameters) => Promise.resolve(createPlainTrainer(settings, parameters));
