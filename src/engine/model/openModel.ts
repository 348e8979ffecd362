/** Opening models: from the page's own origin or from files, up to sessions that can run. */
import { download } from '../../cache/download.ts';
import type { FetchedModel, Hub } from '../../cache/hub/hub.ts';
import { throwIfStopped, UsageError } from '../../core/errors.ts';
import { FormatError } from '../../core/formats/bytes.ts';
import { openModelFiles, type OpenedModel } from '../../core/formats/modelFiles.ts';
import { parseJson } from '../../core/formats/text.ts';
import { parseConfig, type ModelConfig } from '../../core/lm/config.ts';
import { missingEndOfText } from '../../core/lm/endOfText.ts';
import { listHooks } from '../../core/lm/hooks.ts';
import { hubModelId, randomModelId } from '../../core/lm/modelId.ts';
import { createParameters } from '../../core/lm/parameters.ts';
import { checkSeed, randomParameters } from '../../core/lm/randomWeights.ts';
import type { KeptModel, LoadProgress, ModelInfo } from '../../api/model.ts';
import { onceItWorks } from '../../core/onceItWorks.ts';
import { loadHookedModel, type HookedModel } from './hookedModel.ts';
import type { Runtime } from './runtime.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';
import type { HubSource, ModelSource, PlainFile } from '../../api/model.ts';

/** Files of a model folder on our own origin; those marked optional may be missing. */
const HUB_FILES = [
  { path: 'config.json', optional: false },
  { path: 'tokenizer.json', optional: false },
  { path: 'tokenizer_config.json', optional: true },
  { path: 'onnx/model.onnx', optional: false },
] as const;

export interface LoadedModel {
  info: ModelInfo;
  model: HookedModel;
  /** Absent when the files had none: such a model takes ids only. */
  tokenizer?: Tokenizer;
}

/** @throws UsageError for a model that takes ids only */
export function tokenizerOf({ info, tokenizer }: LoadedModel): Tokenizer {
  if (!tokenizer) throw new UsageError(`The model ${info.id} came without tokenizer.json, so it takes token ids, not text.`);
  return tokenizer;
}

export interface OpenOptions {
  onProgress: (progress: LoadProgress) => void;
  signal: AbortSignal;
  /** Absent: this browser's. */
  hub?: OpenHub;
}

export type OpenHub = () => Promise<Hub>;

/** This browser's hub, fetched when first asked for, and again when that failed. */
export const openHub: OpenHub = onceItWorks(() => import('../../cache/hub/hub.ts').then(({ createHub }) => createHub()));

/** Ids of the models that ship with the page. */
export async function builtInIds(base: string): Promise<string[]> {
  const index = await readJson(`${base}models/index.json`, 'The list of models');
  if (!Array.isArray(index) || !index.every((id) => typeof id === 'string')) {
    throw new FormatError('The list of models that ship with this page cannot be read.');
  }
  return index;
}

/** What can be said of a built-in model before it is loaded. */
export async function describeBuiltIn(base: string, id: string): Promise<ModelInfo> {
  const config = parseConfig(await readJson(`${base}models/${id}/config.json`, `config.json of ${id}`));
  return describe(config, { id, source: 'built-in', hash: '', n_tokens: config.d_vocab, parameters: countParameters(config) });
}

/** What can be said of a model of the hub that this browser keeps; undefined when its config cannot be read any more. */
export async function describeKept({ store }: Hub, kept: KeptModel): Promise<ModelInfo | undefined> {
  try {
    const config = parseConfig(parseJson(await (await store.read(kept, 'config.json'))!.text(), 'config.json'));
    return describe(config, { id: kept.id, source: 'hub', hash: '', n_tokens: config.d_vocab, parameters: countParameters(config) });
  } catch {
    return undefined;
  }
}

/**
 * @throws UsageError for an unknown id; FormatError for files that are wrong; EngineError for a hub that cannot be had; AbortedError
 */
export async function openModel(runtime: Runtime, base: string, source: ModelSource, options: OpenOptions): Promise<LoadedModel> {
  const seed = source.random === undefined ? undefined : checkSeed(source.random);
  const { files, notKept } = await filesOf(base, source, options);
  throwIfStopped(options.signal);
  options.onProgress({ stage: 'reading', loaded: 0, total: 0 });
  const opened = await openModelFiles(files);
  return build(runtime, opened, { ...nameOf(source, opened), ...(notKept !== undefined && { notKept }) }, seed, options);
}

/** The same for the same source, so that a source can be told from the model that is open. */
export function sourceId(source: Exclude<ModelSource, { files: PlainFile[] }>): string {
  const id = 'id' in source ? source.id : hubModelId(source);
  return source.random === undefined ? id : randomModelId(id, source.random);
}

