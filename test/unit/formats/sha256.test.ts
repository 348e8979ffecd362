import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { Sha256, sha256Of } from '../../../src/core/formats/sha256.ts';

const bytes = (n: number) => Uint8Array.from({ length: n }, (_, i) => (i * 7919) >> 3);
const theirs = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

it.each([0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 70_001])('agrees with another implementation on %i bytes', (n) => {
  expect(new Sha256().update(bytes(n)).digest()).toBe(theirs(bytes(n)));
});

it('does not care how the bytes come', () => {
  const data = bytes(5000);
  for (const step of [1, 7, 63, 64, 65, 1000]) {
    const hash = new Sha256();
    for (let at = 0; at < data.length; at += step) hash.update(data.subarray(at, at + step));
    expect(hash.digest()).toBe(theirs(data));
  }
});

it('reads a file in slices, and stops when asked', async () => {
  const data = bytes(9 * 2 ** 20);
  expect(await sha256Of(new Blob([data]))).toBe(theirs(data));
  await expect(sha256Of(new Blob([data]), { aborted: true })).rejects.toMatchObject({ name: 'AbortError' });
});
