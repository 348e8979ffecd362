/** Contexts on which a feature is watched, from what its index keeps. */
import { createRandom } from '../../array/random.ts';
import type { Context, FeatureRecord } from '../types.ts';

/** A text up to the token that the feature fires on, and where that token is in its corpus. */
interface CutContext {
  ids: number[];
  document: number;
  position: number;
}

type Kept = Pick<FeatureRecord, 'top' | 'bands' | 'random' | 'maximum'>;

/**
 * 'top': the highest. 'spread': one, drawn by the seed, from each of `count` equal bins between half of the maximum and the
 * maximum (Cunningham et al. 2023, section 5.3), of those the index keeps; bins of which it keeps none are left empty.
 */
export function chooseContexts(record: Kept, kind: 'top' | 'spread', count: number, seed: number): CutContext[] {
  const chosen = kind === 'top' ? record.top.slice(0, count) : spreadOf(record, count, seed);
  return chosen.map(({ ids, at, document, position }) => ({ ids: ids.slice(0, at + 1), document, position }));
}

function spreadOf({ top, bands, random, maximum }: Kept, count: number, seed: number): Context[] {
  const bins = Array.from({ length: count }, () => new Map<string, Context>());
  const half = maximum / 2;
  for (const context of [...top, ...bands.flatMap(({ contexts }) => contexts), ...random]) {
    if (!(context.value >= half)) continue;
    const bin = Math.min(count - 1, Math.floor(((context.value - half) / half) * count));
    bins[bin].set(`${context.document} ${context.position}`, context);
  }
  const draw = createRandom(seed);
  // Every bin draws, so that what one keeps does not decide what another gives.
  return bins.flatMap((bin) => {
    const all = [...bin.values()].sort((a, b) => a.document - b.document || a.position - b.position);
    const place = Math.floor(draw() * all.length);
    return all.slice(place, place + 1);
  });
}