function nameOf(source: ModelSource, opened: OpenedModel): Pick<ModelInfo, 'id' | 'source'> {
  if (!('files' in source)) return { id: sourceId(source), source: 'id' in source ? 'built-in' : 'hub' };
  return { id: source.random === undefined ? opened.name : randomModelId(opened.name, source.random), source: 'files' };
}

async function filesOf(base: string, source: ModelSource, options: OpenOptions): Promise<FetchedModel> {
  if ('files' in source) return { files: source.files };
  if ('id' in source) return { files: await fetchModel(base, source.id, options) };
  return fetchFromHub(source, options);
}

async function fetchFromHub({ hub: name, revision, host, keptOnly }: HubSource, options: OpenOptions): Promise<FetchedModel> {
  const hub = await (options.hub ?? openHub)();
  const model = { hub: name, revision };
  return keptOnly ? hub.open(model) : hub.fetch(model, host, options);
}

async function build(
  runtime: Runtime,
  opened: OpenedModel,
  named: Pick<ModelInfo, 'id' | 'source' | 'notKept'>,
  seed: number | undefined,
  { onProgress, signal }: OpenOptions,
): Promise<LoadedModel> {
  const tokenizer = opened.tokenizer && createTokenizer(opened.tokenizer.tokenizer, opened.tokenizer.config);
  const own = createParameters(opened.config, opened.checkpoint);
  const parameters = seed === undefined ? own : randomParameters(own, seed, opened.config.tied);
  const model = await loadHookedModel(runtime, opened.config, parameters, {
    stop: signal,
    onValues: (done, total) => onProgress({ stage: 'building', loaded: 4 * done, total: 4 * total }),
  });
  onProgress({ stage: 'done', loaded: 1, total: 1 });
  const n_tokens = Math.min(tokenizer?.size ?? Infinity, opened.config.d_vocab);
  const noEndOfText = missingEndOfText(opened.config);
  const info = {
    ...describe(opened.config, { ...named, hash: model.hash, n_tokens, parameters: model.parameters }),
    ...named,
    ...(noEndOfText !== undefined && { noEndOfText }),
  };
  return { info, model, ...(tokenizer && { tokenizer }) };
}

async function fetchModel(base: string, id: string, options: OpenOptions): Promise<PlainFile[]> {
  // Asked for at once with the list, not after it: this is on the way to the first prediction.
  const fetched = fetchFiles(base, id, options);
  fetched.catch(() => {});
  const known = await builtInIds(base);
  if (!known.includes(id)) {
    throw new UsageError(
      `There is no model called "${String(id).slice(0, 80)}" here. Models that ship with this page: ${known.join(', ')}. Others can be opened from files.`,
    );
  }
  return fetched;
}

async function fetchFiles(base: string, id: string, { onProgress, signal }: OpenOptions): Promise<PlainFile[]> {
  const files = await Promise.all(
    HUB_FILES.map(async ({ path, optional }) => {
      const label = `${path} of ${id}`;
      const report = path.endsWith('.onnx')
        ? { onProgress: (loaded: number, total: number) => onProgress({ stage: 'fetching', loaded, total }) }
        : {};
      const data = await download(`${base}models/${encodeURIComponent(id)}/${path}`, { signal, label, ...report });
      if (!data && !optional) throw new FormatError(`${label} is missing from the server. Reload the page, or open the model from files.`);
      return data ? [{ path: `${id}/${path}`, data }] : [];
    }),
  );
  return files.flat();
}

async function readJson(url: string, label: string): Promise<unknown> {
  const blob = await download(url, { label });
  if (!blob) throw new FormatError(`${label} is missing from the server.`);
  return parseJson(await blob.text(), label);
}

function describe(config: ModelConfig, rest: Pick<ModelInfo, 'id' | 'source' | 'hash' | 'n_tokens' | 'parameters'>): ModelInfo {
  const { n_layers, d_model, n_heads, d_head, d_mlp, d_vocab, n_ctx } = config;
  return { ...rest, n_layers, d_model, n_heads, d_head, d_mlp, d_vocab, n_ctx, hooks: listHooks(config), bytes: 4 * rest.parameters };
}

/** Values of all parameters, from the shapes alone; attention biases count also when they are all zero. */
function countParameters({ n_layers, d_model: D, d_mlp: M, d_vocab: V }: ModelConfig): number {
  const block = 4 * D + D * 3 * D + 3 * D + D * D + D + D * M + M + M * D + D;
  return n_layers * block + 2 * D + 2 * V * D;
}
