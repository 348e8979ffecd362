import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { sha256Hex, sha256Of } from '../../../src/core/formats/sha256.ts';

const bytes = (n: number) => Uint8Array.from({ length: n }, (_, i) => (i * 7919) >> 3);
const theirs = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

it.each([0, 1, 64, 70_001])('agrees with another implementation on %i bytes', (n) => {
  expect(sha256Hex(bytes(n))).toBe(theirs(bytes(n)));
});

it('reads a file in slices, and stops when asked', async () => {
  const data = bytes(9 * 2 ** 20);
  expect(await sha256Of(new Blob([data]))).toBe(theirs(data));
  await expect(sha256Of(new Blob([data]), { aborted: true })).rejects.toMatchObject({ name: 'AbortError' });
});
