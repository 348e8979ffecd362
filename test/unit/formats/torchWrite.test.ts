import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { crc32, updateCrc32 } from '../../../src/core/formats/crc32.ts';
import {
  readTorch,
  toPart,
  TORCH_DTYPE_BYTES,
  writeTorch,
  type TorchDtype,
  type TorchPart,
} from '../../../src/core/formats/torch/index.ts';
import { blobOf, gather, listTensors } from './torchHelpers.ts';
import { createRecorder } from './helpers.ts';

const PYTHON = process.env.FEATURESCOPE_PYTHON ?? 'python3';
const HAS_TORCH = spawnSync(PYTHON, ['-c', 'import torch'], { timeout: 120_000 }).status === 0;

const random = createRandom(11);
function createPart(dtype: TorchDtype, shape: number[]): TorchPart & { bytes: Uint8Array } {
  const count = shape.reduce((n, size) => n * size, TORCH_DTYPE_BYTES[dtype]);
  const bytes = Uint8Array.from({ length: count }, () => Math.floor(random() * (dtype === 'BOOL' ? 2 : 256)));
  return { dtype, shape, bytes, data: blobOf(bytes) };
}

const PARTS = new Map([
  ['encoder.weight', createPart('F32', [64, 16])],
  ['größe', createPart('F16', [300])],
  ['half', createPart('BF16', [2, 3, 4])],
  ['double', createPart('F64', [1])],
  ['k', createPart('I32', [])],
  ['step', createPart('I64', [])],
  ['mask', createPart('BOOL', [7])],
  ['bytes', createPart('U8', [70_000])],
  ['signed', createPart('I8', [3])],
  ['short', createPart('I16', [3])],
]);

const joined = async (parts: Awaited<ReturnType<typeof writeTorch>>) => new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());

describe('writeTorch', () => {
  it('is read again to the same bytes', async () => {
    const state = await readTorch(blobOf(await joined(await writeTorch(PARTS))), 'ae.pt');
    expect(state).toBeInstanceOf(Map);
    const tensors = listTensors(state, '').map(([, tensor]) => tensor);
    expect([...(state as Map<string, unknown>).keys()]).toEqual([...PARTS.keys()]);
    for (const [i, wanted] of [...PARTS.values()].entries()) {
      expect(tensors[i]).toMatchObject({ dtype: wanted.dtype, shape: wanted.shape });
      expect(Buffer.compare(await gather(tensors[i]), wanted.bytes)).toBe(0);
    }
  });

  it('is a zip to others too, and is not copied', async () => {
    const parts = await writeTorch(PARTS);
    expect(parts).toContain(PARTS.get('bytes')!.data);
    const files = unzipSync(await joined(parts));
    expect(Object.keys(files)).toEqual([
      'archive/data.pkl',
      'archive/byteorder',
      ...[...PARTS.keys()].map((_, i) => `archive/data/${i}`),
      'archive/version',
    ]);
    expect(new TextDecoder().decode(files['archive/version'])).toBe('3\n');
  });

  it('reads a large tensor in slices only', async () => {
    const { blob, sizes } = createRecorder(new Blob([new Uint8Array(9 * 2 ** 20)]));
    await writeTorch(new Map([['W', { dtype: 'U8', shape: [9 * 2 ** 20], data: blob }]]));
    expect(Math.max(...sizes)).toBe(4 * 2 ** 20);
    const part = await toPart({ ...listTensors(await readTorch(blobOf(await joined(await writeTorch(PARTS))), 'x'))[0][1] }, 'W');
    expect(part.data.size).toBe(64 * 16 * 4);
  });

  it('refuses what does not fit its shape, and more than 4 GiB', async () => {
    await expect(writeTorch(new Map([['W', { dtype: 'F32', shape: [3], data: new Blob([new Uint8Array(8)]) }]]))).rejects.toThrow(
      /8 bytes/,
    );
    const huge = { size: 2 ** 32, slice: () => huge, arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)) };
    await expect(writeTorch(new Map([['W', { dtype: 'U8', shape: [2 ** 32], data: huge }]]))).rejects.toThrow(/more than 4 GiB/);
  });

  it.skipIf(!HAS_TORCH)('is read by torch.load with weights_only, mapped or not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'featurescope-'));
    try {
      writeFileSync(join(folder, 'ae.pt'), await joined(await writeTorch(PARTS)));
      const { stdout, stderr } = spawnSync(PYTHON, [join(import.meta.dirname, '../../python/torch_load.py'), join(folder, 'ae.pt')], {
        encoding: 'utf8',
        timeout: 120_000,
        maxBuffer: 2 ** 26,
      });
      expect(stdout, stderr).not.toBe('');
      const read = stdout.trim().split('\n').map((line) => JSON.parse(line) as { type: string; tensors: Record<string, { shape: number[]; bytes: number[] }> }); // prettier-ignore
      expect([1, 2], stderr).toContain(read.length);
      for (const { type, tensors } of read) {
        expect(type).toBe('OrderedDict');
        expect(Object.keys(tensors)).toEqual([...PARTS.keys()]);
        for (const [name, { shape, bytes }] of PARTS) {
          expect(tensors[name].shape).toEqual(shape);
          expect(Buffer.compare(Uint8Array.from(tensors[name].bytes), bytes), name).toBe(0);
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('crc32 is the one of zips', async () => {
  expect(await crc32(new Blob(['123456789']))).toBe(0xcbf43926);
  expect(await crc32(new Blob([]))).toBe(0);
  // In one go, and in slices.
  const bytes = Uint8Array.from({ length: 1003 }, (_, i) => (i * 7919) >>> 3);
  let crc = 0;
  for (let at = 0; at < bytes.length; at += 13) crc = updateCrc32(crc, bytes.subarray(at, at + 13));
  expect(crc).toBe(await crc32(blobOf(bytes)));
});
