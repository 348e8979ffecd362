/** The architectures that can be trained, by name; one file each, and one line here for a new one. */
import type { Architecture, Sizes } from '../types.ts';
import { standard, type StandardConfig } from './standard.ts';
import { tied, type TiedConfig } from './tied.ts';
import { topk, type TopkConfig } from './topk.ts';

/** Settings of one dictionary, as its loss reads them. */
export type TrainableConfig =
  ({ architecture: 'tied' } & TiedConfig) | ({ architecture: 'standard' } & StandardConfig) | ({ architecture: 'topk' } & TopkConfig);

export type TrainableName = TrainableConfig['architecture'];

const ARCHITECTURES: { [N in TrainableName]: Architecture<Extract<TrainableConfig, { architecture: N }>> } = { tied, standard, topk };

export const TRAINABLE = Object.keys(ARCHITECTURES) as TrainableName[];

export function architectureOf<C extends TrainableConfig>(config: C): Architecture<C> {
  return ARCHITECTURES[config.architecture] as unknown as Architecture<C>;
}

/** The same settings with the weight of the sparsity term times `factor`; TopK has none. */
export function scaleSparsity<C extends TrainableConfig & Sizes>(config: C, factor: number): C {
  if (factor === 1) return config;
  if (config.architecture === 'tied') return { ...config, alpha: config.alpha * factor };
  if (config.architecture === 'standard') return { ...config, l1_coefficient: config.l1_coefficient * factor };
  return config;
}
