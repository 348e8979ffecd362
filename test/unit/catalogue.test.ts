import { expect, it } from 'vitest';
import { findClaims, isReleaseOf, RELEASES } from '../../src/core/catalogue.ts';
import { checkHubModel } from '../../src/core/lm/modelId.ts';

const LAYERS: Record<string, number> = { 'pythia-70m': 6, 'pythia-160m': 12 };

it('names repositories, models and hooks that can be', () => {
  expect(new Set(RELEASES.map(({ id }) => id)).size).toBe(RELEASES.length);
  for (const { hub, revision, model, d_in, d_sae, count, bytes, dictionaries, source, about } of RELEASES) {
    expect(checkHubModel({ hub, revision })).toEqual({ hub, revision });
    expect(checkHubModel({ hub: model })).toEqual({ hub: model, revision: 'main' });
    const size = /pythia-\d+m/.exec(model)![0];
    expect(d_in).toBe(size === 'pythia-70m' ? 512 : 768);
    // Two matrices in fp32.
    expect(bytes / (8 * d_in * Math.max(...d_sae))).toBeCloseTo(1, 2);
    expect(dictionaries.length === 0 || dictionaries.length === count).toBe(true);
    expect(new Set(dictionaries.map(({ folder }) => folder)).size).toBe(dictionaries.length);
    for (const { hook } of dictionaries) {
      const [, layer] = /^blocks\.(\d+)\.hook_(?:resid_pre|resid_post|mlp_out|attn_out)$/.exec(hook)!;
      expect(Number(layer)).toBeLessThan(LAYERS[size]);
    }
    expect(source).not.toBe('');
    expect(about).toMatch(/\.$/);
  }
});

it('tells the model by its name, whoever converted it; steps, random weights and the deduplicated twin are others', () => {
  const release = { model: 'EleutherAI/pythia-70m-deduped' };
  expect(
    ['EleutherAI/pythia-70m-deduped', 'Xenova/pythia-70m-deduped', 'pythia-70m-deduped'].map((id) => isReleaseOf(release, id)),
  ).toEqual([true, true, true]);
  const others = [
    'EleutherAI/pythia-70m',
    'EleutherAI/pythia-70m-deduped@step3000',
    'Xenova/pythia-70m-deduped+random.1',
    'bookworm-9m',
    '',
  ];
  expect(others.filter((id) => isReleaseOf(release, id))).toEqual([]);
});

it('gives published figures for the dictionary they were published for, and no other', () => {
  const hub = 'ctigges/pythia-70m-deduped__res-sm_processed';
  expect(findClaims(hub, '3-res-sm')).toMatchObject({ variance_explained: 0.96, l0: 68, alive: 0.22, ce_recovered: 0.95 });
  expect(findClaims(hub, 'e-res-sm')).toMatchObject({ l0: 3, ce_recovered: 0.98 });
  expect([findClaims(hub, '6-res-sm'), findClaims('EleutherAI/sae-pythia-70m-32k', 'layers.3')]).toEqual([undefined, undefined]);
});
