/**
 * Records as Neuronpedia's bulk files: a line of JSON for each feature and for each context, in the names of SAEDashboard's
 * neuronpedia_export.py.
 */
import type { Context, FeatureRecord } from '../types.ts';

export interface NeuronpediaSource {
  model: string;
  /** "3-res-featurescope": block and set. */
  layer: string;
  hook: string;
  dataset: string;
  /** ISO 8601. */
  created: string;
  nameOf: (id: number) => string;
}

interface NeuronpediaFeature {
  latent: number;
  record: FeatureRecord;
  vector: ArrayLike<number>;
  writes?: {
    top: { id: number; value: number }[];
    bottom: { id: number; value: number }[];
    histogram: { edges: number[]; counts: number[] };
  };
}

export function featureLine({ latent, record, vector, writes }: NeuronpediaFeature, source: NeuronpediaSource): string {
  const { model, layer, hook, created, nameOf } = source;
  const middle = ({ edges, counts }: { edges: number[]; counts: number[] }) => counts.map((_, i) => rounded((edges[i] + edges[i + 1]) / 2));
  return JSON.stringify({
    modelId: model,
    layer,
    index: String(latent),
    creatorId: 'featurescope',
    createdAt: created,
    maxActApprox: rounded(record.maximum),
    hasVector: true,
    vector: Array.from(vector, rounded),
    vectorDefaultSteerStrength: 10,
    hookName: hook,
    topkCosSimIndices: [],
    topkCosSimValues: [],
    frac_nonzero: rounded(record.density),
    freq_hist_data_bar_values: middle(record.histogram),
    freq_hist_data_bar_heights: record.histogram.counts,
    logits_hist_data_bar_values: writes ? middle(writes.histogram) : [],
    logits_hist_data_bar_heights: writes?.histogram.counts ?? [],
    pos_str: writes?.top.map(({ id }) => nameOf(id)) ?? [],
    pos_values: writes?.top.map(({ value }) => rounded(value)) ?? [],
    neg_str: writes?.bottom.map(({ id }) => nameOf(id)) ?? [],
    neg_values: writes?.bottom.map(({ value }) => rounded(value)) ?? [],
    sourceSetName: layer.slice(layer.indexOf('-') + 1),
  });
}

/** The top group is coded −1; bands carry their limits and their share of the firings. */
export function activationLines({ latent, record }: Pick<NeuronpediaFeature, 'latent' | 'record'>, source: NeuronpediaSource): string[] {
  const groups = [
    { binMin: -1, binMax: -1, binContains: -1, contexts: record.top },
    ...record.bands.map(({ from, to, share: [low, high], contexts }) => ({
      binMin: rounded(from),
      binMax: rounded(to),
      binContains: rounded(high - low),
      contexts,
    })),
  ];
  return groups.flatMap(({ contexts, ...bin }) =>
    contexts.map((context) => JSON.stringify({ ...activation(latent, context, source), ...bin })),
  );
}

function activation(
  latent: number,
  { document, position, ids, at, values }: Context,
  { model, layer, dataset, created, nameOf }: NeuronpediaSource,
) {
  const largest = values.reduce((best, v, i) => (v > values[best] ? i : best), 0);
  return {
    id: `${layer}-${latent}-${document}-${position}`,
    tokens: ids.map(nameOf),
    index: String(latent),
    layer,
    modelId: model,
    maxValue: rounded(values[largest]),
    maxValueTokenIndex: largest,
    minValue: rounded(Math.min(...values)),
    values: values.map(rounded),
    creatorId: 'featurescope',
    createdAt: created,
    dataSource: dataset,
    dataIndex: `${document}:${position}`,
    qualifyingTokenIndex: at,
  };
}

/** SAEDashboard writes five decimals. */
function rounded(value: number): number {
  return Number(value.toFixed(5));
}
