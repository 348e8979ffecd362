/** PCA and ICA against numpy's numbers and known sources. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { decorrelate } from '../../../src/core/baselines/decorrelate.ts';
import { fastIca, ICA_LIMITS, unmix, whiten } from '../../../src/core/baselines/ica.ts';
import { centre, Moments } from '../../../src/core/baselines/moments.ts';
import { principalComponents } from '../../../src/core/baselines/pca.ts';
import { createPlainProducts, dots, rowsOfACall, transpose } from '../../../src/core/baselines/products.ts';
import { SignFixer, turn } from '../../../src/core/baselines/signs.ts';
import { bestCorrelations, cosine, madeRows, madeSources, mixSources } from '../../helpers/directions.ts';
import { maxDifference } from '../../helpers/goldens.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/baselines');
const read = <T>(name: string) => JSON.parse(readFileSync(join(FIXTURES, name), 'utf8')) as T;
const plain = createPlainProducts();

interface Metrics {
  pca: {
    inputs: { x: number[][]; batches: [number, number][] };
    expected: {
      mean: number[];
      covariance: { value: number[][] };
      eigenvalues_descending: number[];
      eigenvectors_rows: { value: number[][] };
    };
  };
  ica: {
    inputs: { x: number[][]; true_sources: number[][] };
    expected: { standardise: { std: number[] }; unmixing_on_standardised: { value: number[][] }; recovered_first_5_rows: number[][] };
  };
}
const { pca, ica } = read<Metrics>('metrics.json');

async function momentsOf(x: ArrayLike<number>, d: number, batch = x.length / d): Promise<Moments> {
  const moments = new Moments(d);
  const flat = Float64Array.from(x);
  for (let at = 0; at < flat.length; at += batch * d) await moments.add(flat.subarray(at, at + batch * d), plain);
  return moments;
}

describe('products', () => {
  it.each([
    [1, 1, 1],
    [2, 4, 7],
    [5, 9, 3],
    [8, 6, 16],
  ])('of %d and %d rows are sums of products', (p, q, k) => {
    const random = createRandom(p * 100 + q);
    const a = Float64Array.from({ length: p * k }, random);
    const b = Float64Array.from({ length: q * k }, random);
    const expected = Float64Array.from({ length: p * q }, (_, at) => {
      let sum = 0;
      for (let t = 0; t < k; t++) sum += a[Math.floor(at / q) * k + t] * b[(at % q) * k + t];
      return sum;
    });
    expect(maxDifference(dots(a, b, k), expected)).toBeLessThan(1e-12);
  });

  it('takes fewer rows a call where each costs more', () => {
    expect(rowsOfACall(plain, 256 ** 2)).toBeGreaterThan(rowsOfACall(plain, 1024 ** 2));
    expect(rowsOfACall(plain, 1e12)).toBe(16);
  });
});

describe('PCA', () => {
  it('gives the mean, the covariance, the eigenvalues and the eigenvectors of the golden rows, batch by batch', async () => {
    const moments = new Moments(5);
    for (const [from, to] of pca.inputs.batches) await moments.add(pca.inputs.x.slice(from, to).flat(), plain);
    const { expected } = pca;
    expect(maxDifference(moments.mean, expected.mean)).toBeLessThan(1e-9);
    expect(maxDifference(moments.covariance(), expected.covariance.value.flat())).toBeLessThan(1e-9);
    const { eigenvalues, directions } = principalComponents(moments.covariance(), 5);
    expect(maxDifference(eigenvalues, expected.eigenvalues_descending)).toBeLessThan(1e-9);
    // Signs too: the entry of largest size is positive.
    expect(maxDifference(directions, expected.eigenvectors_rows.value.flat())).toBeLessThan(1e-9);
  });

  it('agrees with numpy on 20,000 rows', async () => {
    const golden = read<{
      rows: number;
      width: number;
      seed: number;
      first: number[];
      mean: number[];
      eigenvalues: number[];
      directions: number[][];
    }>('numpy.json');
    const x = madeRows(golden);
    expect(maxDifference(x.subarray(0, golden.width), golden.first)).toBeLessThan(1e-5);
    const moments = await momentsOf(x, golden.width, 4096);
    expect(maxDifference(moments.mean, golden.mean)).toBeLessThan(1e-6);
    const { eigenvalues, directions } = principalComponents(moments.covariance(), golden.width);
    golden.eigenvalues.forEach((value, c) => {
      expect(Math.abs(eigenvalues[c] / value - 1), `eigenvalue ${c}`).toBeLessThan(1e-4);
      const gap = Math.min(
        Math.abs(value / (golden.eigenvalues[c - 1] ?? Infinity) - 1),
        Math.abs((golden.eigenvalues[c + 1] ?? 0) / value - 1),
      );
      const mine = directions.subarray(c * golden.width, (c + 1) * golden.width);
      if (gap > 0.01) expect(Math.abs(cosine(mine, golden.directions[c])), `direction ${c}`).toBeGreaterThan(0.999);
    });
  });

  it('finds the components of the residual stream again from their covariance', () => {
    const { components, eigenvalues } = readResidual();
    const d = eigenvalues.length;
    const scaled = components.map((value, at) => value * eigenvalues[Math.floor(at / d)]);
    const found = principalComponents(dots(transpose(scaled, d, d), transpose(components, d, d), d), d);
    let compared = 0;
    eigenvalues.forEach((value, c) => {
      expect(Math.abs(found.eigenvalues[c] - value)).toBeLessThan(1e-4 * value + 1e-6 * eigenvalues[0]);
      const next = eigenvalues[c + 1] ?? 0;
      const before = eigenvalues[c - 1] ?? Infinity;
      if (value / before > 0.99 || next / value > 0.99) return;
      compared++;
      expect(Math.abs(cosine(found.directions.subarray(c * d, (c + 1) * d), components.subarray(c * d, (c + 1) * d)))).toBeGreaterThan(
        0.999,
      );
    });
    expect(compared).toBeGreaterThan(50);
  });
});

function readResidual(): { components: Float64Array; eigenvalues: Float64Array } {
  const file = readFileSync(join(FIXTURES, 'residual-pca.safetensors'));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Record<string, { data_offsets: [number, number] }>;
  const bytes = (name: string) => new Uint8Array(file.subarray(8 + length)).slice(...header[name].data_offsets).buffer;
  return {
    components: Float64Array.from(new Float32Array(bytes('components'))),
    eigenvalues: new Float64Array(bytes('eigenvalues')),
  };
}

async function icaOf(
  x: Float64Array,
  d: number,
  { components, seed = 0, pieces = 1, ...more }: { components?: number; seed?: number; pieces?: number; tolerance?: number } = {},
) {
  const moments = await momentsOf(x, d);
  const whitening = whiten(moments.covariance(), d, components);
  const c = whitening.components;
  const rows = x.length / d;
  const z = dots(centre(x, moments.mean), whitening.white, d);
  const cut = Math.ceil(rows / pieces) * c;
  const held = Array.from({ length: pieces }, (_, p) => plain.hold(z.slice(p * cut, (p + 1) * cut), c));
  const found = await fastIca({ pieces: held, products: plain, rows, components: c, seed, ...more, pause: () => Promise.resolve() });
  const { unmixing, mixing } = unmix(found, whitening);
  return { found, unmixing, mixing, components: c, scores: dots(centre(x, moments.mean), unmixing, d), mean: moments.mean };
}

describe('decorrelation', () => {
  const random = createRandom(3);
  const matrix = (c: number) => Float64Array.from({ length: c * c }, () => random() - 0.5);
  const pause = () => Promise.resolve();
  const byProducts = { ...plain, decomposed: 0 };

  it.each([1, 2, 17, 40])('makes the nearest orthogonal matrix of %d rows', async (c) => {
    const w = matrix(c);
    const u = await decorrelate(w, c, byProducts, pause);
    const unit = Float64Array.from({ length: c * c }, (_, at) => (at % (c + 1) === 0 ? 1 : 0));
    expect(maxDifference(dots(u, u, c), unit)).toBeLessThan(1e-9);
    expect(maxDifference(u, await decorrelate(w, c, plain, pause))).toBeLessThan(1e-6);
    // Nearest: what is left of W, W·Uᵀ, is symmetric.
    const rest = dots(w, u, c);
    expect(maxDifference(rest, transpose(rest, c, c))).toBeLessThan(1e-8);
  });

  it('stops when asked, and takes eigenvectors where a direction has vanished', async () => {
    const stop = () => Promise.reject(new Error('stopped'));
    await expect(decorrelate(matrix(9), 9, byProducts, stop)).rejects.toThrow('stopped');
    const flat = matrix(6);
    flat.fill(0, 30);
    const u = await decorrelate(flat, 6, byProducts, pause);
    expect(u.every(Number.isFinite)).toBe(true);
    const first = u.subarray(0, 30);
    expect(
      maxDifference(
        dots(first, first, 6),
        Float64Array.from({ length: 25 }, (_, at) => (at % 6 === 0 ? 1 : 0)),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe('ICA', () => {
  const x = Float64Array.from(ica.inputs.x.flat());

  it('finds the golden unmixing, up to order and sign', async () => {
    const { found, unmixing, scores } = await icaOf(x, 4, { tolerance: 1e-9 });
    expect(found.converged).toBe(true);
    expect(found.iterations).toBeLessThan(ICA_LIMITS.iterations);
    expect(Math.min(...bestCorrelations(scores, 4, ica.inputs.true_sources.flat(), 4))).toBeGreaterThan(0.97);
    const { std } = ica.expected.standardise;
    for (const row of ica.expected.unmixing_on_standardised.value) {
      const worst = [0, 1, 2, 3].flatMap((c) =>
        [1, -1].map((sign) =>
          maxDifference(
            unmixing.slice(c * 4, (c + 1) * 4).map((v, i) => sign * v * std[i]),
            row,
          ),
        ),
      );
      expect(Math.min(...worst)).toBeLessThan(0.01);
    }
  });

  it('points each where its 20 values of largest size do', async () => {
    const { unmixing, scores } = await icaOf(x, 4);
    const fixer = new SignFixer(4);
    fixer.add(scores.subarray(0, 1000));
    fixer.add(scores.subarray(1000));
    turn(unmixing, fixer.signs());
    for (let c = 0; c < 4; c++) {
      const sign = fixer.signs()[c];
      const column = Array.from({ length: 600 }, (_, r) => sign * scores[r * 4 + c]);
      const largest = [...column].sort((a, b) => Math.abs(b) - Math.abs(a)).slice(0, 20);
      expect(largest.reduce((sum, v) => sum + v, 0)).toBeGreaterThan(0);
    }
    const moments = await momentsOf(x, 4);
    const first = dots(centre(x.subarray(0, 4), moments.mean), unmixing, 4);
    for (const value of ica.expected.recovered_first_5_rows[0]) {
      expect(Math.min(...Array.from(first, (mine) => Math.abs(mine - value)))).toBeLessThan(0.02);
    }
  });

  it('finds every source of a mixture into more numbers than there are sources, in pieces', async () => {
    const sources = madeSources(6000, 3);
    const mixed = Float64Array.from(mixSources(sources, 8, 4));
    const { components, scores, found, mixing, mean } = await icaOf(mixed, 8, { pieces: 7 });
    expect(components).toBe(5);
    expect(found.converged).toBe(true);
    for (const correlation of bestCorrelations(scores, 5, sources, 5)) expect(correlation).toBeGreaterThan(0.98);
    // Decoding with the mixing gives the rows back.
    const back = dots(scores, transpose(mixing, 5, 8), 5);
    expect(maxDifference(back, centre(mixed, mean))).toBeLessThan(1e-4);
  });

  it('repeats with its seed, and says when it has not converged', async () => {
    const mixed = Float64Array.from(mixSources(madeSources(2000, 5), 6, 6));
    const [a, b, c] = [await icaOf(mixed, 6, { seed: 1 }), await icaOf(mixed, 6, { seed: 1 }), await icaOf(mixed, 6, { seed: 2 })];
    expect(a.unmixing).toEqual(b.unmixing);
    expect(maxDifference(a.unmixing, c.unmixing)).toBeGreaterThan(1e-3);
    const random = createRandom(9);
    // Gaussian rows have no independent components to settle on.
    const noise = Float64Array.from({ length: 300 * 24 }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
    const { found } = await icaOf(noise, 24);
    expect(found.converged).toBe(found.change < ICA_LIMITS.tolerance);
    expect(found.iterations).toBeLessThanOrEqual(ICA_LIMITS.iterations);
  });

  it('refuses more components than vary', async () => {
    const mixed = Float64Array.from(mixSources(madeSources(500, 5), 6, 6));
    await expect(icaOf(mixed, 6, { components: 6 })).rejects.toThrow('Only 5 of the 6 directions vary');
    await expect(icaOf(new Float64Array(40), 4)).rejects.toThrow('do not vary');
  });
});
