/** Likeness of latents on small random data, against the formulas written out. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { decoderCosines, nearest, TogetherCounts } from '../../../src/core/interp/neighbours.ts';
import { decoderVector } from '../../../src/core/sae/decode.ts';
import { LatentsBuilder, type Latents } from '../../../src/core/sae/latents.ts';
import { randomSuite } from '../../helpers/latents.ts';

const D_SAE = 12;

/** Rows of [n, D_SAE] as compressed rows; the last latent never fires, the one before always. */
function someCodes(seed: number, n: number): { codes: Latents; dense: number[][] } {
  const random = createRandom(seed);
  const dense = Array.from({ length: n }, () =>
    Array.from({ length: D_SAE }, (_, j) => {
      if (j === D_SAE - 1) return 0;
      if (j === D_SAE - 2) return 2;
      return random() < 0.3 ? Math.fround(3 * random()) : 0;
    }),
  );
  for (const row of dense) row[1] = row[0] === 0 ? 0 : Math.fround(2 * row[0]);
  const builder = new LatentsBuilder(n);
  for (const row of dense) {
    row.forEach((value, j) => value !== 0 && builder.add(j, value));
    builder.endRow();
  }
  return { codes: builder.finish(D_SAE, {}), dense };
}

function pearson(a: number[], b: number[]): number {
  const mean = (v: number[]) => v.reduce((x, y) => x + y, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (f: (i: number) => number) => a.reduce((total, _, i) => total + f(i), 0);
  const scale = Math.sqrt(sum((i) => (a[i] - ma) ** 2) * sum((i) => (b[i] - mb) ** 2));
  return scale > 0 ? sum((i) => (a[i] - ma) * (b[i] - mb)) / scale : 0;
}

describe('firing together', () => {
  it.each([0, 4, D_SAE - 2])('of latent %d has the Jaccard index and the correlation of the whole table', (latent) => {
    const parts = [someCodes(1, 90), someCodes(2, 1), someCodes(3, 60)];
    const counts = new TogetherCounts(D_SAE, latent);
    for (const { codes } of parts) counts.add(codes);
    const rows = parts.flatMap(({ dense }) => dense);
    const column = (j: number) => rows.map((row) => row[j]);
    const wanted = Array.from({ length: D_SAE }, (_, j) => {
      const both = rows.filter((row) => row[j] !== 0 && row[latent] !== 0).length;
      const either = rows.filter((row) => row[j] !== 0 || row[latent] !== 0).length;
      return { latent: j, both, jaccard: both / either, correlation: pearson(column(latent), column(j)) };
    }).filter(({ latent: j, both }) => j !== latent && both > 0);
    wanted.sort((a, b) => b.jaccard - a.jaccard || b.correlation - a.correlation || a.latent - b.latent);
    const found = counts.finish(100);
    expect(found.map((one) => one.latent)).toEqual(wanted.map((one) => one.latent));
    found.forEach(({ jaccard, correlation }, i) => {
      expect(jaccard).toBe(wanted[i].jaccard);
      expect(correlation).toBeCloseTo(wanted[i].correlation, 10);
    });
    expect(counts.finish(2)).toEqual(found.slice(0, 2));
  });

  it('of a latent with its double is 1', () => {
    const counts = new TogetherCounts(D_SAE, 0);
    counts.add(someCodes(5, 80).codes);
    const [first] = counts.finish(1);
    expect(first).toMatchObject({ latent: 1, jaccard: 1 });
    expect(first.correlation).toBeCloseTo(1, 6);
  });
});

it.each(['tied', 'standard', 'topk'] as const)('cosines of decoder rows are those of the directions of %s dictionaries', (architecture) => {
  for (const { dictionary } of randomSuite(architecture, 3)) {
    const { d_sae } = dictionary.config;
    const rows = Array.from({ length: d_sae }, (_, j) => decoderVector(dictionary, j));
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
    const latent = Math.min(3, d_sae - 1);
    const cosines = decoderCosines(dictionary, rows[latent]);
    cosines.forEach((cosine, j) => {
      const size = Math.sqrt(dot(rows[j], rows[j]) * dot(rows[latent], rows[latent]));
      expect(cosine).toBeCloseTo(size > 0 ? dot(rows[j], rows[latent]) / size : 0, 4);
    });
    const near = nearest(cosines, 5, latent);
    expect(near.map(({ value }) => value)).toEqual(
      [...cosines]
        .filter((_, j) => j !== latent)
        .sort((a, b) => b - a)
        .slice(0, 5),
    );
  }
});
