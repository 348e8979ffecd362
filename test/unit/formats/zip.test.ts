import { deflateRawSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../src/core/formats/bytes.ts';
import { unpackZips } from '../../../workers/lens/unpack.ts';

const words = new TextEncoder().encode('the sea and the hat and the sea and the hat. '.repeat(40));
const FILES = { 'a/cfg.json': new TextEncoder().encode('{}'), 'a/sae_weights.safetensors': words, 'b/': new Uint8Array(0) };

const file = (data: Uint8Array, path = 'mine.zip') => ({ path, data: new Blob([data as Uint8Array<ArrayBuffer>]) });
const open = async (data: Uint8Array) => {
  const files = await unpackZips([file(data)]);
  return Promise.all(files.map(async (f) => [f.path, new Uint8Array(await f.data.arrayBuffer())] as const));
};
const at = (bytes: Uint8Array, signature: number) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i + 4 <= bytes.length; i++) if (view.getUint32(i, true) === signature) return { view, i };
  throw new Error('not found');
};
const CENTRAL = 0x02014b50;

describe('unpackZips', () => {
  it.each([0, 9] as const)('gives the files of a zip back byte for byte, level %i, folders left out', async (level) => {
    const files = await open(zipSync(FILES, { level }));
    expect(files.map(([path]) => path)).toEqual(['a/cfg.json', 'a/sae_weights.safetensors']);
    expect(files[1][1]).toEqual(words);
  });

  it('leaves other files, and a folder that only calls itself zip, alone', async () => {
    const others = [file(words, 'cfg.json'), file(words, 'not.zip')];
    expect(await unpackZips(others)).toEqual(others);
  });

  it('refuses every truncation with a sentence', async () => {
    const whole = zipSync(FILES, { level: 9 });
    for (let length = 30; length < whole.length; length += 7) {
      await expect(open(whole.slice(0, length))).rejects.toThrow(/\.$/);
    }
  });

  it('refuses an entry larger than it says without unpacking it whole', async () => {
    const packed = deflateRawSync(new Uint8Array(64 * 2 ** 20));
    const lying = zipSync({ 'a.bin': words }, { level: 9 });
    const { view, i } = at(lying, CENTRAL);
    // The declared size stays; what is packed becomes a bomb.
    const name = view.getUint16(i + 28, true);
    const start = 30 + name;
    const bomb = new Uint8Array(start + packed.length + (lying.length - i));
    bomb.set(lying.subarray(0, start));
    bomb.set(packed, start);
    bomb.set(lying.subarray(i), start + packed.length);
    const made = new DataView(bomb.buffer);
    made.setUint32(start + packed.length + 20, packed.length, true);
    const end = at(bomb, 0x06054b50);
    end.view.setUint32(end.i + 16, start + packed.length, true);
    await expect(open(bomb)).rejects.toThrow('larger than the zip says');
  });

  it('refuses a zip of which little would become much, in one file or in many, before it has', async () => {
    const nothing = new Uint8Array(40 * 2 ** 20);
    await expect(open(zipSync({ 'a.bin': nothing }, { level: 9 }))).rejects.toThrow(/would unpack to 41943040 bytes from a file of \d+/);
    const part = nothing.subarray(0, 5 * 2 ** 20);
    const many = Object.fromEntries([1, 2, 3, 4].map((i) => [`${i}.bin`, part]));
    await expect(open(zipSync(many, { level: 9 }))).rejects.toThrow(/4\.bin in mine\.zip would unpack/);
  });

  it('stops when asked', async () => {
    const data = zipSync(FILES, { level: 9 });
    await expect(unpackZips([file(data)], { aborted: true })).rejects.toThrow('Stopped on request.');
  });

  it.each([
    ['encryption', 8, 1, 'is encrypted'],
    ['an unknown way of packing', 10, 12, 'not read here'],
    ['a place outside', 42, 0x7fff, 'cannot be read as a zip|ends too early|does not hold'],
  ])('refuses %s', async (_, offset, value, sentence) => {
    const zip = zipSync({ 'a.bin': words });
    const { view, i } = at(zip, CENTRAL);
    view.setUint16(i + offset, value, true);
    await expect(open(zip)).rejects.toThrow(new RegExp(sentence));
  });

  it.each([0, 9] as const)('gives the same bytes or a sentence for changed ones, nothing else, level %i', async (level) => {
    const whole = zipSync(FILES, { level });
    let refused = 0;
    // Behind the first four bytes, without which it is no zip and left alone.
    for (let i = 4; i < whole.length; i++) {
      const changed = whole.slice();
      changed[i] ^= 0x55;
      const found = await open(changed).catch((error: unknown) => error);
      if (Array.isArray(found)) {
        for (const [, bytes] of found as Awaited<ReturnType<typeof open>>) expect(Object.values(FILES)).toContainEqual(bytes);
        continue;
      }
      refused++;
      expect(found).toBeInstanceOf(FormatError);
      expect((found as Error).message).toMatch(/\.$/);
    }
    // Names, times and comments may change; a byte of what is packed may not.
    expect(refused).toBeGreaterThan(level === 0 ? words.length : 50);
  });
});
