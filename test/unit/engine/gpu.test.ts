/** The way to a graphics card in Node, without one. */
import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});
const fresh = async () => (await import('../../../src/engine/node/gpu.ts')).openGpu;

describe('a graphics card in Node', () => {
  it('is refused by a sentence that says what to install where the package is missing', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect((await fresh())(() => Promise.reject(missing))).rejects.toThrow(
      /npm package webgpu, which is not installed\. Install it with: npm install --no-save webgpu/,
    );
    await expect((await fresh())(() => Promise.reject(new Error('wrong ELF class')))).rejects.toThrow(
      /cannot be loaded \(wrong ELF class\)/,
    );
  });

  it('is refused by a sentence where there is no adapter, and shared memory is copied before it is written', async () => {
    const written: unknown[] = [];
    class Queue {
      writeBuffer(_: unknown, at: number, data: Uint8Array | ArrayBuffer): void {
        written.push([at, data]);
      }
    }
    const create = () => ({ requestAdapter: () => Promise.resolve(null) }) as unknown as GPU;
    vi.stubGlobal('navigator', undefined);
    await expect((await fresh())(() => Promise.resolve({ create, globals: { GPUQueue: Queue } }))).rejects.toThrow(
      /No graphics card can be used here.*VK_DRIVER_FILES/,
    );
    const shared = new Float32Array(new SharedArrayBuffer(16)).map((_, i) => i);
    const view = new Float32Array(new SharedArrayBuffer(16));
    view.set(shared);
    const queue = new Queue() as unknown as GPUQueue;
    const buffer = {} as GPUBuffer;
    queue.writeBuffer(buffer, 8, view, 1, 2);
    const [at, bytes] = written[0] as [number, Uint8Array];
    expect(at).toBe(8);
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
    expect([...new Float32Array(bytes.buffer)]).toEqual([1, 2]);
    const own = Float32Array.of(5, 6);
    queue.writeBuffer(buffer, 0, own);
    expect((written[1] as [number, unknown])[1]).toBe(own);
  });
});
