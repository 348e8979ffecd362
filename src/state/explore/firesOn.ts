/** The tokens of the text on screen on which a feature fires most: what an unlabelled one is called until it has a label. */
import type { NamedToken } from '../../core/lm/glyphs.ts';
import type { Tally } from './ranking.ts';

export interface FiredToken {
  name: NamedToken;
  /** Places of the text where it fires on this token. */
  times: number;
}

/** A second token is named when it has at least this share of the first one's sum. */
const WORTH_NAMING = 1 / 3;

/** The token with the largest sum of values, and the next one where it is not far behind; none for a silent feature. */
export function firesOn({ index, skipped }: Tally, latent: number, names: readonly NamedToken[]): FiredToken[] {
  const place = index.places.get(latent);
  if (place === undefined) return [];
  const found = new Map<string, FiredToken & { sum: number }>();
  for (let e = index.offsets[place]; e < index.offsets[place + 1]; e++) {
    const position = index.positions[e];
    const name = names.at(position);
    if (!name || skipped.has(position)) continue;
    // With and without a space before it, a word is one word to a reader.
    const key = `${name.text.trim() || name.text} ${name.part}`;
    const known = found.get(key) ?? { name, times: 0, sum: 0 };
    known.times += 1;
    known.sum += index.values[e];
    found.set(key, known);
  }
  const [first, second] = [...found.values()].sort((a, b) => b.sum - a.sum);
  if (!first) return [];
  const named = second && second.sum >= first.sum * WORTH_NAMING ? [first, second] : [first];
  return named.map(({ name, times }) => ({ name, times }));
}
