/** tfjs on a graphics device gives the products of the plain twin. */
import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import { openTfjsWebgpu } from '../../src/engine/baselines/tfjsWebgpu.ts';
import { Runtime } from '../../src/engine/model/runtime.ts';
import { HAS_DAWN, openDawn } from '../helpers/dawn.ts';
import { expectSameProducts } from '../helpers/products.ts';

// A software adapter on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(!HAS_DAWN)('on Dawn', () => {
  it('multiplies as the twin does, and again after it was given back', async () => {
    const { device } = await openDawn();
    const runtime = new Runtime({ ort: undefined as never, device, threads: 1 });
    for (let again = 0; again < 2; again++) {
      const products = await openTfjsWebgpu(runtime);
      expect(products.name).toBe('tfjs-webgpu');
      await expectSameProducts(products, [
        [7, 5, 3],
        [130, 33, 64],
      ]);
      expect(memory().numTensors).toBe(0);
      products.release();
    }
    device.destroy();
  });
});
