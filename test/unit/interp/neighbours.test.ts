/** Likeness of latents on small random data, against the formulas written out. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { decoderCosines, nearest, TogetherCounts } from '../../../src/core/interp/neighbours.ts';
import { decoderVector } from '../../../src/core/sae/decode.ts';
import { columnOf, LatentsBuilder, type Latents } from '../../../src/core/sae/latents.ts';
import { pearson, randomSuite } from '../../helpers/latents.ts';

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

describe('firing together', () => {
  it.each([0, 4, D_SAE - 2])('of latent %d has the Jaccard index and the correlation of the whole table', (latent) => {
    const parts = [someCodes(1, 90), someCodes(2, 1), someCodes(3, 60)];
    const counts = new TogetherCounts(D_SAE);
    for (const { codes } of parts) counts.add(columnOf(codes, latent), codes);
    const rows = parts.flatMap(({ dense }) => dense);
    const column = (j: number) => rows.map((row) => row[j]);
    const wanted = Array.from({ length: D_SAE }, (_, j) => {
      const both = rows.filter((row) => row[j] !== 0 && row[latent] !== 0).length;
      const either = rows.filter((row) => row[j] !== 0 || row[latent] !== 0).length;
      return { latent: j, both, jaccard: both / either, correlation: pearson(column(latent), column(j)) };
    }).filter(({ latent: j, both }) => j !== latent && both > 0);
    wanted.sort((a, b) => b.jaccard - a.jaccard || b.correlation - a.correlation || a.latent - b.latent);
    const found = counts.finish(100, latent);
    expect(found.map((one) => one.latent)).toEqual(wanted.map((one) => one.latent));
    found.forEach(({ jaccard, correlation }, i) => {
      expect(jaccard).toBe(wanted[i].jaccard);
      expect(correlation).toBeCloseTo(wanted[i].correlation, 10);
    });
    expect(counts.finish(2, latent)).toEqual(found.slice(0, 2));
  });

  it('of a latent with its double is 1', () => {
    const counts = new TogetherCounts(D_SAE);
    const { codes } = someCodes(5, 80);
    counts.add(columnOf(codes, 0), codes);
    const [first] = counts.finish(1, 0);
    expect(first).toMatchObject({ latent: 1, jaccard: 1 });
    expect(first.correlation).toBeCloseTo(1, 6);
  });
});

describe('reading most alike', () => {
  it('is the highest correlation of the whole table, whoever else the values are of', () => {
    const { codes, dense } = someCodes(7, 200);
    const random = createRandom(8);
    // Column 5, with noise, and now and then below 0.
    const own = Float32Array.from(dense, (row) => row[5] + 0.2 * random() - 0.1);
    const counts = new TogetherCounts(D_SAE);
    counts.add(own.subarray(0, 90), rowsOf(codes, 0, 90));
    counts.add(own.subarray(90), rowsOf(codes, 90, 200));
    const wanted = Array.from({ length: D_SAE }, (_, j) => pearson([...own], [...dense.map((row) => row[j])]));
    const best = counts.mostAlike(false);
    expect(best.latent).toBe(5);
    expect(best.correlation).toBeCloseTo(Math.max(...wanted), 10);
  });

  it('counts a correlation below 0 only where the sign means nothing', () => {
    const { codes, dense } = someCodes(9, 200);
    const counts = new TogetherCounts(D_SAE);
    counts.add(
      Float32Array.from(dense, (row) => -row[4]),
      codes,
    );
    expect(counts.mostAlike(true)).toMatchObject({ latent: 4, correlation: expect.closeTo(-1, 6) as number });
    expect(counts.mostAlike(false).latent).not.toBe(4);
  });
});

function rowsOf({ rows, latents, values, d_sae }: Latents, from: number, end: number): Latents {
  const [first, last] = [rows[from], rows[end]];
  return {
    rows: rows.slice(from, end + 1).map((at) => at - first),
    latents: latents.slice(first, last),
    values: values.slice(first, last),
    d_sae,
  };
}

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
