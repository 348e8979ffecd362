/** Adam (Kingma and Ba 2015, algorithm 1) in PyTorch's order of operations, without weight decay. */
import { take, zerosLike, type ParameterName, type Parameters } from './types.ts';

export interface AdamSettings {
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
}

/** The paper's: torchopt defaults at learning rate 1e-3 (Cunningham et al. 2023, appendix B). */
export const PAPER_ADAM: AdamSettings = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 };

export interface AdamState {
  /** Running means of gradients and of their squares. */
  m: Parameters;
  v: Parameters;
  steps: number;
}

export function createAdam(parameters: Parameters): AdamState {
  return { m: zerosLike(parameters), v: zerosLike(parameters), steps: 0 };
}

/** One step, in place: p −= lr · m̂ / (√v̂ + eps). */
export function adamStep(state: AdamState, parameters: Parameters, gradients: Parameters, settings: AdamSettings): void {
  state.steps++;
  for (const name of Object.keys(parameters) as ParameterName[]) {
    updateTensor(state, name, take(parameters, name), take(gradients, name), settings);
  }
}

function updateTensor(
  state: AdamState,
  name: ParameterName,
  p: ReturnType<typeof take>,
  g: ReturnType<typeof take>,
  settings: AdamSettings,
): void {
  const { lr, beta1, beta2, eps } = settings;
  const m = take(state.m, name);
  const v = take(state.v, name);
  const stepSize = lr / (1 - beta1 ** state.steps);
  const root = Math.sqrt(1 - beta2 ** state.steps);
  for (let i = 0; i < p.length; i++) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
    p[i] -= (stepSize * m[i]) / (Math.sqrt(v[i]) / root + eps);
  }
}
