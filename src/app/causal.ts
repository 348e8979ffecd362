/** Causal trees and prompt circuits: only the shape of these calls; the rest is fetched when first asked for. */
import type { CausalApi } from '../api/causal.ts';
import { onceItWorks } from '../core/onceItWorks.ts';
import type { CausalNeeds } from './causalHost.ts';

export function createCausal(needs: CausalNeeds): CausalApi {
  const host = onceItWorks(() => import('./causalHost.ts').then(({ createCausalHost }) => createCausalHost(needs)));
  return {
    tree: async (...call) => (await host()).tree(...call),
    circuit: async (...call) => (await host()).circuit(...call),
  };
}
