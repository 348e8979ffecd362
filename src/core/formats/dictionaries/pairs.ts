/** Settings that files say in several places: one of two numbers that differ would be taken by chance. */
import { FormatError } from '../bytes.ts';
import { describe } from '../words.ts';

/** Where a setting stands ("k in config.json"), and its value; nothing and null say nothing. */
export type Saying = readonly [where: string, value: unknown];

/**
 * @returns what they say
 * @throws FormatError naming the first two that differ
 */
export function agree(sayings: readonly Saying[]): unknown {
  const clash = findClash(sayings);
  if (clash) throw new FormatError(`${clash} They must agree: get the files as they were published.`);
  return sayings.find(isSaid)?.[1];
}

/** The first two that differ as a sentence. */
export function findClash(sayings: readonly Saying[]): string | undefined {
  const [first, ...rest] = sayings.filter(isSaid);
  const other = rest.find(([, value]) => !isSame(first[1], value));
  return other && `${first[0]} is ${describe(first[1])}, but ${other[0]} is ${describe(other[1])}.`;
}

function isSaid([, value]: Saying): boolean {
  return value !== undefined && value !== null;
}

function isSame(a: unknown, b: unknown): boolean {
  return typeof a === 'object' && typeof b === 'object' ? JSON.stringify(a) === JSON.stringify(b) : Object.is(a, b);
}

/** Layer that a hook's name says; undefined for others. */
export function layerOfHook(hook: string | null): number | undefined {
  const layer = /^blocks\.(\d+)\./.exec(hook ?? '')?.[1];
  return layer === undefined ? undefined : Number(layer);
}
