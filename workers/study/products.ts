/** What multiplies matrices for PCA and ICA in the worker, fetched when first needed. */
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { createPlainProducts, type Products } from '../../src/core/baselines/products.ts';
import type { Runtime } from '../../src/engine/model/runtime.ts';

/** The runtime's device, else the processor with SIMD, else plain TypeScript. Never rejects; the record says which it was. */
export async function createProducts(runtime: Runtime): Promise<Products> {
  const ways = [
    async () => (await import('../../src/engine/baselines/tfjsWasm.ts')).openTfjsWasm(new URL(simdWasm, self.location.href).href),
    ...(runtime.kind === 'webgpu' ? [async () => (await import('../../src/engine/baselines/tfjsWebgpu.ts')).openTfjsWebgpu(runtime)] : []),
  ];
  for (const open of ways.reverse()) {
    const products = await open().catch(() => undefined);
    if (products) return products;
  }
  return createPlainProducts();
}
