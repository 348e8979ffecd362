/**
 * What workers need of the browser: ONNX Runtime in the build for the device, and the WASM kernels. Both `mjs` and
 * `wasm` of ONNX Runtime must be given: with one alone the built worker hangs as soon as it starts threads, or asks a
 * CDN (reference: browser-stack A5).
 */
import cpuMjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import cpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import gpuMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import gpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import relaxedWasm from '../src/kernels/wasm/built/relaxed.wasm?url';
import simdWasm from '../src/kernels/wasm/built/simd.wasm?url';
import { download } from '../src/cache/download.ts';
import type { DeviceChoice } from '../src/gpu/device.ts';
import type { SaeEngine } from '../src/kernels/engine.ts';
import { createPlainEngine } from '../src/kernels/plain.ts';
import { WasmEngine } from '../src/kernels/wasm/engine.ts';
import { chooseBuild } from '../src/kernels/wasm/kernels.ts';
import { WebgpuEngine } from '../src/kernels/webgpu/engine.ts';
import { Runtime, type OrtModule } from '../src/engine/model/runtime.ts';

/** More threads than this gain little on models of this size and cost memory. */
const MAX_THREADS = 8;

/** Threads worth having here: one unless the page is isolated. */
export function usualThreads(): number {
  return self.crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

export async function createOrtRuntime({ kind, device }: DeviceChoice): Promise<Runtime> {
  const ort = (kind === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm')) as unknown as OrtModule;
  const threads = usualThreads();
  ort.env.wasm.wasmPaths =
    kind === 'webgpu' ? { mjs: absolute(gpuMjs), wasm: absolute(gpuWasm) } : { mjs: absolute(cpuMjs), wasm: absolute(cpuWasm) };
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = 'error';
  return new Runtime({ ort, threads, ...(device && { device }) });
}

/** What encodes and decodes, on the runtime's device where it has one. Never rejects. */
export async function createSaeEngine(runtime: Runtime): Promise<SaeEngine> {
  return runtime.kind === 'webgpu'
    ? new WebgpuEngine((label, work) => runtime.onDevice(label, work))
    : createWasmEngine().catch(createPlainEngine);
}

/** @throws when the kernels cannot be had */
async function createWasmEngine(): Promise<SaeEngine> {
  const build = chooseBuild();
  if (!build) return createPlainEngine();
  return new WasmEngine(await fetchModule(build === 'relaxed' ? relaxedWasm : simdWasm), build);
}

/** @throws when the file cannot be had or is no module */
export async function fetchModule(url: string): Promise<WebAssembly.Module> {
  const file = await download(absolute(url), { label: 'A part of the page' });
  if (!file) throw new Error(`There is no ${url}.`);
  return WebAssembly.compile(await file.arrayBuffer());
}

function absolute(url: string): string {
  return new URL(url, self.location.href).href;
}
