import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { layerNorm, linear, referenceForward } from '../../../src/core/lm/reference.ts';
import { maxDifference, MODELS, readGoldens, readJson, SITES } from '../../helpers/goldens.ts';
import { fixtureConfig, openFixture, readAll } from '../formats/helpers.ts';

/** Hook name of a golden key such as `p1/mlp_pre.2`; undefined for keys that are no hook (q, k, logits). */
function hookOf(key: string): string | undefined {
  const [site, layer] = key.split('/')[1].split('.');
  if (site === 'ln_final') return 'ln_final.hook_normalized';
  return SITES[site] && `blocks.${layer}.${SITES[site]}`;
}

/** fp32 goldens of magnitude up to 24 differ by 6e-6 from float64 (fixtures README); ours rounds each hook to fp32. */
const TOLERANCE = 2e-5;

describe('the reference model agrees with the golden files', () => {
  const cases = [
    ['tiny-neox', 'the main model'],
    ['tiny-neox-rot8', 'four rotary frequencies, base 5000, eps 1e-3'],
    ['tiny-neox-tied', 'a tied head'],
    ['tiny-neox-nobias-gelunew', 'no attention bias, tanh gelu'],
    ['tiny-neox-gelufast', 'the other tanh gelu'],
  ];
  test.each(cases)('%s (%s)', async (folder) => {
    const config = fixtureConfig(folder);
    const values = await readAll(await openFixture(folder, 'model.safetensors'));
    const goldens = readGoldens(join(MODELS, folder, 'golden.safetensors'));
    const { prompts } = readJson<{ prompts: Record<string, { ids: number[] }> }>(join(MODELS, folder, 'golden.json'));
    let compared = 0;
    for (const [prompt, { ids }] of Object.entries(prompts)) {
      const acts = new Map<string, Float32Array>();
      const visit = (hook: string, x: Float32Array) => {
        acts.set(hook, x.slice());
        return x;
      };
      const logits = referenceForward(config, (name) => values.get(name)!, ids, { visit });
      expect(maxDifference(logits, goldens.get(`${prompt}/logits`)!.data), `${prompt}/logits`).toBeLessThanOrEqual(TOLERANCE);
      for (const [key, golden] of goldens) {
        const hook = key.startsWith(`${prompt}/`) ? hookOf(key) : undefined;
        if (!hook) continue;
        expect(maxDifference(acts.get(hook)!, golden.data), key).toBeLessThanOrEqual(TOLERANCE);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(20);
  });

  test('an intervention through visit gives the golden logits', async () => {
    const config = fixtureConfig('tiny-neox');
    const values = await readAll(await openFixture('tiny-neox', 'model.safetensors'));
    const goldens = readGoldens(join(MODELS, 'tiny-neox', 'golden.safetensors'));
    const { prompts } = readJson<{ prompts: Record<string, { ids: number[] }> }>(join(MODELS, 'tiny-neox', 'golden.json'));
    const vector = goldens.get('iv/a/vector')!.data;
    const visit = (hook: string, x: Float32Array) => (hook === 'blocks.1.hook_resid_post' ? x.map((v, i) => v + vector[i % 32]) : x);
    const logits = referenceForward(config, (name) => values.get(name)!, prompts.p1.ids, { visit });
    expect(maxDifference(logits, goldens.get('iv/a/p1/logits')!.data)).toBeLessThanOrEqual(TOLERANCE);
  });
});

describe('its parts', () => {
  test('layerNorm has mean 0 and biased variance 1 before its weight and bias', () => {
    // mean 2, variance 2; (x − 2)/sqrt(2)
    const out = layerNorm(Float32Array.of(0, 2, 2, 4), Float32Array.of(1, 1, 1, 2), Float32Array.of(0, 0, 5, 1), 0);
    [-1.4142135, 0, 5, 3.828427].forEach((x, i) => expect(out[i]).toBeCloseTo(x, 6));
    // eps under the root: (4 − 2)/sqrt(2 + 2)
    expect(layerNorm(Float32Array.of(0, 2, 2, 4), new Float32Array(4).fill(1), new Float32Array(4), 2)[3]).toBeCloseTo(1, 6);
  });

  test('linear is x·W + b with W stored [in, out]', () => {
    const W = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(linear(Float32Array.of(1, 10, 0, 1), W, Float32Array.of(0, 0, 100), 2)).toEqual(Float32Array.of(41, 52, 163, 4, 5, 106));
  });
});
