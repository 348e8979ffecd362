import { describe, expect, it } from 'vitest';
import { checkSeed, randomParameters } from '../../../src/core/lm/randomWeights.ts';
import type { Parameters } from '../../../src/core/lm/parameters.ts';
import { findDifference, openFixture, readAll } from '../formats/helpers.ts';

const own = await openFixture('tiny-neox', 'model.safetensors');
const before = await readAll(own);
const drawn = (seed: number) => readAll(randomParameters(own, seed, false));

const mean = (v: Float32Array) => v.reduce((a, b) => a + b, 0) / v.length;
const around = (v: Float32Array, middle: number) => Math.sqrt(v.reduce((a, b) => a + (b - middle) ** 2, 0) / v.length);

describe('random weights', () => {
  it('have the mean and the deviation of each tensor they replace, and nothing else of it', async () => {
    const after = await drawn(1);
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, values] of after) {
      const was = before.get(name)!;
      if (/ln/.test(name)) {
        expect(values).toEqual(was);
        continue;
      }
      const [middle, oldMiddle] = [mean(values), mean(was)];
      const [deviation, spread] = [around(values, middle), around(was, oldMiddle)];
      // Four standard errors of a sample of this size.
      expect(Math.abs(middle - oldMiddle)).toBeLessThan((4 * spread) / Math.sqrt(values.length));
      expect(Math.abs(deviation - spread)).toBeLessThan((4 * spread) / Math.sqrt(2 * values.length));
      const product = values.reduce((sum, v, i) => sum + (v - middle) * (was[i] - oldMiddle), 0);
      expect(Math.abs(product / (values.length * deviation * spread))).toBeLessThan(4 / Math.sqrt(values.length));
    }
  });

  it('are those of the seed, whatever order they are read in', async () => {
    const [one, same, other] = [await drawn(1), await drawn(1), await drawn(2)];
    expect(findDifference(one, same)).toBeUndefined();
    expect(findDifference(one, other)).toBeDefined();
    const reader: Parameters = randomParameters(own, 1, false);
    expect(await reader.read('unembed.W_U')).toEqual(one.get('unembed.W_U'));
  });

  it('of a tied model stay tied', async () => {
    const tied = await openFixture('tiny-neox-tied', 'model.safetensors');
    const after = await readAll(randomParameters(tied, 3, true));
    const [vocab, width] = tied.shape('embed.W_E');
    const [embedding, unembedding] = [after.get('embed.W_E')!, after.get('unembed.W_U')!];
    for (const [row, column] of [
      [0, 0],
      [1, 5],
      [vocab - 1, width - 1],
    ]) {
      expect(unembedding[column * vocab + row]).toBe(embedding[row * width + column]);
    }
  });

  it.each([-1, 1.5, 1e6, '1', NaN])('seed %s is refused', (seed) => expect(() => checkSeed(seed)).toThrow(/whole number from 0 to 999999/));
});
