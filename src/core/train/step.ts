/** One training step of the twin: loss, gradients, clipping, optimiser, constraint, in that order. */
import { adamStep, type AdamSettings, type AdamState } from './adam.ts';
import { take, type Architecture, type Backward, type Counters, type Numbers, type Parameters, type Sizes } from './types.ts';
import { dot } from './vectors.ts';

export interface TrainingState {
  parameters: Parameters;
  adam: AdamState;
  counters: Counters;
}

/**
 * Changes the state in place.
 * @param x [rows, d_in]
 * @returns the losses, with raw gradients, and the norm the clip looked at
 */
export function trainStep<C extends Sizes>(
  architecture: Architecture<C>,
  config: C,
  state: TrainingState,
  x: Numbers,
  settings: AdamSettings,
): Backward & { gradientNorm: number } {
  const { parameters, adam, counters } = state;
  const result = architecture.backward(config, parameters, x, counters);
  const gradients = copyOf(result.gradients);
  architecture.project?.(config, parameters, gradients);
  const gradientNorm = norm(gradients, architecture);
  if (architecture.clip !== undefined && gradientNorm > architecture.clip) scale(gradients, architecture.clip / (gradientNorm + 1e-6));
  adamStep(adam, parameters, gradients, settings);
  architecture.constrain?.(config, parameters);
  counters.step++;
  return { ...result, gradientNorm };
}

function copyOf(tensors: Parameters): Parameters {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.slice()]));
}

function norm<C extends Sizes>(gradients: Parameters, { parameters }: Architecture<C>): number {
  let square = 0;
  for (const name of parameters) {
    const g = take(gradients, name);
    square += dot(g, 0, g, 0, g.length);
  }
  return Math.sqrt(square);
}

function scale(gradients: Parameters, factor: number): void {
  for (const tensor of Object.values(gradients)) for (let i = 0; i < tensor.length; i++) tensor[i] *= factor;
}
