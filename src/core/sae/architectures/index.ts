/** The architectures that can be read; one file a family, and one line of the list for a new one. */
import { batchtopk, matryoshkaBatchtopk } from './batchtopk.ts';
import { gated } from './gated.ts';
import { groupmax, groupmaxSkipTranscoder, groupmaxTranscoder } from './groupmax.ts';
import { ica, icaNonNegative, icaTopk } from './ica.ts';
import { jumprelu, jumpreluSkipTranscoder, jumpreluTranscoder } from './jumprelu.ts';
import type { ReadForm } from './form.ts';
import { neurons } from './neurons.ts';
import { pca, pcaNonNegative, pcaTopk } from './pca.ts';
import { random } from './random.ts';
import { skipTranscoder, standard, transcoder } from './standard.ts';
import { tied } from './tied.ts';
import { topk, topkSkipTranscoder, topkTranscoder } from './topk.ts';

/** In the order in which sentences name them. */
// prettier-ignore
const LIST = [
  tied,
  standard,
  topk,
  groupmax,
  jumprelu,
  gated,
  batchtopk, matryoshkaBatchtopk,
  transcoder, skipTranscoder,
  jumpreluTranscoder, jumpreluSkipTranscoder,
  topkTranscoder, topkSkipTranscoder,
  groupmaxTranscoder, groupmaxSkipTranscoder,
  neurons, random,
  pca, pcaNonNegative, pcaTopk,
  ica, icaNonNegative, icaTopk,
] as const;

export type Architecture = (typeof LIST)[number]['name'];

export const READ_FORMS: readonly ReadForm<Architecture>[] = LIST;

const BY_NAME = new Map<string, ReadForm<Architecture>>(LIST.map((form) => [form.name, form]));

/** @throws Error for a name that no file may have brought in: importers check it */
export function readFormOf(architecture: Architecture): ReadForm<Architecture> {
  const form = BY_NAME.get(architecture);
  if (!form) throw new Error(`There is no architecture ${String(architecture)}.`);
  return form;
}
