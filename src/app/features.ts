/** What features do, read and resemble: only the shape of these calls; the rest is fetched when first asked for. */
import type { FeaturesApi } from '../api/features.ts';
import { onceItWorks } from '../core/onceItWorks.ts';
import type { FeaturesNeeds } from './featureHost.ts';

export function createFeatures(needs: FeaturesNeeds): Pick<FeaturesApi, 'effects' | 'weights' | 'neighbours' | 'rule'> {
  const host = onceItWorks(() => import('./featureHost.ts').then(({ createFeatureHost }) => createFeatureHost(needs)));
  return {
    effects: async (...call) => (await host()).effects(...call),
    weights: async (...call) => (await host()).weights(...call),
    neighbours: async (...call) => (await host()).neighbours(...call),
    rule: async (...call) => (await host()).rule(...call),
  };
}
