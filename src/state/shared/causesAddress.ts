import type { FeaturePlace } from './featureAddress.ts';

/** The address of a tree of what causes a feature; the settings follow a `?`, so an id holds none. */
export function causesHash({ dictionary, latent }: FeaturePlace): string {
  return `#/circuits/tree/${encodeURI(dictionary.toWellFormed?.() ?? dictionary).replaceAll('?', '%3F')}/${latent}`;
}
