/** tfjs on the processor: one thread with SIMD. Its threads hang for good in a minified bundle (docs/decisions/baselines.md). */
import { env, setBackend } from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { EngineError } from '../../core/errors.ts';
import type { Products } from '../../core/baselines/products.ts';
import { createTfjsProducts } from './tfjsProducts.ts';

/** Some tens of milliseconds at 10 to 20 GFLOP/s. */
const CALL = 3e8;

/** @param wasm address of tfjs-backend-wasm-simd.wasm. @throws EngineError when it does not start */
export async function openTfjsWasm(wasm: string): Promise<Products> {
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  // Without threads only this one is asked for, but all must be named.
  setWasmPaths({ 'tfjs-backend-wasm.wasm': wasm, 'tfjs-backend-wasm-simd.wasm': wasm, 'tfjs-backend-wasm-threaded-simd.wasm': wasm });
  if (!(await setBackend('wasm'))) throw new EngineError('tfjs could not be started on the processor.');
  return createTfjsProducts({ name: 'tfjs-wasm', callSize: CALL, decomposed: 256, turn: (work) => work(), release: () => {} });
}
