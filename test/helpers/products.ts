/** The big products of PCA and ICA, on whatever computes them, against the plain twin. */
import { expect } from 'vitest';
import { createRandom } from '../../src/core/array/random.ts';
import { createPlainProducts, type Products } from '../../src/core/baselines/products.ts';
import { randomNormal } from '../unit/sae/helpers.ts';

/** fp32 sums of `terms` products of numbers near 1. */
function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, terms: number): void {
  expect(a).toHaveLength(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  expect(worst).toBeLessThan(1e-5 * terms);
}

/** @param sizes of rows and widths */
export async function expectSameProducts(products: Products, sizes: readonly [n: number, d: number, m: number][]): Promise<void> {
  const plain = createPlainProducts();
  for (const [n, d, m] of sizes) {
    const random = createRandom(n + d + m);
    const x = Float64Array.from(randomNormal(random, n * d));
    const w = Float64Array.from(randomNormal(random, m * d, 1 / Math.sqrt(d)));
    expectClose(await products.gram(x, d), await plain.gram(x, d), n);
    expectClose(await products.project(x, w, d), await plain.project(x, w, d), d);
    const square = Float64Array.from(randomNormal(random, d * d, 1 / Math.sqrt(d)));
    const [mine, twin] = [products.hold(x, d), plain.hold(x, d)];
    for (let again = 0; again < 2; again++) {
      const [a, b] = [await mine.contrast(square), await twin.contrast(square)];
      expectClose(a.product, b.product, n);
      expectClose(a.slope, b.slope, n);
    }
    mine.release();
  }
}
