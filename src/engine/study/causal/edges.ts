/** Edges as they are given: with their interval, cosine, controls and positions. */
import type { TreeEdge } from '../../../api/causal.ts';
import { cosineOf, intervalOf, meanOf } from '../../../core/interp/causal/effect.ts';
import { drawDirection, drawOther } from '../../../core/interp/effects.ts';
import { decoderVector } from '../../../core/sae/decode.ts';
import type { Candidate, Child, Expansion } from './expansion.ts';
import { activeIn } from './expansion.ts';
import type { Source } from './sources.ts';

export function nodeId(dictionary: string | null, latent: number): string {
  return dictionary === null ? `token/${latent}` : `${dictionary}/${latent}`;
}

export function edgeOf(source: Source, { latent, each, effect }: Candidate, child: Child, seed: number): TreeEdge {
  return {
    parent: nodeId(source.id, latent),
    child: nodeId(child.id, child.latent),
    effect,
    interval: intervalOf(each, seed),
    cosine: cosineOf(source.vector(latent), decoderVector(child.dictionary, child.latent)),
    each,
  };
}

/** Another latent that fires about as often in the contexts, and a random direction, each in the parent's place. */
export async function controlsOf(
  { sources, sweeps }: Expansion,
  { source: s, latent }: Candidate,
  child: number,
  seed: number,
): Promise<NonNullable<TreeEdge['controls']>> {
  const [source, sweep] = [sources[s], sweeps[s]];
  const controls: NonNullable<TreeEdge['controls']> = [];
  const active = activeIn(source);
  const counts = active.map((j) => source.columns.reduce((sum, column) => sum + column.of(j).positions.length, 0));
  // One that fires nowhere has no density to be near to.
  const own = active.indexOf(latent);
  const other = own < 0 ? undefined : drawOther(counts, own, seed);
  const add = (control: { kind: 'latent' | 'direction'; latent?: number }, each: (number | null)[]) =>
    controls.push({ ...control, effect: meanOf(each), interval: intervalOf(each, seed) });
  if (other !== undefined) {
    const [effects] = await sweep.latents([active[other]]);
    add({ kind: 'latent', latent: active[other] }, effects[child]);
  }
  const vector = source.vector(latent);
  const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  const along = drawDirection(vector.length, norm, seed + latent);
  add({ kind: 'direction' }, (await sweep.direction(latent, along))[child]);
  return controls;
}
