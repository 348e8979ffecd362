/** Some latents of rows, without computing the others where the rule of the architecture allows. */
import type { Dictionary } from './dictionary.ts';
import { getPlan } from './plan.ts';
import { countRows, prepareRow } from './rows.ts';

/** Whether a latent's value depends on no other latent. */
export function isLatentAlone(dictionary: Dictionary): boolean {
  const { k, groupSize } = getPlan(dictionary);
  return k === undefined && groupSize === undefined;
}

/**
 * As `encode`, of these latents alone; for dictionaries of which `isLatentAlone`.
 * @param x [n, d_in]
 * @returns [n, latents]; 0 where a latent is off
 * @throws UsageError as `encode`
 */
export function encodeFew(dictionary: Dictionary, x: Float32Array, latents: readonly number[]): Float64Array {
  const { config } = dictionary;
  const plan = getPlan(dictionary);
  const { weights, byRows, gain, bias, threshold, gateBias } = plan;
  const { d_in, d_sae } = config;
  const n = countRows(dictionary, x);
  const c = new Float64Array(d_in);
  const out = new Float64Array(n * latents.length);
  for (let row = 0; row < n; row++) {
    prepareRow(config, plan, x, row, c, {});
    latents.forEach((j, slot) => {
      const [from, step] = byRows ? [j * d_in, 1] : [j, d_sae];
      let product = 0;
      for (let i = 0; i < d_in; i++) product += c[i] * weights[from + i * step];
      const p = (gain ? product * gain[j] : product) + bias[j];
      const isOn = p > (threshold ? threshold[j] : 0) && (!gateBias || product + gateBias[j] > 0);
      if (isOn) out[row * latents.length + slot] = p;
    });
  }
  return out;
}
