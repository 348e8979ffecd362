/** Weights and rules in the order kernels read them. */
import type { Plan } from '../core/sae/plan.ts';

/** Stands for "always" and "never" in a rule; infinity itself is not safe in WGSL. */
export const HUGE = 3e38;

/** Latents copied side by side, so that a stored row is read in whole cache lines. */
const COPY_LATENTS = 128;

/**
 * Encoder weights as [groups][d_in][width]: the weights of `width` latents of one dimension side by side, 0 where
 * the last group has no more latents.
 * @param first first latent, a multiple of `width`
 * @param target [ceil(latents / width) · d_in · width], written
 */
export function packWeights(plan: Plan, d_in: number, first: number, latents: number, width: number, target: Float32Array): void {
  const { weights, byRows } = plan;
  const d_sae = plan.bias.length;
  if (latents % width !== 0) target.fill(0, Math.floor(latents / width) * width * d_in, Math.ceil(latents / width) * width * d_in);
  for (let from = 0; from < latents; from += COPY_LATENTS) {
    const to = Math.min(latents, from + COPY_LATENTS);
    for (let i = 0; i < d_in; i++) {
      for (let j = from; j < to; j++) {
        const at = (Math.floor(j / width) * d_in + i) * width + (j % width);
        target[at] = byRows ? weights[(first + j) * d_in + i] : weights[i * d_sae + first + j];
      }
    }
  }
}

/** What makes a latent active: p = q·gain + bias above `threshold`, and q + gate above 0. */
interface Rule {
  gain: number;
  bias: number;
  threshold: number;
  gate: number;
}

/** @returns the rule of a latent; one that is never active beyond the last */
export function ruleOf({ gain, bias, threshold, gateBias }: Plan, latent: number): Rule {
  if (latent >= bias.length) return { gain: 0, bias: 0, threshold: HUGE, gate: 0 };
  return {
    gain: gain ? gain[latent] : 1,
    bias: bias[latent],
    threshold: threshold ? threshold[latent] : 0,
    gate: gateBias ? gateBias[latent] : HUGE,
  };
}
