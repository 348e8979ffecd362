import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { chooseBuild } from './src/kernels/wasm/kernels.ts';

/** Node 20 has relaxed SIMD behind a flag; later versions have it, and no flag. */
const execArgv = chooseBuild() === 'relaxed' ? [] : ['--experimental-wasm-relaxed-simd'];

/** Dawn looks for Vulkan when a worker starts; Debian's Chromium has a loader and a software adapter. */
const CHROMIUM = '/usr/lib/chromium';
if (existsSync(`${CHROMIUM}/vk_swiftshader_icd.json`) && process.env.FEATURESCOPE_DAWN !== '1') {
  process.env.LD_LIBRARY_PATH = [CHROMIUM, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  process.env.VK_DRIVER_FILES = `${CHROMIUM}/vk_swiftshader_icd.json`;
}

/** By default one core is left for whoever sits at the machine, which is half of a small one. */
const ALL_CORES = { maxWorkers: '100%' };

/** unit: pure, seconds. golden: the engine in Node against golden files. browser: the built page in Chromium. */
const project = (name: string, timeoutMs: number, options: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.{ts,tsx}`],
    environment: 'node' as const,
    execArgv,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    ...options,
  },
});

export default defineConfig({
  test: {
    globalSetup: 'scripts/prepare.mjs',
    projects: [
      project('unit', 20_000, ALL_CORES),
      project('golden', 120_000, ALL_CORES),
      // Many wait more than they compute, so two at a time; after the others.
      project('browser', 300_000, { maxWorkers: 2, sequence: { groupOrder: 1 } }),
    ],
  },
});
