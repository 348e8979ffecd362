import { describe, expect, it, vi } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { PAPER_ADAM } from '../../../src/core/train/adam.ts';
import { architectureOf, type TrainableConfig } from '../../../src/core/train/architectures/index.ts';
import { orPlain } from '../../../src/kernels/fallback.ts';
import type { StepTrainer } from '../../../src/kernels/trainer.ts';
import { wasmFormOf, wasmTrains } from '../../../src/kernels/wasm/trainForms.ts';
import { webgpuTrains } from '../../../src/kernels/webgpu/trainPasses.ts';

const settings: TrainableConfig = { architecture: 'tied', d_in: 4, d_sae: 8, alpha: 0.01 };
const parameters = architectureOf(settings).init(settings, createRandom(1));

describe('which trainer a dictionary gets', () => {
  it('is that of the kernels where they say that they can', async () => {
    const mine = {} as StepTrainer;
    const create = vi.fn(() => Promise.resolve(mine));
    expect(await orPlain(() => true, create)(settings, parameters, 16)).toBe(mine);
    expect(create).toHaveBeenCalledWith(settings, parameters, 16);
  });

  it('is the twin where they cannot, and it trains', async () => {
    const create = vi.fn();
    const trainer = await orPlain(() => false, create)(settings, parameters, 16);
    expect(create).not.toHaveBeenCalled();
    expect(trainer.kernels).toBe('typescript');
    await trainer.step(
      Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)),
      { ...PAPER_ADAM, sparsity: 1 },
    );
    expect((await trainer.report()).loss).toBeGreaterThan(0);
  });

  it('comes from WASM and WebGPU for what they register, by name', () => {
    const unknown = { ...settings, architecture: 'made up' } as unknown as TrainableConfig;
    for (const architecture of ['tied', 'standard', 'topk']) {
      expect(wasmTrains({ ...settings, architecture } as TrainableConfig)).toBe(true);
      expect(webgpuTrains({ ...settings, architecture } as TrainableConfig)).toBe(true);
    }
    expect(wasmTrains(unknown)).toBe(false);
    expect(webgpuTrains(unknown)).toBe(false);
    expect(wasmTrains({ ...settings, architecture: 'toString' } as unknown as TrainableConfig)).toBe(false);
    expect(() => wasmFormOf(unknown)).toThrow('do not train made up');
  });
});
