/** A person's labels of one dictionary, and what stands behind them. */
import type { Label } from '../../api/labels.ts';
import type { FeatureFacts } from './state.ts';

export function namedOf(dictionary: string, labels: readonly Label[]): FeatureFacts['named'] {
  return {
    dictionary,
    byLatent: new Map(labels.map(({ latent, text }) => [latent, text])),
    evidence: new Map(labels.flatMap(({ latent, evidence }) => (evidence ? [[latent, evidence] as const] : []))),
  };
}
