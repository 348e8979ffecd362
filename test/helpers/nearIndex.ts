/** A record of the index against values that another machine or library computed: the same within rounding. */
import { expect } from 'vitest';
import { firingHash, placeHash } from '../../src/core/interp/featureIndex/sizes.ts';
import type { Context, FeatureRecord } from '../../src/core/interp/types.ts';
import { contextOf, type Place } from './bruteIndex.ts';

interface Sides {
  record: FeatureRecord;
  /** Every token, with a latent that is on where its pre-activation is above 0. */
  places: readonly Place[];
  latent: number;
  /** How far values may be apart. */
  tolerance: number;
}

/** Least and most of some places that may be meant: those that are certainly on, and those that may be. */
function countOf(places: readonly Place[], tolerance: number): { least: number; most: number } {
  const above = (bar: number) => places.filter(({ value }) => value > bar).length;
  return { least: above(tolerance), most: above(-tolerance) };
}

function expectBetween(found: number, { least, most }: { least: number; most: number }, what: string): void {
  expect(found, what).toBeGreaterThanOrEqual(least);
  expect(found, what).toBeLessThanOrEqual(most);
}

/**
 * Fails unless everything counted is the same, but for values within tolerance of 0 or of an edge.
 * @returns firings that may be on either side of 0
 */
export function expectNear(sides: Sides): number {
  const { record, places, latent, tolerance } = sides;
  const firings = countOf(places, tolerance);
  const unsure = firings.most - firings.least;
  const what = `latent ${latent}`;
  const found = Math.round(record.density * record.tokens);
  expect(record.tokens, what).toBe(places.length);
  expectBetween(found, firings, `${what}: firings`);
  const on = places.filter(({ fires }) => fires).map(({ value }) => value);
  const total = on.reduce((a, b) => a + b, 0);
  expect(Math.abs(record.mean * found - total), `${what}: sum`).toBeLessThanOrEqual(tolerance * (found + unsure));
  expect(Math.abs(record.maximum - Math.max(0, ...on)), `${what}: maximum`).toBeLessThanOrEqual(tolerance);
  expectHistogram(sides);
  expectTokens(sides);
  expectContexts(sides);
  if (unsure === 0) {
    const hashOf = ({ document, position }: Place) => firingHash(placeHash(document, position), latent);
    const drawn = places.filter(({ fires }) => fires).sort((a, b) => hashOf(a) - hashOf(b));
    expect(record.random.map(nameOf), `${what}: drawn`).toEqual(drawn.slice(0, 10).map(nameOf));
  }
  return unsure;
}

/** Below each edge lie as many as there are, but for those within tolerance of the edge. */
function expectHistogram({ record, places, latent, tolerance }: Sides): void {
  const { edges, counts } = record.histogram;
  let below = 0;
  counts.forEach((count, b) => {
    below += count;
    const within = (edge: number, from: number) => places.filter(({ value }) => value > from && value < edge).length;
    const bounds = { least: within(edges[b + 1] - tolerance, tolerance), most: within(edges[b + 1] + tolerance, -tolerance) };
    expectBetween(below, bounds, `latent ${latent}: firings below ${edges[b + 1]}`);
  });
  expectBetween(below, countOf(places, tolerance), `latent ${latent}: firings in bins`);
}

function expectTokens({ record, places, latent, tolerance }: Sides): void {
  const tokens = new Set(places.map(({ ids, place }) => ids[place]));
  const of = (id: number) => places.filter(({ ids, place }) => ids[place] === id);
  const shown = new Map(record.firing.map((token) => [token.id, token]));
  // All of them, or the rest has a smaller sum than the last of 200.
  const least = record.firing.length < 200 ? 0 : record.firing[199].sum;
  for (const id of tokens) {
    const own = of(id);
    const what = `latent ${latent}: token ${id}`;
    const bounds = countOf(own, tolerance);
    const token = shown.get(id);
    const sum = own.filter(({ fires }) => fires).reduce((total, { value }) => total + value, 0);
    if (!token) {
      expect(least === 0 ? bounds.least : 0, what).toBe(0);
      expect(sum, what).toBeLessThanOrEqual(least + tolerance * own.length);
      continue;
    }
    expectBetween(token.count, bounds, what);
    expect(Math.abs(token.sum - sum), what).toBeLessThanOrEqual(tolerance * own.length);
    expect(Math.abs(token.max - Math.max(0, ...own.map(({ value }) => value))), what).toBeLessThanOrEqual(tolerance);
  }
  expect(
    [...shown.keys()].filter((id) => !tokens.has(id)),
    `latent ${latent}`,
  ).toEqual([]);
}

const nameOf = ({ document, position }: Pick<Context, 'document' | 'position'>) => `${document} ${position}`;

/** Each context has its place's tokens and values, and the i-th highest the i-th highest value. */
function expectContexts({ record, places, latent, tolerance }: Sides): void {
  const byName = new Map(places.map((place) => [nameOf(place), place]));
  const { top, random, near, bands, repeats } = record;
  const what = `latent ${latent}`;
  for (const context of [...top, ...random, ...near, ...bands.flatMap(({ contexts }) => contexts)]) {
    const { value, values, ...wanted } = contextOf(byName.get(nameOf(context))!);
    expect(context, what).toMatchObject(wanted);
    // Known only where it fires, in values that came without pre-activations.
    if (Number.isFinite(value)) expect(Math.abs(context.value - value), what).toBeLessThanOrEqual(tolerance);
    // One side may be off where the other is just on.
    context.values.forEach((around, i) => expect(Math.abs(around - values[i]), what).toBeLessThanOrEqual(2 * tolerance));
  }
  for (const context of near) expect(byName.get(nameOf(context))!.value, what).toBeLessThanOrEqual(tolerance);
  if (repeats === 0) {
    const sorted = places.map(({ value }) => value).sort((a, b) => b - a);
    top.forEach(({ value }, i) => expect(Math.abs(value - sorted[i]), what).toBeLessThanOrEqual(tolerance));
    expect(top.length, what).toBe(Math.min(20, Math.round(record.density * record.tokens)));
  }
  const off = places.filter(({ fires }) => !fires).map(({ value }) => value);
  if (near.length > 0 && off.every(Number.isFinite))
    expect(Math.abs(near[0].value - Math.max(...off)), what).toBeLessThanOrEqual(2 * tolerance);
}
