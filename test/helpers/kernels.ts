/** The engines of dictionary maths that run in Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPlainEngine } from '../../src/kernels/plain.ts';
import type { SaeEngine } from '../../src/kernels/engine.ts';
import { WasmEngine } from '../../src/kernels/wasm/engine.ts';
import { chooseBuild, type WasmBuild } from '../../src/kernels/wasm/kernels.ts';

const BUILT = join(import.meta.dirname, '../../src/kernels/wasm/built');

/** @param limit bytes kept of dictionaries; default as in the product */
export function createWasmEngine(build: WasmBuild, limit?: number): WasmEngine {
  return new WasmEngine(new WebAssembly.Module(readFileSync(join(BUILT, `${build}.wasm`))), build, limit);
}

/** As a worker chooses on this machine. */
export function createNodeEngine(): SaeEngine {
  const build = chooseBuild();
  return build ? createWasmEngine(build) : createPlainEngine();
}

/** Every engine by name. vitest.config.ts gives Node the flag that relaxed SIMD needs. */
export const NODE_ENGINES: Record<string, () => SaeEngine> = {
  'plain TypeScript': createPlainEngine,
  'WASM, plain SIMD': () => createWasmEngine('simd'),
  'WASM, relaxed SIMD': () => createWasmEngine('relaxed'),
};
