import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { createAdam, PAPER_ADAM } from '../../../src/core/train/adam.ts';
import { standard } from '../../../src/core/train/architectures/standard.ts';
import { tied } from '../../../src/core/train/architectures/tied.ts';
import { topk } from '../../../src/core/train/architectures/topk.ts';
import { trainStep, type TrainingState } from '../../../src/core/train/step.ts';
import { createCounters, take, type Architecture, type ParameterName, type Parameters, type Sizes } from '../../../src/core/train/types.ts';
import { NAMES, readBatches, readGolden, readParameters, type Drift, type Precision } from './goldens.ts';

type AnyConfig = Sizes & Record<string, number>;

const CASES = [
  { folder: 'tied-relu-l1', architecture: tied as unknown as Architecture<AnyConfig> },
  { folder: 'untied-standard', architecture: standard as unknown as Architecture<AnyConfig> },
  { folder: 'topk', architecture: topk as unknown as Architecture<AnyConfig> },
];

function configOf(folder: string): AnyConfig {
  const { d, n, hyperparameters } = readGolden(folder);
  return { d_in: d, d_sae: n, ...hyperparameters };
}

function start(folder: string, precision: Precision): TrainingState {
  const parameters = readParameters(folder, 'init.safetensors', '', precision);
  return { parameters, adam: createAdam(parameters), counters: createCounters(configOf(folder)) };
}

function worst(a: Parameters, b: Parameters, name: ParameterName): { error: number; size: number } {
  const expected = take(b, name);
  const got = take(a, name);
  expect(got.length).toBe(expected.length);
  let error = 0;
  let size = 0;
  for (let i = 0; i < got.length; i++) {
    error = Math.max(error, Math.abs(got[i] - expected[i]));
    size = Math.max(size, Math.abs(expected[i]));
  }
  return { error, size };
}

describe.each(CASES)('$folder', ({ folder, architecture }) => {
  const golden = readGolden(folder);
  const config = configOf(folder);
  const names = Object.keys(NAMES[folder]) as ParameterName[];

  it.each(['float64', 'float32'] as const)('losses, gradients and weights of 25 steps in %s', (precision) => {
    const file = `expected-${precision === 'float64' ? 'f64' : 'f32'}.safetensors`;
    const log = precision === 'float64' ? golden.log_float64 : golden.log_float32;
    const state = start(folder, precision);
    const allowed = (what: string, name: ParameterName) => {
      if (precision === 'float64') return 1e-11;
      const drift: Drift = golden.tolerance.drift_from_float64[`${what}.${NAMES[folder][name]!.name}`];
      return Math.max(1e-5, 4 * Math.max(drift.float32, drift.float32_other_order, drift['inputs_shaken_by_2e-7']));
    };
    readBatches(precision).forEach((x, step) => {
      const result = trainStep(architecture, config, state, x, PAPER_ADAM);
      const line = log[step];
      const relative = precision === 'float64' ? 1e-11 : step === 24 ? 1e-4 : 1e-5;
      const close = (got: number, expected: number) =>
        expect(Math.abs(got - expected)).toBeLessThanOrEqual(relative * Math.max(1e-3, Math.abs(expected)));
      close(result.loss, line.loss);
      close(result.reconstruction, line.reconstruction);
      if (line.l1 !== undefined) close(result.sparsity, line.l1);
      if (line.auxiliary_unweighted !== undefined) close(result.auxiliary, line.auxiliary_unweighted);
      if (line.threshold !== undefined) close(state.counters.threshold, line.threshold);
      close(result.l0, line.l0);
      close(result.gradientNorm, line.gradient_norm);
      if (step === 0 || step === 5) {
        const expected = readParameters(folder, file, `grad${step}.`, precision);
        for (const name of names) {
          const { error, size } = worst(result.gradients, expected, name);
          const limit = precision === 'float32' && step === 0 ? 1e-6 + 1e-5 * size : allowed(`grad${step}`, name);
          expect(error, `gradient of ${name} at step ${step}`).toBeLessThanOrEqual(limit);
        }
      }
      if ([1, 5, 25].includes(step + 1)) {
        const expected = readParameters(folder, file, `after${step + 1}.`, precision);
        for (const name of names)
          expect(worst(state.parameters, expected, name).error, `${name} after ${step + 1}`).toBeLessThanOrEqual(
            allowed(`after${step + 1}`, name),
          );
      }
    });
  });

  it.each(['init.safetensors', 'expected-f64.safetensors'])('its gradients are the slopes of its loss at the weights of %s', (file) => {
    const [x] = readBatches('float64');
    const random = createRandom(5);
    const at = (parameters: Parameters) => architecture.backward(config, parameters, x, createCounters(config));
    const parameters = readParameters(folder, file, file === 'init.safetensors' ? '' : 'after25.', 'float64');
    const { gradients } = at(parameters);
    for (const name of names) {
      for (let n = 0; n < 12; n++) {
        const i = Math.floor(random() * take(parameters, name).length);
        const slope = slopeAt(
          (v) => at({ ...parameters, [name]: take(parameters, name).map((w: number, j: number) => (j === i ? v : w)) }).loss,
          take(parameters, name)[i],
        );
        expect(take(gradients, name)[i]).toBeCloseTo(slope, 6);
      }
    }
  });

  it('starts from finite weights that the seed decides', () => {
    const make = (seed: number) => architecture.init(config, createRandom(seed), Float32Array.from(readBatches('float32')[0]));
    const a = make(1);
    expect(make(1)).toEqual(a);
    expect(make(2)).not.toEqual(a);
    expect(Object.keys(a).sort()).toEqual([...names].sort());
    for (const name of names) expect(take(a, name).every(Number.isFinite), name).toBe(true);
  });
});

