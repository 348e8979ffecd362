import { openAsBlob, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FormatError, type BlobLike } from '../../../src/core/formats/bytes.ts';
import { readOnnxCheckpoint } from '../../../src/core/formats/onnx/checkpoint.ts';
import { readSafetensors } from '../../../src/core/formats/safetensors.ts';
import { parseConfig, type ModelConfig } from '../../../src/core/lm/config.ts';
import { createParameters, type Parameters } from '../../../src/core/lm/parameters.ts';

export const FIXTURES = fileURLToPath(new URL('../../fixtures/models', import.meta.url));
export const SHIPPED = fileURLToPath(new URL('../../../public/models/bookworm-9m', import.meta.url));

export function readFixture(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(`${FIXTURES}/${path}`));
}

export function fixtureBlob(path: string): Blob {
  return new Blob([readFixture(path)]);
}

export function diskBlob(path: string): Promise<Blob> {
  return openAsBlob(path);
}

export function fixtureJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(`${FIXTURES}/${path}`, 'utf8')) as Record<string, unknown>;
}

export function fixtureConfig(folder: string, changes: Record<string, unknown> = {}): ModelConfig {
  return parseConfig({ ...fixtureJson(`${folder}/config.json`), ...changes });
}

/** The parameters of a fixture's safetensors or ONNX file, by its path below the model's folder. */
export async function openFixture(folder: string, file: string): Promise<Parameters> {
  const config = fixtureConfig(folder);
  const blob = fixtureBlob(`${folder}/${file}`);
  if (file.endsWith('.safetensors')) return createParameters(config, await readSafetensors(blob, file));
  const lookup = (location: string) => (location === 'model.onnx_data' ? fixtureBlob(`${folder}/onnx/${location}`) : undefined);
  return createParameters(config, await readOnnxCheckpoint(blob, config, file, lookup));
}

export async function readAll(parameters: Parameters): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const name of parameters.names) values.set(name, await parameters.read(name));
  return values;
}

/** First difference, if any: quicker and clearer than comparing arrays in the matcher. */
export function findDifference(got: Map<string, Float32Array>, wanted: Map<string, Float32Array>): string | undefined {
  if ([...got.keys()].join() !== [...wanted.keys()].join()) return 'other names';
  for (const [name, a] of got) {
    const b = wanted.get(name)!;
    if (a.length !== b.length) return `${name}: ${a.length} and ${b.length} values`;
    const i = a.findIndex((v, k) => !Object.is(v, b[k]));
    if (i >= 0) return `${name}[${i}]: ${a[i]} and ${b[i]}`;
  }
  return undefined;
}

/** The FormatError's sentence; anything else that is thrown, or nothing, fails the test. */
export async function refusal(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** "ok" or the FormatError's sentence; any other exception passes through. */
export async function outcome(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return 'ok';
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
}

/** Records the size of every read. */
export function createRecorder(blob: BlobLike): { blob: BlobLike; sizes: number[] } {
  const sizes: number[] = [];
  const wrap = (inner: BlobLike): BlobLike => ({
    size: inner.size,
    slice: (start, end) => wrap(inner.slice(start, end)),
    arrayBuffer: () => {
      sizes.push(inner.size);
      return inner.arrayBuffer();
    },
  });
  return { blob: wrap(blob), sizes };
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A safetensors file from a header and data. */
export function buildSafetensors(header: unknown, data: Uint8Array = new Uint8Array(0)): Blob {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const bytes = new TextEncoder().encode(text);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(bytes.length), true);
  return new Blob([length, bytes, data as Uint8Array<ArrayBuffer>]);
}
