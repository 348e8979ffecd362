/** Any number of threads makes the same bytes as one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeHelpers } from '../../../scripts/threads.mjs';
import { createRandom } from '../../../src/core/array/random.ts';
import { PAPER_ADAM } from '../../../src/core/train/adam.ts';
import { architectureOf, type TrainableConfig } from '../../../src/core/train/architectures/index.ts';
import { take } from '../../../src/core/train/types.ts';
import type { WasmBuild } from '../../../src/kernels/wasm/kernels.ts';
import { help, Threads, type Helper } from '../../../src/kernels/wasm/threads.ts';
import { createWasmTrainer } from '../../../src/kernels/wasm/trainer.ts';
import { randomNormal } from '../sae/helpers.ts';

const BUILT = join(import.meta.dirname, '../../../src/kernels/wasm/built');
const moduleOf = (name: string) => new WebAssembly.Module(readFileSync(join(BUILT, `train-${name}.wasm`)));
const SIZES = { d_in: 30, d_sae: 300 };
const CONFIGS: TrainableConfig[] = [
  { architecture: 'tied', ...SIZES, alpha: 0.01 },
  { architecture: 'standard', ...SIZES, l1_coefficient: 0.1 },
  {
    architecture: 'topk',
    ...SIZES,
    k: 8,
    aux_alpha: 1 / 32,
    aux_k_max: 15,
    dead_after_tokens: 1000,
    threshold_beta: 0.99,
    threshold_start_step: 3,
  },
];
const ROWS = 1100;

let threads: Threads | undefined;
afterEach(() => {
  threads?.close();
  threads = undefined;
});

/** Everything after 30 steps on the same data. */
async function train(build: WasmBuild, config: TrainableConfig, shared?: Threads) {
  const random = createRandom(3);
  const start = architectureOf(config).init(config, random);
  // Some latents that are dead for long, but not wholly silent.
  for (let j = 0; j < SIZES.d_sae; j += 3) if (config.architecture === 'topk') take(start, 'b_enc')[j] = -2;
  const trainer = await createWasmTrainer(moduleOf(shared ? `${build}-shared` : build), build, config, start, ROWS, shared);
  for (let step = 0; step < 30; step++) trainer.step(randomNormal(random, (ROWS - step) * SIZES.d_in), { ...PAPER_ADAM, sparsity: 1 });
  const end = { state: await trainer.snapshot(), report: await trainer.report() };
  trainer.release();
  return end;
}

describe.each(['simd', 'relaxed'] as const)('training on several threads, %s', (build) => {
  it.each(CONFIGS)('gives the same bytes for $architecture', async (config) => {
    const alone = await train(build, config);
    expect(alone.report.loss).toBeGreaterThan(0);
    if (config.architecture === 'topk') expect(alone.report.auxiliary).toBeGreaterThan(0);
    for (const count of [1, 2, 3]) {
      threads = await Threads.start(count, nodeHelpers(help));
      expect(threads.count).toBe(count);
      expect(await train(build, config, threads)).toEqual(alone);
      threads.close();
    }
  });
});

it('lets several trainers use the same threads, and one be released', async () => {
  threads = await Threads.start(2, nodeHelpers(help));
  const [tied, standard] = [CONFIGS[0], CONFIGS[1]];
  const [expected, other] = [await train('simd', tied), await train('simd', standard)];
  expect(await Promise.all([train('simd', tied, threads), train('simd', standard, threads)])).toEqual([expected, other]);
  expect(await train('simd', tied, threads)).toEqual(expected);
});

it('says when a helper cannot start', async () => {
  const broken = (): Helper => ({
    post: () => {},
    listen: (_, fail) => void setTimeout(() => fail(new Error('no such file'))),
    close: () => {},
  });
  await expect(Threads.start(2, broken)).rejects.toThrow('no such file');
});

it('says when a helper fails in its part', async () => {
  threads = await Threads.start(2, nodeHelpers(help));
  const module = moduleOf('simd-shared');
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  // A plan at the end of the memory: whoever reads it falls over.
  const id = await threads.add(module, memory, 65_532, ['prepare']);
  const wait = new Int32Array(new SharedArrayBuffer(4));
  expect(() => threads!.run(id, 0, () => Atomics.wait(wait, 0, 0, 500))).toThrow('A training thread failed');
});
