/** What the benchmarks share. */
import { readFileSync } from 'node:fs';
import { createStaticServer } from './serve.mjs';

/** A folder on a server of its own, isolated. @param {string} dir */
export async function serveFolder(dir) {
  const server = createStaticServer({ dir, isolation: true });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://localhost:${port}/`, close: () => server.close() };
}

/** VmHWM and VmRSS of a renderer, in bytes. @param {number} pid */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (/** @type {string} */ key) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? NaN);
  return { peak: 1024 * kib('VmHWM'), now: 1024 * kib('VmRSS') };
}

export const median = (/** @type {number[]} */ values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Prints what steps took. @param {string} name @param {{ batch: number }} shape @param {number[]} times in ms @param {string} rest */
export function line(name, { batch }, times, rest = '') {
  const ms = median(times);
  const figures = `${ms.toFixed(1).padStart(8)} ms  (least ${Math.min(...times).toFixed(1)})  ${((1000 * batch) / ms).toFixed(0).padStart(6)} tokens/s`;
  console.log(`  ${name.padEnd(34)} ${figures}  ${rest}`);
}
