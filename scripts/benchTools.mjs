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
