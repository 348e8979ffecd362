/**
 * Untied ReLU + L1 as SAELens's standard (formulas in reference/sae-libraries.md A2, C2):
 *   f = ReLU((x − b_dec) W_enc + b_enc);  x̂ = f W_dec + b_dec
 *   loss = mean over rows of ‖x̂ − x‖² + l1_coefficient · mean over rows of Σ_j f_j ‖W_dec row j‖
 */
import { addScaled, dot, rowNorms } from '../vectors.ts';
import type { TrainableArchitecture } from '../descriptor.ts';
import { numberIn } from '../numbers.ts';
import { take, zerosLike, type Sizes } from '../types.ts';
import { randomRows } from './random.ts';
import { foldUntied } from './untied.ts';

type StandardConfig = Sizes & {
  l1_coefficient: number;
};

/** Of the decoder rows at the start (SAELens). */
const START_NORM = 0.1;

export const standard: TrainableArchitecture<'standard', StandardConfig, 'l1_coefficient'> = {
  name: 'standard',
  label: 'Standard',
  title: 'ReLU + L1 with two matrices, as SAELens’s "standard"',
  formula: 'f = ReLU(W_enc(x − b_dec) + b_enc), x̂ = W_dec f + b_dec. SAELens’s “standard”.',
  loss: 'mean over rows of summed squared error + l1_coefficient · mean over rows of Σ f · ‖W_dec row‖, rows scaled by `scale`',
  sparsity: {
    field: 'l1_coefficient',
    symbol: 'L1',
    label: 'Sparsity l1_coefficient',
    help: 'Weight of Σ f‖W_dec‖ beside the squared error summed over numbers. Larger: fewer active features. Several: a sweep.',
    folder: 'l1_',
    schema: numberIn({ least: 0, most: 1e6 }),
    fallback: 1,
    valueOf: ({ l1_coefficient }) => l1_coefficient,
  },
  options: [],
  parameters: ['W_enc', 'b_enc', 'W_dec', 'b_dec'],
  countsSilence: false,

  settings: (sizes, l1_coefficient) => ({ ...sizes, l1_coefficient }),
  weaken: (config, factor) => ({ ...config, l1_coefficient: config.l1_coefficient * factor }),
  penalty: ({ l1_coefficient }) => l1_coefficient,
  averagedOver: () => 1,

  /** Random decoder rows of norm 0.1, encoder their transpose, biases 0. */
  init({ d_in, d_sae }, random) {
    const W_dec = randomRows(d_sae, d_in, START_NORM, random);
    return { W_enc: W_dec.slice(), b_enc: new Float32Array(d_sae), W_dec, b_dec: new Float32Array(d_in) };
  },

  backward({ d_in, d_sae, l1_coefficient }, parameters, x) {
    const rows = x.length / d_in;
    const W_enc = take(parameters, 'W_enc');
    const W_dec = take(parameters, 'W_dec');
    const b_enc = take(parameters, 'b_enc');
    const b_dec = take(parameters, 'b_dec');
    const norms = rowNorms(W_dec, d_sae, d_in);
    const gradients = zerosLike(parameters);
    const [gEnc, gDec, gBias, gOut] = (['W_enc', 'W_dec', 'b_enc', 'b_dec'] as const).map((name) => take(gradients, name));
    const fired = new Uint32Array(d_sae);
    const l1PerRow = l1_coefficient / rows;
    const f = new Float64Array(d_sae);
    const centred = new Float64Array(d_in);
    const error = new Float64Array(d_in);
    let squared = 0;
    let l1 = 0;
    let active = 0;
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < d_in; i++) {
        centred[i] = x[r * d_in + i] - b_dec[i];
        error[i] = -centred[i];
      }
      for (let j = 0; j < d_sae; j++) {
        f[j] = Math.max(0, dot(W_enc, j * d_in, centred, 0, d_in) + b_enc[j]);
        if (f[j] === 0) continue;
        addScaled(error, 0, W_dec, j * d_in, f[j], d_in);
        l1 += f[j] * norms[j];
        active++;
        fired[j]++;
      }
      squared += dot(error, 0, error, 0, d_in);
      addScaled(gOut, 0, error, 0, 2 / rows, d_in);
      for (let j = 0; j < d_sae; j++) {
        if (f[j] === 0) continue;
        const df = (2 / rows) * dot(W_dec, j * d_in, error, 0, d_in) + l1PerRow * norms[j];
        gBias[j] += df;
        addScaled(gEnc, j * d_in, centred, 0, df, d_in);
        addScaled(gOut, 0, W_enc, j * d_in, -df, d_in);
        addScaled(gDec, j * d_in, error, 0, (2 / rows) * f[j], d_in);
        // A row of norm 0 has no direction; its part of the L1 gradient is 0, as in PyTorch.
        if (norms[j] > 0) addScaled(gDec, j * d_in, W_dec, j * d_in, (l1PerRow * f[j]) / norms[j], d_in);
      }
    }
    const reconstruction = squared / rows;
    const sparsity = l1PerRow * l1;
    return { loss: reconstruction + sparsity, reconstruction, sparsity, auxiliary: 0, l0: active / rows, gradients, fired };
  },

  fold: (config, parameters, scale, frame) => foldUntied(config, parameters, scale, { ...frame, architecture: 'standard' }),

  recipe: {
    saelens: ({ l1_coefficient }, warmup) => ({
      className: 'StandardTrainingSAEConfig',
      settings: [`l1_coefficient=${l1_coefficient}`, `l1_warm_up_steps=${warmup}`],
    }),
  },
};
