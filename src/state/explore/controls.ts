/**
 * Beside an edit of a feature, the same done with something else: another feature of near-equal density, and a random
 * direction of the decoder row's norm (docs/decisions/effects.md). An effect that these have as well is not the feature's.
 */
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { Latents } from '../../api/dictionaries.ts';
import type { Edit } from '../../api/model.ts';
import { drawDirection, drawOther } from '../../core/interp/effects.ts';
import { columnOf } from '../../core/sae/latents.ts';
import { compileOne, compilePlaced, type EditContext, type EditItem, type Stretch } from './edits.ts';
import { compileLatent, isOfLatent, strengthOf, type LatentChange } from './latentChange.ts';

export type ControlKind = 'latent' | 'direction';

type ControlApi = Pick<FeaturescopeApi, 'encode' | 'dictionaries' | 'index'>;

/** An edit of a feature on a text. */
export interface Placed {
  change: LatentChange;
  hook: string;
  /** Where it acts; undefined: everywhere, also on tokens to come. */
  positions?: number[];
}

/** What controls need to know of a feature and a text. */
interface ControlFacts {
  /** The feature's value at each token. [pos] */
  values: Float32Array;
  /** What a token's reconstruction is multiplied by; undefined: 1 everywhere. [pos] */
  scale: Float32Array | undefined;
  /** A random direction as long as its decoder row. [d_in] */
  direction: Float32Array;
  /** Another feature; undefined where the dictionary has no other. */
  other: { latent: number; maximum: number } | undefined;
}

/**
 * @param ids the text
 * @param seed decides which feature and which direction
 */
export async function readControlFacts(
  api: ControlApi,
  { change, ids, seed }: { change: LatentChange; ids: number[]; seed: number },
  signal: AbortSignal,
): Promise<ControlFacts> {
  const { dictionary, latent } = change;
  const [codes, { dec }, summary] = await Promise.all([
    api.encode({ ids }, dictionary, { signal }),
    api.dictionaries.vectors(dictionary, latent),
    api.index.summary(dictionary).catch(() => null),
  ]);
  const figures = summary ?? figuresOf(codes);
  const other = drawOther(figures.density, latent, seed);
  return {
    values: columnOf(codes, latent),
    scale: codes.scale,
    direction: drawDirection(dec.length, Math.hypot(...dec), seed),
    other: other === undefined ? undefined : { latent: other, maximum: figures.maximum[other] },
  };
}

/** Where no index was made, counted on the text itself. */
function figuresOf({ latents, values, d_sae }: Latents): { density: Float32Array; maximum: Float32Array } {
  const density = new Float32Array(d_sae);
  const maximum = new Float32Array(d_sae);
  latents.forEach((j, e) => {
    density[j]++;
    maximum[j] = Math.max(maximum[j], values[e]);
  });
  return { density, maximum };
}

/** The control in place of an edit; null where there is none. */
export function controlOf(kind: ControlKind, placed: Placed, facts: ControlFacts): Edit[] | null {
  return kind === 'latent' ? withOther(placed, facts) : alongDirection(placed, facts);
}

/** The same with the other feature, a strength in multiples of its own maximum. */
function withOther({ change, positions }: Placed, { other }: ControlFacts): Edit[] | null {
  if (!other) return null;
  const at = positions === undefined ? {} : { positions };
  const unit = 'unit' in change && change.unit.of !== '' ? { unit: { ...change.unit, value: other.maximum } } : {};
  return [compileLatent({ ...change, ...unit, latent: other.latent }, at)];
}

/** What is added of the feature's decoder row at each position, added along the direction instead. */
function alongDirection({ change, hook, positions }: Placed, { values, scale, direction }: ControlFacts): Edit[] {
  const along = (amount: number, at: { positions?: number[] }): Edit => ({
    hook,
    op: 'add',
    vector: direction.map((x) => x * amount),
    ...at,
  });
  // The one change that does not depend on what the text has, unless rows are scaled: it goes on over tokens to come.
  if (change.op === 'latent_add' && !scale) return [along(amountOf(change, 0), positions === undefined ? {} : { positions })];
  const where = positions ?? Array.from(values.keys());
  return where.flatMap((p) => {
    const amount = amountOf(change, values[p]) * (scale?.[p] ?? 1);
    return amount === 0 ? [] : [along(amount, { positions: [p] })];
  });
}

/** How much of its decoder row an edit adds where the feature is worth c. */
function amountOf(change: LatentChange, c: number): number {
  switch (change.op) {
    case 'ablate':
      return -c;
    case 'latent_scale':
      return (strengthOf(change) - 1) * c;
    case 'latent_set':
      return change.times * change.unit.value - c;
    case 'latent_add':
      return change.times * change.unit.value;
  }
}

interface ControlledEdits {
  items: readonly EditItem[];
  context: EditContext;
  stretch: Stretch;
  /** The stretch's tokens. */
  ids: number[];
  seed: number;
}

/** Every edit of a feature by its control, the others as they are; one without a control is left out. */
export async function controlEdits(
  api: ControlApi,
  { items, context, stretch, ids, seed }: ControlledEdits,
  signal: AbortSignal,
): Promise<Record<ControlKind, Edit[]>> {
  const facts = new Map<string, ControlFacts>();
  const keyOf = ({ dictionary, latent }: LatentChange) => `${dictionary} ${latent}`;
  for (const { change, on } of items) {
    if (!on || !isOfLatent(change) || facts.has(keyOf(change))) continue;
    facts.set(keyOf(change), await readControlFacts(api, { change, ids, seed }, signal));
  }
  const controls = (kind: ControlKind) =>
    compilePlaced(items, context, stretch, (placed, within) => {
      const { change } = placed.item;
      if (!isOfLatent(change)) return compileOne(placed, within);
      const at = { change, hook: placed.hook.name, ...(placed.positions && { positions: placed.positions }) };
      return controlOf(kind, at, facts.get(keyOf(change))!) ?? [];
    });
  return { latent: controls('latent'), direction: controls('direction') };
}
