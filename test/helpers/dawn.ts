/**
 * A graphics device in Node. Here that is SwiftShader, the software adapter of Debian's Chromium; vitest.config.ts shows Dawn
 * where its Vulkan loader lies. Elsewhere FEATURESCOPE_DAWN=1 takes the machine's own card.
 */
import { existsSync } from 'node:fs';
import { createEngine, createGpuRuntime } from '../../src/engine/node/engine.ts';
import { openGpu } from '../../src/engine/node/gpu.ts';
import type { NodeSettings } from './nodeEngine.ts';

export const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
/** Whether there is a device to test on. */
export const HAS_DAWN = existsSync(SWIFTSHADER) || process.env.FEATURESCOPE_DAWN === '1';

/** All goldens on the device (FEATURESCOPE_DAWN_ALL=1): many minutes on a software adapter, seconds on a card. */
export const EVERYTHING = process.env.FEATURESCOPE_DAWN_ALL === '1';

export async function openDawn(): Promise<{ device: GPUDevice; gpu: NonNullable<NodeSettings['gpu']> }> {
  const { device } = await openGpu();
  return { device, gpu: { createRuntime: () => createGpuRuntime(device), createEngine } };
}
