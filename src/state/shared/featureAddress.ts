/** Which feature the feature page is about, and how an address says it: `#/feature/<dictionary>/<number>`. */
export interface FeaturePlace {
  dictionary: string;
  /** NaN where an address gives no number. */
  latent: number;
  /** Where the steps from feature to feature began: they are no steps of the browser's "back". */
  from?: FeaturePlace;
}

/** @param place null: no feature is chosen */
export function featureHash(place: FeaturePlace | null): string {
  // The number is last, so that an id may hold slashes; half a surrogate pair is no part of an address.
  return place ? `#/feature/${encodeURI(place.dictionary.toWellFormed?.() ?? place.dictionary)}/${place.latent}` : '#/feature';
}

/** @returns null for the feature page without a feature, undefined for any other address */
export function parseFeature(hash: string): FeaturePlace | null | undefined {
  const match = /^#\/feature(?:\/(?:(.*)\/)?([^/]*))?$/.exec(hash);
  if (!match) return undefined;
  const [, id = '', number = ''] = match;
  if (id + number === '') return null;
  return { dictionary: decoded(id), latent: /^\d{1,9}$/.test(number) ? Number(number) : NaN };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
