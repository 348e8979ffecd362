/** What a dictionary of other directions is called, for a person. */
import type { BaselineSettings } from '../../core/baselines/options.ts';

/**
 * "PCA of blocks.3.hook_resid_post, 32,768 tokens"; what differs from the plain form follows.
 * @param components directions, before signs are stacked
 * @param rows tokens it was fitted on; absent: on none
 */
export function labelOf(
  { kind, hook, form, signFixed, k, seed }: BaselineSettings,
  components: number,
  width: number,
  rows?: number,
): string {
  if (kind === 'neurons') return `Neurons of ${hook}`;
  if (kind === 'random') return `${components.toLocaleString('en')} random directions of ${hook}, seed ${seed}`;
  const name = kind.toUpperCase();
  const parts = [
    form === 'topk' ? `TopK of ${name} of ${hook}, k = ${k}` : `${name} of ${hook}`,
    `${rows?.toLocaleString('en')} tokens`,
    ...(components < width ? [`${components.toLocaleString('en')} components`] : []),
    ...(form === 'non_negative' ? ['non-negative'] : []),
    ...(signFixed ? ['signs fixed'] : []),
    ...(kind === 'ica' && seed !== 0 ? [`seed ${seed}`] : []),
  ];
  return parts.join(', ');
}
