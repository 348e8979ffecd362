/**
 * Tied ReLU + L1, the paper's (Cunningham et al. 2023, section 2; details in reference/paper.md A1-A2):
 *   Ŵ_k = W_k / max(‖W_k‖, 1e-8);  f = ReLU(Ŵ x + b);  x̂ = Ŵᵀ f
 *   loss = mean over rows and dims of (x̂ − x)² + alpha · mean over rows of Σ f
 * `reduction: 'sum'` sums the squared error over dims instead (paper equation 4): alpha is then d times larger.
 */
import { addScaled, dot, rowNorms } from '../vectors.ts';
import { foldTied } from '../../sae/fold.ts';
import type { TrainableArchitecture } from '../descriptor.ts';
import { numberIn } from '../numbers.ts';
import { take, zerosLike, type Numbers, type Parameters, type Sizes } from '../types.ts';

export interface TiedConfig extends Sizes {
  /** Weight of the L1 term, in the scale of `reduction`. */
  alpha: number;
  /** Of the squared error over dims; 'mean' is what the paper's code does and its printed alphas mean. */
  reduction?: 'mean' | 'sum';
}

const SMALLEST_NORM = 1e-8;

export const tied: TrainableArchitecture<'tied', TiedConfig, 'alpha'> = {
  name: 'tied',
  label: 'Tied',
  title: 'ReLU + L1 with one matrix, as Cunningham et al. 2023',
  formula: 'f = ReLU(Ŵx + b), x̂ = Ŵᵀf, rows of Ŵ of norm 1. The paper’s.',
  loss: 'mean over rows and d_in of squared error + alpha · mean over rows of the L1 norm, rows scaled by `scale`, dictionary rows normalised in the forward pass',
  sparsity: {
    field: 'alpha',
    symbol: 'α',
    label: 'Sparsity α',
    help: 'Weight of Σf beside the squared error averaged over numbers (the paper’s code). Larger: fewer active features. Several: a sweep.',
    folder: 'alpha',
    schema: numberIn({ least: 0, most: 1e6 }),
    fallback: 0.004,
    besideMean: true,
    valueOf: ({ alpha }) => alpha,
  },
  options: [],
  parameters: ['W_dec', 'b_enc'],
  countsSilence: false,

  settings: (sizes, alpha) => ({ ...sizes, alpha }),
  weaken: (config, factor) => ({ ...config, alpha: config.alpha * factor }),
  penalty: ({ alpha }) => alpha,
  averagedOver: ({ reduction, d_in }) => (reduction === 'sum' ? 1 : d_in),

  /** Xavier uniform rows (bound √(6 / (d_sae + d_in))), bias 0. */
  init({ d_in, d_sae }, random) {
    const bound = Math.sqrt(6 / (d_in + d_sae));
    return { W_dec: Float32Array.from({ length: d_sae * d_in }, () => bound * (2 * random() - 1)), b_enc: new Float32Array(d_sae) };
  },

  backward(config, parameters, x) {
    const { d_in, d_sae, alpha } = config;
    const rows = x.length / d_in;
    const norms = rowNorms(take(parameters, 'W_dec'), d_sae, d_in).map((norm) => Math.max(norm, SMALLEST_NORM));
    const unit = unitRows(take(parameters, 'W_dec'), norms, d_in);
    const bias = take(parameters, 'b_enc');
    const gradients = zerosLike(parameters);
    const unitGradient = new Float64Array(d_sae * d_in);
    const biasGradient = take(gradients, 'b_enc');
    const fired = new Uint32Array(d_sae);
    const perError = config.reduction === 'sum' ? 1 / rows : 1 / (rows * d_in);
    const f = new Float64Array(d_sae);
    const error = new Float64Array(d_in);
    let squared = 0;
    let l1 = 0;
    let active = 0;
    for (let r = 0; r < rows; r++) {
      const at = r * d_in;
      for (let i = 0; i < d_in; i++) error[i] = -x[at + i];
      for (let k = 0; k < d_sae; k++) {
        f[k] = Math.max(0, dot(unit, k * d_in, x, at, d_in) + bias[k]);
        if (f[k] === 0) continue;
        addScaled(error, 0, unit, k * d_in, f[k], d_in);
        l1 += f[k];
        active++;
        fired[k]++;
      }
      squared += dot(error, 0, error, 0, d_in);
      for (let k = 0; k < d_sae; k++) {
        if (f[k] === 0) continue;
        const df = 2 * perError * dot(unit, k * d_in, error, 0, d_in) + alpha / rows;
        biasGradient[k] += df;
        addScaled(unitGradient, k * d_in, error, 0, 2 * perError * f[k], d_in);
        addScaled(unitGradient, k * d_in, x, at, df, d_in);
      }
    }
    throughNormalisation(unitGradient, unit, norms, d_in, take(gradients, 'W_dec'));
    const reconstruction = squared * perError;
    const sparsity = (alpha * l1) / rows;
    return { loss: reconstruction + sparsity, reconstruction, sparsity, auxiliary: 0, l0: active / rows, gradients, fired };
  },

  /** As "standard": SAELens has no tied form. */
  fold(_, parameters, scale, frame) {
    const [W_dec, b_enc] = (['W_dec', 'b_enc'] as const).map((name) => Float32Array.from(take(parameters, name)));
    const config = { ...frame, architecture: 'tied', apply_b_dec_to_input: false, activation_scale: scale } as const;
    return foldTied({ config, tensors: { W_dec, b_enc } });
  },

  recipe: {
    saelens: ({ alpha, d_in }, warmup) => ({
      className: 'StandardTrainingSAEConfig',
      settings: [`l1_coefficient=${Number((alpha * d_in).toPrecision(6))}`, `l1_warm_up_steps=${warmup}`],
    }),
    saelensNote: [
      '# SAELens has no tied form: where the run asks for it, this trains its standard architecture with the l1_coefficient',
      '# of the same scale (alpha times d_in, since SAELens sums the squared error and the paper averages it).',
    ],
  },
};

function unitRows(matrix: Numbers, norms: Float64Array, width: number): Float64Array {
  return Float64Array.from(matrix, (v, i) => v / norms[Math.floor(i / width)]);
}

/** ∂L/∂W_k = (G_k − (G_k·Ŵ_k) Ŵ_k) / ‖W_k‖; below the clamp the norm is a constant, so G_k / 1e-8. */
function throughNormalisation(
  g: Float64Array,
  unit: Float64Array,
  norms: Float64Array,
  width: number,
  target: Parameters[keyof Parameters] & Numbers,
): void {
  for (let k = 0; k < norms.length; k++) {
    const at = k * width;
    const along = norms[k] > SMALLEST_NORM ? dot(g, at, unit, at, width) : 0;
    for (let i = at; i < at + width; i++) target[i] = (g[i] - along * unit[i]) / norms[k];
  }
}
