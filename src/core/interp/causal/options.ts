/** Limits and defaults of causal trees and prompt circuits: one table for the form, the worker and the command. */
import { UsageError } from '../../errors.ts';
import type { Mode } from './effect.ts';

export const MODES: readonly Mode[] = ['zero', 'mean', 'resample', 'restore'];
const EXPANSIONS = ['paper', 'all', 'none'] as const;

/** Whole numbers: least, most, and what is taken where none is given. */
export const CAUSAL_LIMITS = {
  contexts: { least: 1, most: 100, usual: 20 },
  depth: { least: 0, most: 1000, usual: 1000 },
  parents: { least: 1, most: 100_000, usual: 3 },
  nodes: { least: 1, most: 1000, usual: 40 },
  edges: { least: 0, most: 10_000, usual: 80 },
} as const;

export interface TreeSettings {
  mode: Mode;
  depth: number;
  parents: number;
  threshold: number;
  expand: (typeof EXPANSIONS)[number];
  controls: boolean;
  positions: boolean;
  seed: number;
  /** Parents of the root that are measured and drawn, whatever their effects; no others are, and nothing is expanded. */
  only?: readonly { dictionary: string | null; latent: number }[];
}

type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** @throws UsageError naming the option */
export function checkTreeSettings(given: Given<TreeSettings>): TreeSettings {
  const { mode = 'zero', threshold = 0.01, expand = 'paper', controls = false, positions = false } = given;
  if (!MODES.includes(mode)) throw new UsageError(`\`mode\` must be one of ${MODES.join(', ')}.`);
  if (!EXPANSIONS.includes(expand)) throw new UsageError(`\`expand\` must be one of ${EXPANSIONS.join(', ')}.`);
  if (!Number.isFinite(threshold)) throw new UsageError('`threshold` must be a number: the smallest effect that is drawn.');
  for (const [name, value] of Object.entries({ controls, positions })) {
    if (typeof value !== 'boolean') throw new UsageError(`\`${name}\` must be true or false.`);
  }
  const { only } = given;
  if (only !== undefined && !(Array.isArray(only) && only.every((one: { latent?: unknown } | null) => Number.isInteger(one?.latent)))) {
    throw new UsageError('`only` must be a list of parents: { dictionary, latent }.');
  }
  const [depth, parents] = [wholeOf('depth', given.depth), wholeOf('parents', given.parents)];
  const settings = { mode, depth, parents, threshold, expand, controls, positions, seed: seedOf(given.seed) };
  return only ? { ...settings, parents: Infinity, threshold: -Infinity, expand: 'none', only } : settings;
}

/** @throws UsageError */
export function wholeOf(name: keyof typeof CAUSAL_LIMITS, value: number | undefined): number {
  const { least, most, usual } = CAUSAL_LIMITS[name];
  const given = value ?? usual;
  // A tree without an end to its depth goes down to the tokens.
  if (name === 'depth' && given === Infinity) return usual;
  if (!Number.isInteger(given) || given < least || given > most) {
    throw new UsageError(`\`${name === 'contexts' ? 'count' : name}\` must be a whole number from ${least} to ${most}.`);
  }
  return given;
}

/** @throws UsageError */
export function seedOf(seed = 0): number {
  if (!Number.isInteger(seed)) throw new UsageError('`seed` must be a whole number.');
  return seed;
}
