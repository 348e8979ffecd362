/** tfjs on the processor gives the products of the plain twin, and keeps nothing. */
import { memory } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { openTfjsWasm } from '../../../src/engine/baselines/tfjsWasm.ts';
import { expectSameProducts } from '../../helpers/products.ts';

it('multiplies as the twin does', async () => {
  const products = await openTfjsWasm('node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
  expect(products.name).toBe('tfjs-wasm');
  await expectSameProducts(products, [
    [1, 1, 1],
    [7, 5, 3],
    [130, 33, 64],
    [500, 64, 20],
  ]);
  expect(memory().numTensors).toBe(0);
});
