/** Angles and causal mask of a stretch of positions. */
import type { ModelConfig } from './config.ts';

/**
 * cos and sin [pos, rotary_dim/2] of positions first … first + pos − 1; angle p · base^(−2j/rotary_dim)
 * (GPT-NeoX, after Su et al. 2021). Float64 inside, rounded once.
 */
export function rotaryAngles(c: ModelConfig, first: number, pos: number): { cos: Float32Array; sin: Float32Array } {
  const half = c.rotary_dim / 2;
  const cos = new Float32Array(pos * half);
  const sin = new Float32Array(pos * half);
  for (let p = 0; p < pos; p++) {
    for (let j = 0; j < half; j++) {
      const angle = (first + p) * Math.pow(c.rotary_base, (-2 * j) / c.rotary_dim);
      cos[p * half + j] = Math.cos(angle);
      sin[p * half + j] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** Far below any score, yet finite: exp(MASKED − max) is exactly 0 in fp32 and nothing becomes NaN. */
const MASKED = -1e9;

/**
 * Added to the scores [pos, first + pos]: 0 where a position may look, MASKED at later ones. With right
 * padding this is all the mask there is: real tokens never see the padding behind them.
 */
export function causalMask(first: number, pos: number): Float32Array {
  const keys = first + pos;
  const mask = new Float32Array(pos * keys);
  for (let p = 0; p < pos; p++) mask.fill(MASKED, p * keys + first + p + 1, (p + 1) * keys);
  return mask;
}
