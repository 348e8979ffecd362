/** Effects of a change on predictions, against plain counting. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { compareRows, drawDirection, drawOther, EffectSums, probabilities, stackOf } from '../../../src/core/interp/effects.ts';
import { expOf } from '../../../src/core/interp/exponential.ts';
import { klDivergence, rowStatistics } from '../../../src/core/lm/statistics.ts';

function someChanges(seed: number, n: number, tokens: number) {
  const random = createRandom(seed);
  const deltas = Float32Array.from({ length: n }, () => (random() - 0.4) ** 3 * 9);
  const next = Uint32Array.from({ length: n }, () => Math.floor(tokens * random() ** 2));
  return { deltas, next };
}

describe('stacks', () => {
  it.each([
    { sign: 1, threshold: 0.1 },
    { sign: -1, threshold: 0.1 },
    { sign: 1, threshold: 0 },
    { sign: -1, threshold: 0.3 },
  ] as const)('count what lies beyond $threshold on the side of $sign, by next token', ({ sign, threshold }) => {
    const { deltas, next } = someChanges(3, 2000, 40);
    const { edges, series } = stackOf(deltas, next, sign, threshold);
    const drawn = [...deltas.keys()].filter((p) => sign * deltas[p] > threshold);
    const counts = (id: number) => drawn.filter((p) => next[p] === id).length;
    const wanted = [...new Set(drawn.map((p) => next[p]))].sort((a, b) => counts(b) - counts(a) || a - b);
    expect(series.map(({ id }) => id)).toEqual([...wanted.slice(0, 9), null]);
    expect(edges).toHaveLength(11);
    expect(edges[0]).toBe(0);
    expect(edges[10]).toBe(Math.max(...drawn.map((p) => sign * deltas[p])));
    for (const { id, counts } of series) {
      counts.forEach((count, bin) => {
        const inBin = drawn.filter((p) => {
          const size = sign * deltas[p];
          const isIn = size >= edges[bin] && (bin === 9 || size < edges[bin + 1]);
          return isIn && (id === null ? !wanted.slice(0, 9).includes(next[p]) : next[p] === id);
        });
        expect(count).toBe(inBin.length);
      });
    }
  });

  it('are empty where nothing lies beyond', () => {
    expect(stackOf(Float32Array.of(0.05, -2), Uint32Array.of(1, 2), 1, 0.1)).toEqual({ edges: [], series: [] });
    expect(stackOf(Float32Array.of(0.1), Uint32Array.of(1), 1, Math.fround(0.1)).series).toEqual([]);
  });

  it('have sums and means beside them', () => {
    const { deltas, next } = someChanges(4, 50, 5);
    const sums = new EffectSums(50);
    deltas.forEach((delta, p) => sums.add(p, delta, Math.abs(delta)));
    const figures = sums.finish(next, 0.2);
    expect(figures.mean_delta).toBeCloseTo(deltas.reduce((a, b) => a + b, 0) / 50, 6);
    expect(figures.kl).toBeCloseTo(deltas.reduce((a, b) => a + Math.abs(b), 0) / 50, 6);
    expect(figures.up).toEqual(stackOf(deltas, next, 1, 0.2));
    expect(figures.down).toEqual(stackOf(deltas, next, -1, 0.2));
  });
});

it('has a fast exponential that agrees with the slow one', () => {
  const random = createRandom(8);
  for (let i = 0; i < 20_000; i++) {
    const x = -100 * random() ** 4;
    expect(Math.abs(expOf(x) / Math.exp(x) - 1)).toBeLessThan(2e-14);
  }
  expect(expOf(NaN)).toBeNaN();
  for (const x of [0, -0, -700, -744, -746, -1e300, -Infinity]) {
    if (Math.exp(x) < 1e-300) expect(expOf(x)).toBeLessThan(1e-300);
    else expect(expOf(x)).toBeCloseTo(Math.exp(x), 14);
  }
});

it('compares rows of logits as the formula of KL does', () => {
  const random = createRandom(5);
  for (const scale of [1e-3, 0.1, 3]) {
    const clean = Float32Array.from({ length: 300 }, () => 20 * random());
    const changed = clean.map((l) => l + scale * (random() - 0.3));
    const p = new Float64Array(300);
    const logZ = probabilities(clean, p);
    expect(logZ).toBeCloseTo(rowStatistics(clean).logZ, 12);
    expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    const found = compareRows({ logits: clean, p, logZ }, changed);
    const changedZ = rowStatistics(changed).logZ;
    expect(found.logZ).toBeCloseTo(changedZ, 12);
    expect(found.kl).toBeCloseTo(klDivergence(clean, logZ, changed, changedZ), 12);
    expect(compareRows({ logits: clean, p, logZ }, clean).kl).toBeLessThan(1e-12);
  }
});

describe('controls', () => {
  it('are another latent among the twentieth nearest in density, the same for the same seed', () => {
    const random = createRandom(6);
    const counts = Uint32Array.from({ length: 201 }, () => Math.floor(1000 * random()));
    const nearest = [...counts.keys()]
      .filter((j) => j !== 7)
      .sort((a, b) => Math.abs(counts[a] - counts[7]) - Math.abs(counts[b] - counts[7]) || a - b)
      .slice(0, 10);
    const drawn = Array.from({ length: 60 }, (_, seed) => drawOther(counts, 7, seed)!);
    expect(drawn.every((j) => nearest.includes(j))).toBe(true);
    expect(new Set(drawn).size).toBeGreaterThan(6);
    expect(drawOther(counts, 7, 3)).toBe(drawn[3]);
    expect(drawOther([4, 4], 0, 1)).toBe(1);
    expect(drawOther([4], 0, 1)).toBeUndefined();
  });

  it('are a direction of the norm asked for, whose entries are drawn independently', () => {
    const one = drawDirection(400, 2.5, 1);
    expect(Math.hypot(...one)).toBeCloseTo(2.5, 5);
    expect(drawDirection(400, 2.5, 1)).toEqual(one);
    const other = drawDirection(400, 2.5, 2);
    expect(Math.abs(one.reduce((sum, x, i) => sum + x * other[i], 0) / 6.25)).toBeLessThan(0.2);
  });
});
