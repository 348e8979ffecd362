/** Reads golden files and compares within the tolerances that test/fixtures/models/README.md states. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const MODELS = join(import.meta.dirname, '../fixtures/models');
export const BOOKWORM = join(import.meta.dirname, '../../public/models/bookworm-9m');

/** Sites of the golden files and the hooks they are. */
export const SITES: Record<string, string> = {
  resid_pre: 'hook_resid_pre',
  ln1: 'ln1.hook_normalized',
  ln2: 'ln2.hook_normalized',
  v: 'attn.hook_v',
  pattern: 'attn.hook_pattern',
  z: 'attn.hook_z',
  attn_out: 'hook_attn_out',
  mlp_pre: 'mlp.hook_pre',
  mlp_post: 'mlp.hook_post',
  mlp_out: 'hook_mlp_out',
  resid_post: 'hook_resid_post',
};

export type Golden = { shape: number[]; data: Float32Array | Int32Array };

/** Every tensor of a golden .safetensors file (F32 and I32). */
export function readGoldens(path: string): Map<string, Golden> {
  const file = readFileSync(path);
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + headerLength).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const goldens = new Map<string, Golden>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = entry.data_offsets.map((o) => o + 8 + headerLength) as [number, number];
    const bytes = new Uint8Array(file.subarray(from, to));
    const data = entry.dtype === 'I32' ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
    goldens.set(name, { shape: entry.shape, data });
  }
  return goldens;
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

/** Largest |a − b|; NaN anywhere gives NaN, which no tolerance accepts. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (!(d <= worst)) worst = d;
  }
  return worst;
}

/** The rule of design D5: |a − b| in units of the tolerance, which is ε · max(1, max|b|/10). */
export function relativeToTolerance(a: ArrayLike<number>, b: ArrayLike<number>, epsilon: number): number {
  let largest = 0;
  for (let i = 0; i < b.length; i++) largest = Math.max(largest, Math.abs(b[i]));
  return maxDifference(a, b) / (epsilon * Math.max(1, largest / 10));
}
