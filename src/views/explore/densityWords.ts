import { formatInteger } from '../../charts/format.ts';
import type { Densities } from '../../state/shared/dictionaries.ts';

/** What the densities rest on. */
export function densityWords(densities: Densities | null): string {
  if (!densities) return 'counted on what is on screen alone, since the dictionary’s file does not say';
  const tokens = densities.tokens ? ` on ${formatInteger(densities.tokens)} tokens` : '';
  return densities.source === 'file' ? `as the dictionary’s file says${tokens}` : `measured here${tokens}`;
}
