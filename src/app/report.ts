/** `featurescope.report`: chosen features as one page, or all that Neuronpedia takes; fetched when first asked for. */
import type { FeaturesApi, LatentWeights } from '../api/features.ts';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import { AbortedError, UsageError } from '../core/errors.ts';
import { reportHtml } from '../core/interp/report/html.ts';
import { activationLines, featureLine, type NeuronpediaSource } from '../core/interp/report/neuronpedia.ts';
import type { Context, FeatureRecord } from '../core/interp/types.ts';

type Needs = Pick<FeaturescopeApi, 'index' | 'weights' | 'dictionaries' | 'labels' | 'models' | 'detokenize'>;
type Options = Parameters<FeaturesApi['report']>[2];

/** More would make a page that nobody opens. */
const MOST_IN_A_PAGE = 500;
/** Lines of a Neuronpedia file. */
const BATCH = 128;
/** Tokens asked about at once. */
const NAMES_AT_ONCE = 4096;

interface Found {
  latent: number;
  record: FeatureRecord;
  weights: LatentWeights;
}

export async function makeReport(api: Needs, dictionary: string, latents: readonly number[], options: Options = {}): Promise<Blob> {
  const { format = 'html', corpus, onProgress, signal } = options;
  if (format !== 'html' && format !== 'neuronpedia') throw new UsageError('A report is made as "html" or "neuronpedia".');
  const info = (await api.dictionaries.list()).find(({ id }) => id === dictionary);
  if (!info) throw new UsageError(`There is no dictionary called "${String(dictionary).slice(0, 80)}" here.`);
  if (!isList(latents) || latents.length === 0) throw new UsageError('Name at least one feature for a report.');
  if (format === 'html' && latents.length > MOST_IN_A_PAGE)
    throw new UsageError(`A page holds at most ${MOST_IN_A_PAGE} features; these are ${latents.length}.`);
  const summary = await api.index.summary(dictionary, corpus === undefined ? {} : { corpus });
  if (!summary)
    throw new UsageError(`There is no index of ${info.label} yet, so nothing is known of when its features fire. Build it first.`);
  const found: Found[] = [];
  for (const latent of latents) {
    if (signal?.aborted) throw new AbortedError();
    const [record, weights] = await Promise.all([
      api.index.feature(dictionary, latent, { corpus: summary.corpus }),
      api.weights(dictionary, latent, { k: 10, ...(signal && { signal }) }),
    ]);
    found.push({ latent, record, weights });
    onProgress?.({ done: found.length, total: latents.length });
  }
  const nameOf = await namesOf(api, found);
  const model = api.models.current().id;
  if (format === 'html') {
    const labels = new Map((await api.labels.list(dictionary)).map(({ latent, text }) => [latent, text]));
    const source = {
      dictionary: info.label,
      hook: info.hook,
      model,
      corpus: summary.corpus,
      made: new Date().toISOString().slice(0, 10),
      nameOf,
    };
    const features = found.map(({ latent, record, weights: { writes } }) => ({
      latent,
      record,
      label: labels.get(latent) ?? '',
      ...(writes.top.length > 0 && { writes }),
    }));
    return new Blob([reportHtml(features, source)], { type: 'text/html' });
  }
  const block = /^blocks\.(\d+)\./.exec(info.hook)?.[1] ?? '0';
  const set =
    `${info.hook.replace(/^blocks\.\d+\.(hook_)?/, '').replace(/[^\w]+/g, '-')}-${info.label.replace(/[^\w]+/g, '-')}`.toLowerCase();
  const created = new Date().toISOString();
  return neuronpediaZip(api, dictionary, found, {
    model,
    layer: `${block}-${set}`,
    hook: info.hook,
    dataset: summary.corpus,
    created,
    nameOf,
  });
}

/** Scripts may give anything. */
function isList(latents: unknown): boolean {
  return Array.isArray(latents);
}

/** Letters of every token that is shown. */
async function namesOf(api: Needs, found: readonly Found[]): Promise<(id: number) => string> {
  const ids = new Set<number>();
  for (const { record, weights } of found) {
    for (const { id } of [...record.firing, ...weights.writes.top, ...weights.writes.bottom]) ids.add(id);
    for (const { id } of record.by_bin) if (id !== null) ids.add(id);
    for (const context of contextsOf(record)) context.ids.forEach((id) => ids.add(id));
  }
  const all = [...ids];
  const names = new Map<number, string>();
  for (let at = 0; at < all.length; at += NAMES_AT_ONCE) {
    const some = all.slice(at, at + NAMES_AT_ONCE);
    const rows = await api.detokenize(some.map((id) => [id]));
    some.forEach((id, i) => names.set(id, rows[i].tokens[0] ?? `[${id}]`));
  }
  return (id) => names.get(id) ?? `[${id}]`;
}

function contextsOf({ top, bands, random, near }: FeatureRecord): Context[] {
  return [...top, ...bands.flatMap(({ contexts }) => contexts), ...random, ...near];
}

/** Their layout: features/ and activations/ in batches of gzipped lines, and what these are of. */
async function neuronpediaZip(api: Needs, dictionary: string, found: readonly Found[], source: NeuronpediaSource): Promise<Blob> {
  const { gzipSync, strToU8, zipSync } = await import('fflate');
  const folder = `${source.model.replace(/[^\w.-]+/g, '-')}/${source.layer}`;
  const lines = (list: readonly string[]) => strToU8(`${list.join('\n')}\n`);
  const { model, layer, hook, dataset, created } = source;
  const set = layer.slice(layer.indexOf('-') + 1);
  const files: Record<string, Uint8Array> = {
    [`${folder}/model.jsonl`]: lines([JSON.stringify({ id: model, displayName: model, creatorId: 'featurescope', createdAt: created })]),
    [`${folder}/sourceset.jsonl`]: lines([
      JSON.stringify({ modelId: model, name: set, description: hook, creatorId: 'featurescope', createdAt: created }),
    ]),
    [`${folder}/source.jsonl`]: lines([
      JSON.stringify({
        id: layer,
        modelId: model,
        setName: set,
        hasDashboards: true,
        inferenceEnabled: false,
        dataset,
        createdAt: created,
      }),
    ]),
  };
  for (let at = 0; at < found.length; at += BATCH) {
    const batch = found.slice(at, at + BATCH);
    const features = await Promise.all(
      batch.map(async ({ latent, record, weights: { writes } }) => {
        const { dec } = await api.dictionaries.vectors(dictionary, latent);
        return featureLine({ latent, record, vector: dec, ...(writes.top.length > 0 && { writes }) }, source);
      }),
    );
    const name = `batch-${at / BATCH}.jsonl.gz`;
    files[`${folder}/features/${name}`] = gzipSync(lines(features), { mtime: 0 });
    files[`${folder}/activations/${name}`] = gzipSync(lines(batch.flatMap((one) => activationLines(one, source))), { mtime: 0 });
  }
  return new Blob([zipSync(files, { level: 0 })], { type: 'application/zip' });
}
