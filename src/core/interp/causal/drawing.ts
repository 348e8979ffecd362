/**
 * Which of the measured parents are drawn (Cunningham et al. 2023, section 5.3, by the authors' notebook): the strongest few
 * of a node, nothing under a threshold; of the root all are expanded, below it the strongest alone.
 */

/** A measured candidate; `source`: place of its dictionary among those of the parents. */
export interface Measured {
  source: number;
  latent: number;
  effect: number;
}

export interface Drawn<T extends Measured> {
  /** Strongest first. */
  drawn: T[];
  below: T[];
  beyond: T[];
}

/** Ties go to the earlier dictionary, then to the lower latent. */
export function drawParents<T extends Measured>(measured: readonly T[], parents: number, threshold: number): Drawn<T> {
  const sorted = measured.toSorted((a, b) => b.effect - a.effect || a.source - b.source || a.latent - b.latent);
  const above = sorted.filter(({ effect }) => effect >= threshold);
  return {
    drawn: above.slice(0, parents),
    beyond: above.slice(parents),
    below: sorted.filter(({ effect }) => !(effect >= threshold)),
  };
}

/** How many of a node's drawn parents are expanded, strongest first. */
export function expandedOf(expand: 'paper' | 'all' | 'none', isRoot: boolean): number {
  if (expand === 'none') return 0;
  return expand === 'all' || isRoot ? Infinity : 1;
}
