/** The trainers in Chromium, built by its own tools and on its own devices. All that they have to hold: golden/trainer.test.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/array/random.ts';
import { take, type ParameterName } from '../../src/core/train/types.ts';
import { closeBrowser } from '../helpers/page.ts';
import { configure, FULL, TRAINED } from '../helpers/trainerSuite.ts';
import { openTrainerPage, type TrainerPage } from '../helpers/trainers.ts';
import { relativeError, startOf } from '../helpers/training.ts';
import { createPlainTrainer } from '../../src/kernels/plainTrainer.ts';
import { randomNormal } from '../unit/sae/helpers.ts';

let open: TrainerPage;
beforeAll(async () => {
  open = await openTrainerPage();
});
afterAll(async () => {
  await open.close();
  await closeBrowser();
});

describe.each(['webgpu', 'wasm-relaxed', 'wasm-simd'] as const)('training on %s', (kind) => {
  it.each(TRAINED)('makes the steps of the twin with a %s dictionary', async (architecture) => {
    const random = createRandom(9);
    const config = configure(architecture, 33, 70, 300);
    const start = startOf(config, random);
    const trainer = await open.create(kind, config, start, 130);
    expect(trainer.kernels).toBe(kind);
    const twin = createPlainTrainer(config, start);
    for (let step = 0; step < 3; step++) {
      const x = randomNormal(random, 130 * config.d_in);
      for (const t of [trainer, twin]) await t.step(x, FULL);
    }
    const [got, expected] = [await trainer.snapshot(), await twin.snapshot()];
    for (const name of Object.keys(start) as ParameterName[]) {
      expect(take(got.parameters, name)).not.toEqual(take(start, name));
      expect(relativeError(got.parameters, expected.parameters, name), name).toBeLessThan(1e-3);
    }
    trainer.release();
  });
});

describe('trainers on one graphics device', () => {
  it('of different sizes do not disturb each other, and give every buffer back', async () => {
    const random = createRandom(6);
    const before = await open.page.evaluate(() => window.trainers.liveBuffers());
    const configs = [configure('tied', 20, 50), configure('topk', 9, 131, 100), configure('standard', 33, 17)];
    const starts = configs.map((config) => startOf(config, random));
    const batches = configs.map((config) => [1, 2, 3].map(() => randomNormal(random, config.d_in * 70)));
    const alone = await Promise.all(
      configs.map(async (config, i) => {
        const trainer = await open.create('webgpu', config, starts[i], 70);
        for (const x of batches[i]) await trainer.step(x, FULL);
        const state = await trainer.snapshot();
        trainer.release();
        return state;
      }),
    );
    const together = await Promise.all(configs.map((config, i) => open.create('webgpu', config, starts[i], 70)));
    for (let step = 0; step < 3; step++) await Promise.all(together.map(async (trainer, i) => trainer.step(batches[i][step], FULL)));
    expect(await Promise.all(together.map((trainer) => trainer.snapshot()))).toEqual(alone);
    for (const trainer of together) trainer.release();
    await expect.poll(() => open.page.evaluate(() => window.trainers.liveBuffers())).toBe(before);
    expect(before).toBe(0);
  });

  it('says what is too large for the device before anything is made', async () => {
    const config = configure('tied', 2, 4096);
    const start = startOf(config, createRandom(1));
    await expect(open.create('webgpu', config, start, 2 ** 21)).rejects.toThrow(
      /needs 32768 MiB in one piece on the graphics device.*Choose fewer latents/,
    );
    expect(await open.page.evaluate(() => window.trainers.liveBuffers())).toBe(0);
  });

  it('refuses a batch that does not fit', async () => {
    const config = configure('tied', 4, 8);
    const trainer = await open.create('webgpu', config, startOf(config, createRandom(1)), 3);
    await expect(trainer.step(new Float32Array(16), FULL)).rejects.toThrow('not 1 to 3 rows of 4');
    await expect(trainer.step(new Float32Array(5), FULL)).rejects.toThrow('not 1 to 3 rows of 4');
    await expect(trainer.report()).rejects.toThrow('No step was made yet');
    trainer.release();
  });

  it('say so in a sentence when the device is lost', async () => {
    const config = configure('tied', 4, 8);
    const trainer = await open.create('webgpu', config, startOf(config, createRandom(1)), 3);
    await trainer.step(new Float32Array(12), FULL);
    await open.page.evaluate(() => window.trainers.loseDevice());
    await expect(trainer.snapshot()).rejects.toThrow(/The graphics device was lost/);
    await expect(trainer.step(new Float32Array(12), FULL)).rejects.toThrow(/The graphics device was lost/);
    expect(open.problems).toEqual([]);
  });
});
