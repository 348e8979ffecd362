/** What the share of a name is a share of. */
import type { FeatureName } from '../../api/features.ts';

const OF: Record<FeatureName['kind'], string> = {
  token: 'its activation lies on this token',
  class: 'its activation lies on these',
  place: 'its firings are there',
  repeat: 'the contexts kept of it are such',
};

/** "86 % of its activation lies on this token" */
export function shareWords({ kind, share }: Pick<FeatureName, 'kind' | 'share'>): string {
  return `${Math.round(100 * share)} % of ${OF[kind]}`;
}
