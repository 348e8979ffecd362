/** Arguments as scripts give them, and as they cross. */
import { expect, it, vi } from 'vitest';
import { scripted } from '../../../src/app/scripted.ts';
import type { CallOptions } from '../../../workers/rpc.ts';

it('takes signal and progress out of the options, which cross without', async () => {
  const call = vi.fn((_args: [string, { k?: number }?], _options?: CallOptions<number>) => Promise.resolve('answer'));
  const predict = scripted(1, call);
  const { signal } = new AbortController();
  const onProgress = (_: number) => {};
  expect(await predict('text', { k: 3, signal, onProgress })).toBe('answer');
  expect(call).toHaveBeenLastCalledWith(['text', { k: 3 }], { signal, onProgress });
  await predict('text');
  expect(call).toHaveBeenLastCalledWith(['text', {}], { signal: undefined, onProgress: undefined });
});

it('counts two arguments, and rejects rather than throws', async () => {
  const call = vi.fn((_args: [string, string, { skip?: number }?]): Promise<never> => {
    throw new Error('No.');
  });
  await expect(scripted(2, call)('text', 'dictionary', { skip: 2 })).rejects.toThrow('No.');
  expect(call).toHaveBeenLastCalledWith(['text', 'dictionary', { skip: 2 }], { signal: undefined, onProgress: undefined });
});
