/** The maths of causal trees: effects, intervals, drawing, amounts, contexts, sizes. */
import { describe, expect, it } from 'vitest';
import { changeOf, Columns, drawDonors } from '../../../src/core/interp/causal/amounts.ts';
import { chooseContexts } from '../../../src/core/interp/causal/contexts.ts';
import { sizesOf } from '../../../src/core/interp/causal/curves.ts';
import { drawParents, expandedOf } from '../../../src/core/interp/causal/drawing.ts';
import { cosineOf, effectOf, intervalOf, meanOf } from '../../../src/core/interp/causal/effect.ts';
import { checkTreeSettings, wholeOf } from '../../../src/core/interp/causal/options.ts';
import type { Context } from '../../../src/core/interp/types.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { encodeFew, isLatentAlone } from '../../../src/core/sae/fewLatents.ts';
import { toDense } from '../../../src/core/sae/latents.ts';
import { createRandom } from '../../../src/core/array/random.ts';
import { createDictionary, randomNormal } from '../sae/helpers.ts';

describe('effects', () => {
  it('are the share that goes, or in mode restore the share that stays', () => {
    expect(effectOf('zero', 4, 1)).toBeCloseTo(0.75, 9);
    expect(effectOf('zero', 4, 0)).toBe(1);
    expect(effectOf('mean', 4, 6)).toBeCloseTo(-0.5, 9);
    expect(effectOf('restore', 4, 1)).toBeCloseTo(0.25, 9);
    expect(meanOf([1, null, 0.5])).toBe(0.75);
    expect(meanOf([null])).toBe(0);
    expect(cosineOf(Float32Array.of(1, 0), Float32Array.of(1, 1))).toBeCloseTo(Math.SQRT1_2, 6);
    expect(cosineOf(Float32Array.of(1), Float32Array.of(1, 1))).toBeNaN();
  });

  it('have an interval that holds the mean, narrows with contexts, and follows the seed', () => {
    const random = createRandom(1);
    const each = Array.from({ length: 40 }, () => random());
    const [low, high] = intervalOf(each, 0);
    expect(low).toBeLessThan(meanOf(each));
    expect(high).toBeGreaterThan(meanOf(each));
    const [a, b] = intervalOf(each.slice(0, 8), 0);
    expect(b - a).toBeGreaterThan(high - low);
    // The error of a mean of 40 uniform numbers is 0.046; 95 % is about 1.96 of it each way.
    expect(high - low).toBeGreaterThan(0.12);
    expect(high - low).toBeLessThan(0.24);
    expect(intervalOf(each, 0)).toEqual([low, high]);
    expect(intervalOf(each, 1)).not.toEqual([low, high]);
    expect(intervalOf([0.3, null], 5)).toEqual([0.3, 0.3]);
    expect(intervalOf([null], 5)).toEqual([0, 0]);
  });
});

describe('drawing', () => {
  const measured = [0.5, 0.02, 0.5, 0.009, -0.4, 0.3].map((effect, latent) => ({ source: 0, latent: 9 - latent, effect }));
  it('takes the strongest, the lower latent of equals, and counts the rest by reason', () => {
    const { drawn, below, beyond } = drawParents(measured, 3, 0.01);
    expect(drawn.map(({ latent }) => latent)).toEqual([7, 9, 4]);
    expect(beyond.map(({ latent }) => latent)).toEqual([8]);
    expect(below.map(({ latent }) => latent)).toEqual([6, 5]);
    expect([expandedOf('paper', true), expandedOf('paper', false), expandedOf('all', false), expandedOf('none', true)]).toEqual([
      Infinity,
      1,
      Infinity,
      0,
    ]);
  });
});

