/** What one feature does on a text, of what all do. */
import type { Latents } from '../../api/dictionaries.ts';
import type { InText } from './state.ts';

export function summaryIn({ rows, latents, values }: Latents, latent: number, tokens: readonly string[]): Omit<InText, 'text'> {
  let max = 0;
  let peak = -1;
  let count = 0;
  for (let row = 0; row + 1 < rows.length; row++) {
    for (let e = rows[row]; e < rows[row + 1]; e++) {
      if (latents[e] !== latent) continue;
      count++;
      if (peak < 0 || values[e] > max) [max, peak] = [values[e], row];
    }
  }
  return { max, token: tokens[peak] ?? '', count, tokens: rows.length - 1 };
}
