import { expect, it } from 'vitest';
import { findClaims, findModel, RELEASES } from '../../src/core/catalogue.ts';
import { hookOfModule, hookOfPath, hookOfSweep } from '../../src/core/formats/dictionaries/hookNames.ts';
import { checkHubModel } from '../../src/core/lm/modelId.ts';

const SIZES: Record<string, { d: number; layers: number }> = {
  'pythia-70m': { d: 512, layers: 6 },
  'pythia-160m': { d: 768, layers: 12 },
  'pythia-410m': { d: 1024, layers: 24 },
};

it('names repositories, models and hooks that can be', () => {
  expect(new Set(RELEASES.map(({ id }) => id)).size).toBe(RELEASES.length);
  for (const { hub, revision, format, model, d_in, d_sae, count, together = 1, bytes, dictionaries, source, about } of RELEASES) {
    expect(checkHubModel({ hub, revision })).toEqual({ hub, revision });
    expect(checkHubModel({ hub: model })).toEqual({ hub: model, revision: 'main' });
    const { d, layers } = SIZES[/pythia-\d+m/.exec(model)![0]];
    expect(d_in).toBe(d);
    // fp32; a tied one has one matrix.
    const matrices = format === 'sparse_coding' ? 1 : 2;
    if (bytes !== undefined) expect(bytes / (together * matrices * 4 * d_in * Math.max(...d_sae))).toBeCloseTo(1, 2);
    else expect(dictionaries).toEqual([]);
    expect(dictionaries.length === 0 || dictionaries.length * together === count).toBe(true);
    expect(new Set(dictionaries.map(({ folder }) => folder)).size).toBe(dictionaries.length);
    for (const { hook } of dictionaries) {
      const [, layer] = /^blocks\.(\d+)\.(?:hook_(?:resid_pre|resid_post|mlp_out|attn_out)|ln2\.hook_normalized)$/.exec(hook)!;
      expect(Number(layer)).toBeLessThan(layers);
    }
    expect(source).not.toBe('');
    expect(about).toMatch(/\.$/);
  }
});

it('names folders from which the importers tell the hook', () => {
  const hookOf = { sparsify: (name: string) => hookOfModule(name), sparse_coding: (name: string) => hookOfPath(name, hookOfSweep) };
  for (const { format, dictionaries } of RELEASES) {
    if (format !== 'sparsify' && format !== 'sparse_coding') continue;
    // Whether a folder of an MLP is a transcoder's stands in its settings.
    for (const { folder, hook } of dictionaries) expect(hookOf[format](folder)).toBe(hook.replace('ln2.hook_normalized', 'hook_mlp_out'));
  }
});

it('gives published figures for the dictionary they were published for, and no other', () => {
  const hub = 'ctigges/pythia-70m-deduped__res-sm_processed';
  expect(findClaims(hub, '3-res-sm')).toMatchObject({ variance_explained: 0.96, l0: 68, alive: 0.22, ce_recovered: 0.95 });
  expect(findClaims(hub, 'e-res-sm')).toMatchObject({ l0: 3, ce_recovered: 0.98 });
  expect([findClaims(hub, '6-res-sm'), findClaims('EleutherAI/sae-pythia-70m-32k', 'layers.3')]).toEqual([undefined, undefined]);
});

it('knows which model a published dictionary was made for, where its files may not say', () => {
  expect(findModel('Elriggs/pythia-70m-deduped', 'tied_residual_l2_r6/_31')).toBe('EleutherAI/pythia-70m-deduped');
  expect(findModel('EleutherAI/sae-pythia-410m-65k', 'layers.3')).toBe('EleutherAI/pythia-410m');
  expect(findModel('someone/else', 'layers.3')).toBeUndefined();
  for (const release of RELEASES) {
    const [first] = release.dictionaries;
    expect([release.id, findModel(release.hub, first?.folder ?? release.folder)]).toEqual([release.id, release.model]);
  }
});
