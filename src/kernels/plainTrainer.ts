/** The twin as a trainer: float32 parameters, sums in float64. Slow; the oracle, and for browsers without WASM SIMD. */
import { architectureOf, scaleSparsity, type TrainableConfig } from '../core/train/architectures/index.ts';
import { createAdam, type AdamState } from '../core/train/adam.ts';
import { trainStep } from '../core/train/step.ts';
import { createCounters, type Parameters } from '../core/train/types.ts';
import type { StepReport, StepTrainer, TrainerState } from './trainer.ts';

export function createPlainTrainer(config: TrainableConfig, parameters: Parameters): StepTrainer {
  const architecture = architectureOf(config);
  let state: TrainerState = {
    parameters: copyAll(parameters),
    adam: createAdam(parameters),
    counters: createCounters(config),
    fired: new Uint32Array(config.d_sae),
  };
  let last: StepReport | undefined;
  return {
    kernels: 'typescript',
    bytes: 4 * 4 * Object.values(parameters).reduce((sum, { length }) => sum + length, 0),
    step(x, { sparsity, clip, ...adam }) {
      const rows = x.length / config.d_in;
      const clipped = clip === undefined ? architecture : { ...architecture, clip };
      const { gradients: _, fired, ...report } = trainStep(clipped, scaleSparsity(config, sparsity), state, x, adam);
      last = report;
      for (let j = 0; j < config.d_sae; j++) state.fired[j] += fired[j];
      if (architecture.countsSilence) return;
      const { silent } = state.counters;
      for (let j = 0; j < config.d_sae; j++) silent[j] = fired[j] > 0 ? 0 : silent[j] + rows;
    },
    report: () => (last ? Promise.resolve(last) : Promise.reject(new Error('No step was made yet.'))),
    snapshot: () => Promise.resolve(copyState(state)),
    restore(from) {
      state = copyState(from);
      return Promise.resolve();
    },
    firing: () => Promise.resolve({ fired: state.fired.slice(), silent: state.counters.silent.slice() }),
    clearFired: () => void state.fired.fill(0),
    release: () => {},
  };
}

/** A deep copy. */
function copyState({ parameters, adam, counters, fired }: TrainerState): TrainerState {
  return {
    parameters: copyAll(parameters),
    adam: { m: copyAll(adam.m), v: copyAll(adam.v), steps: adam.steps } satisfies AdamState,
    counters: { ...counters, silent: counters.silent.slice() },
    fired: fired.slice(),
  };
}

function copyAll(tensors: Parameters): Parameters {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.slice()]));
}