describe('what is added to a latent', () => {
  const of = (dense: number[]) =>
    new Columns({
      rows: Uint32Array.from({ length: dense.length + 1 }, (_, p) => dense.slice(0, p).filter((c) => c !== 0).length),
      latents: new Uint32Array(dense.filter((c) => c !== 0).length),
      values: Float32Array.from(dense.filter((c) => c !== 0)),
      d_sae: 1,
    });
  const own = of([0, 2, 0, 3]);
  it('follows the mode, and is nothing where nothing changes', () => {
    expect(changeOf({ mode: 'zero', own }, 0)).toEqual({ positions: [1, 3], amounts: [-2, -3] });
    expect(changeOf({ mode: 'restore', own }, 0)).toEqual({ positions: [1, 3], amounts: [2, 3] });
    expect(changeOf({ mode: 'mean', own, mean: 2 }, 0)).toEqual({ positions: [0, 2, 3], amounts: [2, 2, -1] });
    // Aligned at the last token: the other's [5, 3] stands at positions 2 and 3.
    expect(changeOf({ mode: 'resample', own, other: of([5, 3]) }, 0)).toEqual({ positions: [1, 2], amounts: [-2, 5] });
    expect(changeOf({ mode: 'zero', own }, 7)).toEqual({ positions: [], amounts: [] });
  });

  it('comes from another context, each of which gives once', () => {
    for (let n = 2; n < 9; n++) {
      const donors = drawDonors(n, n);
      expect(donors.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      donors.forEach((from, to) => expect(from).not.toBe(to));
    }
  });
});

describe('contexts of an index', () => {
  const context = (value: number, position: number): Context => ({
    document: 1,
    position,
    ids: [1, 2, 3, 4],
    at: 2,
    values: [0, 0, value, 0],
    value,
  });
  const record = {
    maximum: 10,
    top: [context(10, 1), context(9.9, 2), context(8, 3)],
    bands: [{ from: 0, to: 10, share: [0, 1] as [number, number], contexts: [context(5.1, 4), context(4.9, 5), context(8, 3)] }],
    random: [context(6.3, 6), context(6.2, 7)],
  };
  it('are cut after the token, the highest or one of each bin from half of the maximum', () => {
    expect(chooseContexts(record, 'top', 2, 0)).toEqual([
      { ids: [1, 2, 3], document: 1, position: 1 },
      { ids: [1, 2, 3], document: 1, position: 2 },
    ]);
    const places = (seed: number) => chooseContexts(record, 'spread', 5, seed).map(({ position }) => position);
    const drawn = new Set(Array.from({ length: 20 }, (_, seed) => places(seed).join()));
    // Bins of 1 from 5: [5.1], [6.3, 6.2], none, [8], [9.9, 10].
    for (const one of drawn) expect(one).toMatch(/^4,[67],3,[12]$/);
    expect(drawn.size).toBeGreaterThan(1);
    expect(chooseContexts({ ...record, top: [], bands: [], random: [] }, 'spread', 5, 0)).toEqual([]);
  });
});

describe('settings', () => {
  it('have one table of limits', () => {
    expect(checkTreeSettings({})).toMatchObject({ mode: 'zero', parents: 3, threshold: 0.01, expand: 'paper', seed: 0 });
    expect(checkTreeSettings({ depth: Infinity }).depth).toBeGreaterThan(100);
    expect(() => checkTreeSettings({ expand: 'some' as never })).toThrow(/`expand` must be one of paper, all, none/);
    expect(() => checkTreeSettings({ controls: 1 as never })).toThrow(/`controls` must be true or false/);
    expect(() => wholeOf('nodes', 1001)).toThrow(/`nodes` must be a whole number from 1 to 1000/);
    expect(sizesOf(3)).toEqual([0, 1, 2, 3]);
    expect(sizesOf(0)).toEqual([0]);
    expect(sizesOf(200)).toHaveLength(49);
    expect(sizesOf(200).at(-1)).toBe(200);
  });
});

describe('a few latents', () => {
  it.each(['standard', 'tied', 'jumprelu', 'gated', 'pca'] as const)('of %s are those of the whole encoder', (architecture) => {
    const dictionary = createDictionary({ architecture, d_in: 16, d_sae: architecture === 'pca' ? 16 : 40, activation_scale: 0.7 }, 3);
    const x = randomNormal(createRandom(2), 16 * 5, 2);
    expect(isLatentAlone(dictionary)).toBe(true);
    const { d_sae } = dictionary.config;
    const dense = toDense(encode(dictionary, x));
    const some = [3, 0, 11];
    expect([...encodeFew(dictionary, x, some)].map(Math.fround)).toEqual(
      Array.from({ length: 15 }, (_, i) => dense[Math.floor(i / 3) * d_sae + some[i % 3]]),
    );
    expect(isLatentAlone(createDictionary({ architecture: 'topk', k: 3 }))).toBe(false);
  });
});
