/**
 * Which build of ONNX Runtime, and where its files are. Both `mjs` and `wasm` must be given: with one alone the
 * built worker hangs as soon as it starts threads, or asks a CDN (reference: browser-stack A5).
 */
import cpuMjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import cpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import gpuMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import gpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import relaxedWasm from '../../src/kernels/wasm/built/relaxed.wasm?url';
import simdWasm from '../../src/kernels/wasm/built/simd.wasm?url';
import { createDictionaryStore } from '../../src/cache/dictionaryStore.ts';
import { download } from '../../src/cache/download.ts';
import type { SaeEngine } from '../../src/kernels/engine.ts';
import { createPlainEngine } from '../../src/kernels/plain.ts';
import { WasmEngine } from '../../src/kernels/wasm/engine.ts';
import { chooseBuild } from '../../src/kernels/wasm/kernels.ts';
import { WebgpuEngine } from '../../src/kernels/webgpu/engine.ts';
import { Runtime, type OrtModule } from '../engine/runtime.ts';
import type { Platform } from './session.ts';

/** More threads than this gain little on models of this size and cost memory. */
const MAX_THREADS = 8;

export function createPlatform(): Platform {
  return {
    store: createDictionaryStore(),
    async createRuntime({ kind, device }) {
      const ort = (kind === 'webgpu'
        ? await import('onnxruntime-web/webgpu')
        : await import('onnxruntime-web/wasm')) as unknown as OrtModule;
      const threads = self.crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1) : 1;
      const absolute = (url: string) => new URL(url, self.location.href).href;
      ort.env.wasm.wasmPaths =
        kind === 'webgpu' ? { mjs: absolute(gpuMjs), wasm: absolute(gpuWasm) } : { mjs: absolute(cpuMjs), wasm: absolute(cpuWasm) };
      ort.env.wasm.numThreads = threads;
      ort.env.wasm.proxy = false;
      ort.env.logLevel = 'error';
      return new Runtime({ ort, threads, ...(device && { device }) });
    },
    createEngine: async (runtime) =>
      runtime.kind === 'webgpu'
        ? new WebgpuEngine((label, work) => runtime.onDevice(label, work))
        : createWasmEngine().catch(createPlainEngine),
  };
}

/** @throws when the kernels cannot be had */
async function createWasmEngine(): Promise<SaeEngine> {
  const build = chooseBuild();
  if (!build) return createPlainEngine();
  const url = new URL(build === 'relaxed' ? relaxedWasm : simdWasm, self.location.href).href;
  const file = await download(url, { label: 'A part of the page' });
  if (!file) throw new Error(`There is no ${url}.`);
  return new WasmEngine(await WebAssembly.compile(await file.arrayBuffer()), build);
}
