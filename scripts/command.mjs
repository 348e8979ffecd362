/** What the commands that run the engine share. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';
import prepare from './prepare.mjs';
import { RELAXED_FLAGS } from './relaxed.mjs';

/**
 * Runs a script once more with its module bundled (`--bundled PATH`), under the flags that the kernels want; does not return.
 * @param {string} script
 * @param {string} entry its TypeScript
 */
export async function runBundled(script, entry) {
  await prepare();
  const path = await bundle(entry);
  const child = spawn(process.execPath, [...RELAXED_FLAGS, script, ...process.argv.slice(2), '--bundled', path], { stdio: 'inherit' });
  // A terminal interrupts both; either way what there is to keep is written before this ends.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [status] = await once(child, 'exit');
  process.exit(status ?? 1);
}

/**
 * What was typed after the command; `--help` prints the comment at the script's head and ends.
 * @template {import('node:util').ParseArgsConfig['options']} T
 * @param {string} script
 * @param {T} options
 */
export function readOptions(script, options) {
  if (process.argv.includes('--help')) {
    const [, about = ''] = /\/\*\*([\s\S]*?)\*\//.exec(readFileSync(script, 'utf8')) ?? [];
    console.log(about.replace(/^ ?\* ?/gm, '').trim());
    process.exit(0);
  }
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : error} (--help lists the options.)`);
  }
}

/** Ends with a sentence about what was typed. @param {string} sentence @returns {never} */
export function refuse(sentence) {
  console.error(sentence);
  process.exit(2);
}

/** @param {string} device */
export function checkDevice(device) {
  if (!['wasm', 'webgpu'].includes(device)) refuse(`--device is wasm or webgpu, not ${device}.`);
  return /** @type {'wasm' | 'webgpu'} */ (device);
}

/**
 * Does the work and ends; what went wrong is said as a sentence.
 * @param {(o: { stop: { aborted: boolean }, log: (line: string) => void }) => Promise<unknown>} work stop: someone interrupts
 */
export async function runToEnd(work) {
  const stop = { aborted: false };
  process.on('SIGINT', () => (stop.aborted = true));
  process.on('SIGTERM', () => (stop.aborted = true));
  try {
    await work({ stop, log: (line) => console.log(line) });
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
