/** What the numbers of a record say of its latent, each by a stated rule. */
import type { FeatureRecord, FeatureTag } from '../types.ts';

/** A latent that fires on more than this share of tokens tells little about any of them. */
const DENSE = 0.2;
/** Share of the sum of values on one token. */
const SINGLE = 0.8;
/** Share of firings on the first token of a window. */
export const FIRST_TOKEN_SHARE = 0.5;
/** Share of firings in one range of places that is this many times as large as the range's share of tokens would be. */
const POSITIONAL = 0.8;
/** Firings below which shares say nothing. */
const FEWEST = 10;

/** For a person, what each tag means. */
export const TAG_WORDS: Record<FeatureTag, string> = {
  dead: 'never fires in this corpus',
  dense: `fires on more than ${DENSE * 100} % of the tokens`,
  'single-token': `${SINGLE * 100} % of its activation lies on one token`,
  'first-token': `at least ${FIRST_TOKEN_SHARE * 100} % of its firings are on the first token of a window`,
  positional: `at least ${POSITIONAL * 100} % of its firings lie in one range of places of the window, the first token apart`,
  opening: 'most of its activation lies on opening brackets or quotation marks',
  closing: 'most of its activation lies on closing brackets or quotation marks',
};

/** Tags that need no letters of tokens. */
export function tagsOf({ tokens, density, firing, places }: Pick<FeatureRecord, 'tokens' | 'density' | 'firing' | 'places'>): FeatureTag[] {
  const tags: FeatureTag[] = [];
  const count = places.reduce((sum, n) => sum + n, 0);
  if (tokens > 0 && count === 0) return ['dead'];
  if (density > DENSE) tags.push('dense');
  if (count < FEWEST) return tags;
  const total = firing.reduce((sum, token) => sum + token.sum, 0);
  if (firing[0] && firing[0].sum >= SINGLE * total) tags.push('single-token');
  if (places[0] >= FIRST_TOKEN_SHARE * count) tags.push('first-token');
  // The last range holds half of a full window, so only the earlier ones say something.
  else if (Math.max(...places.slice(1, 6)) >= POSITIONAL * count) tags.push('positional');
  return tags;
}

export const OPENING = /^\s*[([{<«“‘„]+$/u;
export const CLOSING = /^\s*[)\]}>»”’]+$/u;

/** Tags by what the tokens look like. @param lettersOf letters of a token */
export function letterTags({ firing }: Pick<FeatureRecord, 'firing'>, lettersOf: (id: number) => string): FeatureTag[] {
  const total = firing.reduce((sum, token) => sum + token.sum, 0);
  if (total <= 0) return [];
  const share = (pattern: RegExp) => firing.reduce((sum, { id, sum: s }) => sum + (pattern.test(lettersOf(id)) ? s : 0), 0) / total;
  if (share(OPENING) > 0.5) return ['opening'];
  if (share(CLOSING) > 0.5) return ['closing'];
  return [];
}
