import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { READ_FORMS } from '../../core/sae/architectures/index.ts';

const NAMES: ReadonlySet<string> = new Set(READ_FORMS.filter((form) => form.isBaseline).map(({ name }) => name));

/** Whether a dictionary is of directions that were not trained. */
export function isDirections({ architecture }: DictionaryInfo): boolean {
  return NAMES.has(architecture);
}
