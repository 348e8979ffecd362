import { describe, expect, it } from 'vitest';
import { reportHtml } from '../../../src/core/interp/report/html.ts';
import { activationLines, featureLine } from '../../../src/core/interp/report/neuronpedia.ts';
import type { Context, FeatureRecord } from '../../../src/core/interp/types.ts';

const context: Context = { document: 2, position: 30, ids: [1, 2, 3], at: 1, values: [0, 4, 1], value: 4 };
const record: FeatureRecord = {
  tokens: 1000,
  density: 0.012,
  maximum: 4,
  mean: 2,
  variance: 1,
  histogram: { edges: Array.from({ length: 51 }, (_, i) => i / 10), counts: Array.from({ length: 50 }, (_, i) => (i < 12 ? 1 : 0)) },
  log_histogram: { edges: [1, 10], counts: [12] },
  firing: [{ id: 2, count: 12, sum: 24, max: 4 }],
  firing_tokens: 1,
  firing_exact: true,
  by_bin: [
    { id: 2, counts: [5, 5, 2, 0, 0, 0, 0, 0, 0, 0] },
    { id: null, counts: new Array<number>(10).fill(0) },
  ],
  by_bin_firings: 12,
  top: [context],
  bands: [{ from: 0, to: 2, share: [0, 0.5], contexts: [context] }],
  random: [],
  near: [],
  repeats: 0,
  places: [],
  tags: ['single-token'],
};
const NAMES = ['', '<script>alert(1)</script>', '" onload="x', "'&"];
const nameOf = (id: number) => NAMES[id];
const source = { dictionary: '<b>d</b>', hook: 'h', model: 'm', corpus: 'moby-dick', made: 'today', nameOf };

describe('a report', () => {
  const html = reportHtml(
    [{ latent: 7, label: '', record, writes: { top: [{ id: 1, value: 2 }], bottom: [{ id: 3, value: -1 }] } }],
    source,
  );

  it('says what was counted, shows pictures and contexts', () => {
    for (const words of ['1,000 tokens of moby-dick', '1.2 %', '<svg', '<rect', 'single-token: 80 %', 'Highest', 'From 0 to 50 %'])
      expect(html).toContain(words);
    expect(html).not.toContain('Near misses');
    // Three bins of the ten hold something.
    expect(html.match(/<rect/g)).toHaveLength(3);
  });

  it('has no script, fetches nothing, and no token becomes markup', () => {
    expect(html).not.toMatch(/<script|onload="x|<b>d|src=|href=/);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('&quot; onload=&quot;x');
  });
});

describe('Neuronpedia’s lines', () => {
  const np = { model: 'm', layer: '3-res', hook: 'h', dataset: 'moby-dick', created: '2026-11-28T00:00:00Z', nameOf };

  it('a feature with its statistics', () => {
    const line = JSON.parse(featureLine({ latent: 7, record, vector: Float32Array.of(1, 0.1234567) }, np)) as Record<string, unknown>;
    expect(line).toMatchObject({
      modelId: 'm',
      layer: '3-res',
      index: '7',
      frac_nonzero: 0.012,
      maxActApprox: 4,
      vector: [1, 0.12346],
      sourceSetName: 'res',
    });
    expect((line.freq_hist_data_bar_heights as number[]).reduce((a, b) => a + b)).toBe(12);
    expect((line.freq_hist_data_bar_values as number[])[0]).toBe(0.05);
  });

  it('contexts by group, the top one coded −1', () => {
    const lines = activationLines({ latent: 7, record }, np).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ binMin, binContains }) => [binMin, binContains])).toEqual([
      [-1, -1],
      [0, 0.5],
    ]);
    expect(lines[0]).toMatchObject({
      maxValue: 4,
      maxValueTokenIndex: 1,
      qualifyingTokenIndex: 1,
      values: [0, 4, 1],
      tokens: NAMES.slice(1),
    });
  });
});
