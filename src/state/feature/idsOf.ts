/** Ids of the tokens that parts of a feature's case name. */
import type { Effects, FeatureRecord, LatentWeights } from '../../api/features.ts';

export function idsOfRecord({ firing, by_bin }: FeatureRecord): number[] {
  return [...firing.map(({ id }) => id), ...by_bin.flatMap(({ id }) => id ?? [])];
}

/** All that may stand in a stack, whatever the threshold. */
export function idsOfEffects({ next, up, down }: Effects): Iterable<number> {
  return next ?? [up, down].flatMap(({ series }) => series.flatMap(({ id }) => id ?? []));
}

export function idsOfWeights({ writes, reads }: LatentWeights): number[] {
  return [writes.top, writes.bottom, reads.top, reads.bottom].flatMap((tokens) => tokens.map(({ id }) => id));
}
