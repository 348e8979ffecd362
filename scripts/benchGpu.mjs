/**
 * `npm run bench:gpu [-- options]`: the model's forward pass, encoding, training steps and a whole training run, on the
 * graphics card in plain Node (through the npm package webgpu) and on the processor, in one run; training steps beside tfjs.
 *   --only forward,encode,steps,run
 *   --most-ms N    about how long a line may take; default 5,000
 *   --tokens N     of the whole training run; default 1,000,000
 *   --pack FOLDER  makes a folder that runs the same with nothing but a Node binary: `node FOLDER/run.mjs [options]`
 * VK_DRIVER_FILES can name the card's Vulkan driver. docs/benchmarks.md holds the latest figures.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bundleGpu, packGpu } from './packGpu.mjs';
import prepare from './prepare.mjs';
import { RELAXED_FLAGS } from './relaxed.mjs';

const options = process.argv.slice(2);

async function main() {
  await prepare();
  if (options[0] === '--pack') return packGpu(options[1]);
  const path = await bundleGpu();
  const command = [...RELAXED_FLAGS, join(import.meta.dirname, 'gpuMeasure.mjs'), path, ...options];
  process.exitCode = spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
