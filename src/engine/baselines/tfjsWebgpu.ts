/**
 * tfjs on the worker's graphics device, between ONNX Runtime's calls. Its kernels know the name 'webgpu' alone, so our
 * backend takes that name; buffers that it pools go when it is removed.
 */
import { env, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { EngineError } from '../../core/errors.ts';
import type { Products } from '../../core/baselines/products.ts';
import type { Runtime } from '../model/runtime.ts';
import { createTfjsProducts } from './tfjsProducts.ts';

const NAME = 'webgpu';
/** A software adapter is slow; a card takes this in a few milliseconds. */
const CALL = 2e9;

/** @throws EngineError when it does not start */
export async function openTfjsWebgpu(runtime: Runtime): Promise<Products> {
  const turn = <T>(work: () => Promise<T>) => runtime.onDevice('the directions', work);
  await runtime.onDevice('the directions', async (device) => {
    if (findBackendFactory(NAME)) removeBackend(NAME);
    registerBackend(NAME, () => new WebGPUBackend(device));
    // Few numbers would stay on the processor, whose backend is not here.
    env().set('WEBGPU_CPU_FORWARD', false);
    if (!(await setBackend(NAME))) throw new EngineError('tfjs could not be started on the graphics device.');
  });
  return createTfjsProducts({ name: 'tfjs-webgpu', callSize: CALL, decomposed: 128, turn, release: () => removeBackend(NAME) });
}
