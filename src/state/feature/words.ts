/** Sentences of the feature page. */
import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import type { EffectFigures, FeatureRecord, FeatureTag, IndexInfo, IndexSummary, Stack, TokenCounts } from '../../api/features.ts';
import { stackOf } from '../../core/interp/effects.ts';
import { letterTags, TAG_WORDS } from '../../core/interp/featureIndex/tags.ts';

/** "100,000 tokens of moby-dick": what numbers rest on. */
export function restWords({ corpus, tokens, total }: Pick<IndexInfo, 'corpus' | 'tokens' | 'total'>): string {
  const read = tokens < total ? `the first ${formatInteger(tokens)} of ${formatInteger(total)}` : formatInteger(tokens);
  return `${read} tokens of ${corpus}`;
}

/** Tokens on which it fires. */
export function firingsOf({ histogram }: Pick<FeatureRecord, 'histogram'>): number {
  return histogram.counts.reduce((sum, n) => sum + n, 0);
}

/** What the numbers say of it, those that are told by letters among them. */
export function tagsOf(record: FeatureRecord, names: ReadonlyMap<number, string>): FeatureTag[] {
  return [...new Set([...record.tags, ...letterTags(record, (id) => names.get(id) ?? '')])];
}

/** What a tag means for the rest of the page, beside its rule. */
const TAG_MEANING: Partial<Record<FeatureTag, string>> = {
  dead: 'It may fire in other text. What it writes and what is near it can still be shown.',
  dense: 'It tells little about any single token; look at where it is strongest, and at its effect.',
};

/** "dense": "Dense: fires on more than 20 % of the tokens." */
export function tagRule(tag: FeatureTag): string {
  return `The rule: ${TAG_WORDS[tag]}. ${TAG_MEANING[tag] ?? ''}`.trim();
}

/** Its place among all features of the dictionary, 1 the densest; 0 where it is not known. */
export function densityRank({ density }: IndexSummary, latent: number): number {
  const own = density[latent];
  return own === undefined ? 0 : density.reduce((rank, other) => rank + (other > own ? 1 : 0), 1);
}

/** The tokens it fires on most: the first, and the second where it is not far behind. */
export function strongestTokens({ firing }: Pick<FeatureRecord, 'firing'>): number[] {
  const [first, second] = firing;
  if (!first) return [];
  return second && second.sum >= first.sum / 3 ? [first.id, second.id] : [first.id];
}

/** Share of the firings whose value is lower, to a bin. */
export function shareBelow({ histogram: { edges, counts } }: Pick<FeatureRecord, 'histogram'>, value: number): number {
  const all = counts.reduce((sum, n) => sum + n, 0);
  if (all === 0) return NaN;
  const below = counts.reduce((sum, n, i) => {
    const part = (value - edges[i]) / (edges[i + 1] - edges[i]);
    return sum + n * Math.min(1, Math.max(0, part));
  }, 0);
  return below / all;
}

/** Firings whose value lies in whole bins. */
export function firingsIn(
  { histogram: { edges, counts } }: Pick<FeatureRecord, 'histogram'>,
  [from, to]: readonly [number, number],
): number {
  return counts.reduce((sum, n, i) => sum + (edges[i] >= from - 1e-9 && edges[i + 1] <= to + 1e-9 ? n : 0), 0);
}

/** The edges that `by_bin` has: every so many of the histogram's. */
export function stackEdges({ histogram: { edges }, by_bin }: Pick<FeatureRecord, 'histogram' | 'by_bin'>): number[] {
  const bins = by_bin[0]?.counts.length ?? 1;
  const every = Math.max(1, Math.round((edges.length - 1) / bins));
  return edges.filter((_, i) => i % every === 0);
}

/**
 * Next tokens whose log-probability changes by more than a threshold: helped by what is taken out, and harmed. As they were
 * counted where the changes themselves are not known.
 */
export function stacksAt(
  { deltas, up, down }: Pick<EffectFigures, 'deltas' | 'up' | 'down'>,
  next: Uint32Array | undefined,
  threshold: number,
): Record<'up' | 'down', Stack> {
  if (!deltas || !next) return { up, down };
  return { up: stackOf(deltas, next, 1, threshold), down: stackOf(deltas, next, -1, threshold) };
}

/** The largest change of either sign; 0 where changes are not known. */
export function largestChange({ deltas }: Pick<EffectFigures, 'deltas'>): number {
  return deltas?.reduce((most, delta) => Math.max(most, Math.abs(delta)), 0) ?? 0;
}

/** All that is counted in a stack. */
export function countOf(series: readonly TokenCounts[]): number {
  return series.reduce((sum, { counts }) => sum + counts.reduce((a, b) => a + b, 0), 0);
}

/** A share of tokens; small ones with three digits. */
export function densityWords(density: number): string {
  if (density === 0) return '0';
  return density > 0 && density < 0.001 ? `${formatNumber(density * 100)}\u202F%` : formatPercent(density);
}
