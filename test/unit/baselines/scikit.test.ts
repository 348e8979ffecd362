/** Agreement with scikit-learn, where it is. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fastIca, unmix, whiten } from '../../../src/core/baselines/ica.ts';
import { centre, Moments } from '../../../src/core/baselines/moments.ts';
import { principalComponents } from '../../../src/core/baselines/pca.ts';
import { createPlainProducts, dots } from '../../../src/core/baselines/products.ts';
import { bestCorrelations, cosine, madeSources, mixSources } from '../../helpers/directions.ts';

const PYTHON = process.env.FEATURESCOPE_PYTHON ?? 'python3';
const HAS_SCIKIT = spawnSync(PYTHON, ['-c', 'import sklearn']).status === 0;
const plain = createPlainProducts();
const D = 5;

describe.skipIf(!HAS_SCIKIT)('scikit-learn', () => {
  it('finds the same principal and independent components', async () => {
    const x = mixSources(madeSources(4000, 8), D, 9);
    const folder = mkdtempSync(join(tmpdir(), 'featurescope-scikit-'));
    const path = join(folder, 'x.f32');
    writeFileSync(path, x);
    const { stdout, stderr } = spawnSync(PYTHON, ['test/python/scikit.py', path, String(D)], { encoding: 'utf8' });
    rmSync(folder, { recursive: true, force: true });
    expect(stderr).toBe('');
    const theirs = JSON.parse(stdout) as { variances: number[]; directions: number[][]; scores: number[][] };
    const moments = new Moments(D);
    await moments.add(x, plain);
    const pca = principalComponents(moments.covariance(), D);
    theirs.variances.forEach((value, c) => {
      // Theirs divides by n − 1.
      expect(Math.abs((pca.eigenvalues[c] * 4000) / 3999 / value - 1)).toBeLessThan(1e-6);
      expect(Math.abs(cosine(pca.directions.subarray(c * D, (c + 1) * D), theirs.directions[c]))).toBeGreaterThan(0.9999);
    });
    const whitening = whiten(moments.covariance(), D);
    const centred = centre(x, moments.mean);
    const pieces = [plain.hold(dots(centred, whitening.white, D), D)];
    const found = await fastIca({ pieces, products: plain, rows: 4000, components: D, seed: 0, pause: () => Promise.resolve() });
    const scores = dots(centred, unmix(found, whitening).unmixing, D).subarray(0, 200 * D);
    for (const correlation of bestCorrelations(scores, D, theirs.scores.flat(), D)) expect(correlation).toBeGreaterThan(0.999);
  });
});
