/** The architectures that can be trained; one file each, and one line of the list for a new one. */
import type { Sizes } from '../types.ts';
import type { TrainableArchitecture } from '../descriptor.ts';
import { standard } from './standard.ts';
import { tied } from './tied.ts';
import { topk } from './topk.ts';

/** The first is what settings mean that name none. */
const LIST = [tied, standard, topk] as const;

type Listed = (typeof LIST)[number];
type ConfigOf<A> = A extends TrainableArchitecture<infer N, infer C, string, string> ? { architecture: N } & C : never;

export type TrainableName = Listed['name'];

/** Settings of one dictionary, as its loss reads them. */
export type TrainableConfig = ConfigOf<Listed>;

/** Settings that weigh sparsity, and the others that some architectures have. */
export type WeightField = Listed['sparsity']['field'];
export type OptionField = Listed['options'][number]['field'];

/** An architecture whose settings are looked at through itself only. */
export type AnyArchitecture = TrainableArchitecture<TrainableName, Sizes, WeightField, OptionField>;

export const ARCHITECTURES = LIST as unknown as readonly AnyArchitecture[];

export const TRAINABLE: readonly TrainableName[] = LIST.map(({ name }) => name);

/** @returns undefined for what cannot be trained here */
export function findArchitecture(name: unknown): AnyArchitecture | undefined {
  return ARCHITECTURES.find((architecture) => architecture.name === name);
}

/** Of a dictionary's settings, which only it reads. @throws Error when there is none: a plan of another build */
export function architectureOf<C extends { architecture: TrainableName }>(
  config: C,
): TrainableArchitecture<C['architecture'], C & Sizes, WeightField, OptionField> {
  const found = findArchitecture(config.architecture);
  if (!found) throw new Error(`There is no architecture ${config.architecture}.`);
  return found as unknown as TrainableArchitecture<C['architecture'], C & Sizes, WeightField, OptionField>;
}

/** The same settings with the weight of the sparsity term times `factor`, where there is one. */
export function scaleSparsity<C extends TrainableConfig>(config: C, factor: number): C {
  return factor === 1 ? config : architectureOf(config).weaken(config, factor);
}

/** Settings that are an architecture's own: its weight of sparsity and its others. */
export function ownFields({ sparsity, options }: AnyArchitecture): readonly (WeightField | OptionField)[] {
  return [sparsity.field, ...options.map(({ field }) => field)];
}
