import { formatInteger } from '../../charts/format.ts';
import type { DictionaryInfo } from '../../api/dictionaries.ts';

/** Why a dictionary cannot be read with the model that is open; none: undefined. */
export function misfitWords({ model, hook, d_in }: DictionaryInfo, open: string | undefined): string {
  if (open === undefined) return 'No model is open to read it with.';
  if (hook === '') return 'Its files do not say which hook it reads, so it takes activations from scripts only.';
  const made = model !== '' && model !== open ? `Made for ${model}. ` : '';
  return `${made}${open} has no ${hook} of ${formatInteger(d_in)} numbers, so it is here to look at, to export and for scripts.`;
}