/** Central difference. */
function slopeAt(f: (v: number) => number, at: number): number {
  const h = 1e-6;
  return (f(at + h) - f(at - h)) / (2 * h);
}

describe('the auxiliary loss of TopK', () => {
  const config = { ...configOf('topk'), aux_alpha: 0.25 };
  const [x] = readBatches('float64');
  const parameters = readParameters('topk', 'init.safetensors', '', 'float64');
  const dead = () => ({ silent: new Float64Array(config.d_sae).fill(1e6), threshold: -1, step: 0 });
  const at = (changed: Parameters) => topk.backward(config as never, changed, x, dead());
  const plain = topk.backward({ ...config, aux_alpha: 0 } as never, parameters, x, dead());
  const withAux = at(parameters);
  // Dead latents act on the auxiliary term alone; some of them are among its largest.
  const learning = [...plain.fired].flatMap((n, j) => (n === 0 && take(withAux.gradients, 'b_enc')[j] !== 0 ? [j] : []));

  it.each(['W_dec', 'W_enc', 'b_enc'] as const)('has the slopes of its formula in %s, its target held fixed', (name) => {
    expect(withAux.auxiliary).toBeGreaterThan(0);
    expect(learning.length).toBeGreaterThan(3);
    for (const j of learning.slice(0, 4)) {
      const i = name === 'b_enc' ? j : j * config.d_in + 3;
      const move = (v: number) => ({ ...parameters, [name]: take(parameters, name).with(i, v) });
      const slope = slopeAt((v) => at(move(v)).loss, take(parameters, name)[i]);
      expect(take(withAux.gradients, name)[i]).toBeCloseTo(slope, 6);
      expect(Math.abs(slope)).toBeGreaterThan(1e-5);
      expect(take(plain.gradients, name)[i]).toBe(0);
    }
  });

  it('reaches b_dec through what the encoder sees, not through its target', () => {
    const changes = (name: ParameterName, i: number) => take(withAux.gradients, name)[i] - take(plain.gradients, name)[i];
    const { d_in, d_sae } = config;
    for (let i = 0; i < d_in; i++) {
      let expected = 0;
      for (let j = 0; j < d_sae; j++) expected -= changes('b_enc', j) * take(parameters, 'W_enc')[j * d_in + i];
      expect(changes('b_dec', i)).toBeCloseTo(expected, 12);
    }
  });
});

it('the sum form of the tied loss with d times the alpha is d times the mean form', () => {
  const config = configOf('tied-relu-l1');
  const [x] = readBatches('float64');
  const parameters = readParameters('tied-relu-l1', 'init.safetensors', '', 'float64');
  const mean = tied.backward({ ...config, alpha: config.alpha }, parameters, x, createCounters(config));
  const sum = tied.backward(
    { ...config, alpha: config.alpha * config.d_in, reduction: 'sum' } as never,
    parameters,
    x,
    createCounters(config),
  );
  expect(sum.loss).toBeCloseTo(mean.loss * config.d_in, 10);
});
