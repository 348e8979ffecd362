import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readNpz, type NpyArray } from '../../../src/core/formats/npz.ts';
import { refusal } from './helpers.ts';
import { blobOf, gather, readBytesOf } from './torchHelpers.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/npz');
const open = (name: string) => readNpz(blobOf(readBytesOf(FOLDER, name)), name);
const floats = async (array: NpyArray | undefined) => [...new Float32Array((await gather(array!)).buffer)];
const A = Array.from({ length: 12 }, (_, i) => i);

/** A .npy file of version 1.0. */
function npy(header: string, data: Uint8Array = new Uint8Array(48)): Uint8Array {
  const length = new Uint8Array(Uint16Array.of(header.length).buffer);
  return Uint8Array.from([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, ...length, ...new TextEncoder().encode(header), ...data]);
}
const npz = (files: Record<string, Uint8Array>) => blobOf(zipSync(files, { level: 0 }));
const say = (header: string, data?: Uint8Array) => refusal(() => readNpz(npz({ 'W.npy': npy(header, data) }), 'a.npz'));

describe('archives that NumPy wrote', () => {
  it('gives every array with its numbers', async () => {
    const arrays = await open('numpy.npz');
    expect([...arrays].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ...[['W', 'F32', [3, 4]], ['F', 'F32', [3, 4]], ['h', 'F16', [3, 4]], ['s', 'F32', []], ['b', 'BOOL', [1]], ['i', 'I64', [3]]], // prettier-ignore
      ['e', 'F64', [0, 3]],
    ]);
    expect(await floats(arrays.get('W'))).toEqual(A);
    expect(arrays.get('F')!.strides).toEqual([1, 3]);
    expect(await floats(arrays.get('F'))).toEqual(A);
    expect(await floats(arrays.get('s'))).toEqual([3]);
    expect([...(await gather(arrays.get('b')!))]).toEqual([1]);
    expect([...new BigInt64Array((await gather(arrays.get('i')!)).buffer)]).toEqual([0n, 1n, 2n]);
    expect((await gather(arrays.get('e')!)).length).toBe(0);
    // 0, 1, 2, 3 in fp16.
    expect([...new Uint16Array((await gather(arrays.get('h')!)).buffer)].slice(0, 4)).toEqual([0, 0x3c00, 0x4000, 0x4200]);
  });

  it('deflated, and with later headers', async () => {
    const compressed = await open('compressed.npz');
    expect(await floats(compressed.get('W'))).toEqual(A);
    expect(await floats(compressed.get('F'))).toEqual(A);
    const versions = await open('versions.npz');
    expect([...versions.keys()]).toEqual(['v2', 'v3']);
    for (const array of versions.values()) expect(await floats(array)).toEqual(A);
  });

  it('refuses objects and big-endian numbers by name', async () => {
    expect(await refusal(() => open('objects.npz'))).toMatch(/^W\.npy in objects\.npz holds Python objects, which are not read/);
    expect(await refusal(() => open('big-endian.npz'))).toMatch(/big-endian machine/);
  });
});

describe('headers', () => {
  it('in any order and spacing', async () => {
    const arrays = await readNpz(npz({ 'W.npy': npy(`{ 'shape' : (3,4) ,'descr':'<f4', 'fortran_order':False}   \n`) }), 'a.npz');
    expect(arrays.get('W')).toMatchObject({ dtype: 'F32', shape: [3, 4], strides: [4, 1] });
    const row = await readNpz(npz({ 'W.npy': npy(`{'descr': '<f4', 'fortran_order': True, 'shape': (12,), }\n`) }), 'a.npz');
    expect(row.get('W')!.shape).toEqual([12]);
  });

  it.each([
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os').system('true'),), }`, /not as NumPy writes it/],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'shape': (3, 4), }`, /not as NumPy writes it/],
    [`{'descr': '<f4', 'fortran_order': False}`, /not as NumPy writes it/],
    [`{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4), }`, /not as NumPy writes it/],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (12), }`, /not as NumPy writes it/],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (3 4), }`, /not as NumPy writes it/],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (-3, -4), }`, /not as NumPy writes it/],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }`, /shape \[3, 5\] of F32 needs 60 bytes, but it has 48/],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999, 999999999999999), }`, /needs \S+ bytes, but it has 48/],
    [`{'descr': '<c8', 'fortran_order': False, 'shape': (6,), }`, /of a kind that is not read \(<c8\)/],
    [`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (12,), }`, /not as NumPy writes it/],
    [`{'descr': '|O', 'fortran_order': False, 'shape': (12,), }`, /holds Python objects/],
    [`x = 1`, /not as NumPy writes it/],
  ])('%s', async (header, sentence) => {
    expect(await say(header)).toMatch(sentence);
  });

  it('a long header costs no time', async () => {
    const start = performance.now();
    for (const filler of [' ', '(', ',', "'", '0', "'shape':(", "'shape' : (1,"]) {
      expect(await say(`{'descr': '<f4', ${filler.repeat(Math.floor(60_000 / filler.length))}`)).toMatch(/not as NumPy writes it/);
      expect(await say(`{'descr': '<f4', ${filler.repeat(Math.floor(60_000 / filler.length))}}`)).toMatch(/not as NumPy writes it/);
    }
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('that would lie outside the file', async () => {
    const bytes = npy(`{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`);
    bytes[9] = 0xff;
    expect(await refusal(() => readNpz(npz({ 'W.npy': bytes }), 'a.npz'))).toMatch(/announces a header of 653\d\d bytes/);
    bytes[6] = 9;
    expect(await refusal(() => readNpz(npz({ 'W.npy': bytes }), 'a.npz'))).toMatch(/is of version 9\.0/);
    expect(await refusal(() => readNpz(npz({ 'W.npy': bytes.subarray(0, 8) }), 'a.npz'))).toMatch(/is not a NumPy array/);
  });
});

it('refuses zips of other things', async () => {
  const refuse = (content: Uint8Array | string) => refusal(() => readNpz(new Blob([content as Uint8Array<ArrayBuffer>]), 'params.npz'));
  expect(await refuse(zipSync({ 'cfg.json': new Uint8Array(2) }))).toMatch(/holds cfg\.json; a NumPy archive holds only \.npy files/);
  expect(await refuse(zipSync({ 'a/W.npy': new Uint8Array(2) }))).toMatch(/and no folders/);
  expect(await refuse(zipSync({ 'a/': new Uint8Array(0) }))).toMatch(/is an empty archive/);
  expect(await refuse('')).toMatch(/is empty/);
  expect(await refuse('<html>no</html>')).toMatch(/web page where params\.npz/);
  expect(await refuse(Uint8Array.of(1))).toMatch(/is not a NumPy archive/);
});
