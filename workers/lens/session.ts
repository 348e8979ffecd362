/**
 * The lens worker's work, without the worker: opens a device, holds the current model, answers calls. A
 * model that is replaced lives until the calls that use it end.
 */
import type { CorpusStore } from '../../src/cache/corpusStore.ts';
import type { DictionaryStore } from '../../src/cache/dictionaryStore.ts';
import { chooseDevice, type DeviceRequest } from '../../src/gpu/device.ts';
import { AbortedError, UsageError } from '../../src/core/errors.ts';
import { EXPORT_FORMATS } from '../../src/core/formats/dictionaries/export.ts';
import type {
  Array2,
  DeviceInfo,
  Edit,
  GenerateOptions,
  Generated,
  HubModel,
  HubPlan,
  Input,
  KeptModel,
  ModelInfo,
  Predictions,
  RunOptions,
  RunResult,
  Tokenized,
} from '../../src/api/model.ts';
import type {
  DictionaryCard,
  DictionaryDensities,
  DictionaryInfo,
  EvaluateOptions,
  Evaluation,
  ExportFormat,
  FoundDictionary,
  Latents,
  PublishedPlan,
  PublishedSource,
  Source,
} from '../../src/api/dictionaries.ts';
import { hasSkip, type Dictionary } from '../../src/core/sae/dictionary.ts';
import type { SaeEngine } from '../../src/kernels/engine.ts';
import { checkActs, encodeActivations, readActivations, type Activations } from '../../src/engine/dictionary/encode.ts';
import { corpusNames, openCorpora } from '../../src/engine/text/corpora.ts';
import { cutContexts, evaluate } from '../../src/engine/dictionary/evaluate.ts';
import { predict } from '../../src/engine/model/predict.ts';
import { checkRows, run, type EditMeans, type Rows } from '../../src/engine/model/run.ts';
import type { Runtime } from '../../src/engine/model/runtime.ts';
import type { CallContext } from '../rpc.ts';
import type { FileIn, Live, ModelSource } from './api.ts';
import { readCorpus } from '../../src/engine/text/shippedText.ts';
import { DictionaryLibrary } from './dictionaries.ts';
import { fetchPublished, openPublished, type OpenPublished } from './published.ts';
import {
  builtInIds,
  describeBuiltIn,
  describeKept,
  openHub,
  openModel,
  sourceId,
  type LoadedModel,
  type OpenHub,
} from '../../src/engine/model/openModel.ts';

/** Calls that compute at the same time; more would only hold more memory. */
const MAX_ACTIVE = 4;

/** Tokens a dictionary is measured on unless the caller says. */
const DEFAULT_TOKENS = 4096;
/** Tokens are rarely longer, so no more of a text than this many characters a token is tokenized. */
const MOST_CHARACTERS = 16;

export interface Platform {
  /** Absent: this browser's. */
  hub?: OpenHub;
  published?: OpenPublished;
  /** Texts a person added; absent: those that ship cannot be named either. */
  corpora?: CorpusStore;
  /** Where opened dictionaries are kept between visits; absent: nowhere. */
  store?: DictionaryStore;
  createRuntime(choice: Awaited<ReturnType<typeof chooseDevice>>): Promise<Runtime>;
  /** What encodes and decodes; on the runtime's device where it has one. Never rejects. */
  createEngine(runtime: Runtime): Promise<SaeEngine>;
}

/** A loaded model and how many calls use it. */
interface Held extends LoadedModel {
  users: number;
  retired: boolean;
}

export class LensSession {
  readonly #platform: Platform;
  #runtime: Runtime | undefined;
  #engine: Promise<SaeEngine> | undefined;
  #base = '/';
  #library = new DictionaryLibrary('/');
  #held: Held | undefined;
  #loading: Promise<unknown> = Promise.resolve();
  /** What the last evaluation of a dictionary counted, on the model in use. */
  readonly #measured = new Map<string, { density: Float32Array; tokens: number }>();
  #active = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async open(settings: { device: DeviceRequest; base: string }): Promise<DeviceInfo> {
    const choice = await chooseDevice(settings.device);
    this.#runtime = await this.#platform.createRuntime(choice);
    this.#base = settings.base;
    this.#library = new DictionaryLibrary(settings.base, this.#platform.store);
    this.#runtime.warmUp().catch(() => {});
    this.#engine = this.#platform.createEngine(this.#runtime);
    const { threads } = this.#runtime;
    const cpu = `CPU, ${threads} thread${threads === 1 ? '' : 's'}`;
    return { kind: choice.kind, threads, description: choice.kind === 'webgpu' ? choice.adapter : cpu, reason: choice.reason };
  }

  async list(): Promise<ModelInfo[]> {
    const current = this.#held?.info;
    const ids = await builtInIds(this.#base);
    const shipped = await Promise.all(
      ids.map(async (id) => (current?.id === id && current.source === 'built-in' ? current : describeBuiltIn(this.#base, id))),
    );
    const kept = await this.#describeKept(current);
    const all = [...shipped, ...kept];
    return current && !all.includes(current) ? [...all, current] : all;
  }

  /** Models of the hub that open without it; none where nothing is kept. */
  async #describeKept(current: ModelInfo | undefined): Promise<ModelInfo[]> {
    try {
      const hub = await this.#hub();
      const whole = (await hub.store.list()).filter((model) => model.whole);
      const infos = await Promise.all(
        whole.map(async (kept) => (current?.source === 'hub' && current.id === kept.id ? current : describeKept(hub, kept))),
      );
      return infos.flatMap((info) => info ?? []);
    } catch {
      return [];
    }
  }

  #hub(): ReturnType<OpenHub> {
    return (this.#platform.hub ?? openHub)();
  }

  async planHub({ signal }: CallContext, model: Required<HubModel>, host: string): Promise<HubPlan> {
    return (await this.#hub()).plan(model, host, signal);
  }

  async keptModels(): Promise<KeptModel[]> {
    return (await this.#hub()).store.list();
  }

  async removeModel(id: string): Promise<void> {
    return (await this.#hub()).store.remove(id);
  }

  current(): ModelInfo | null {
    return this.#held?.info ?? null;
  }

  /** One load at a time; the model in use stays until the new one is whole. */
  async load(context: CallContext, source: ModelSource): Promise<ModelInfo> {
    const runtime = this.#requireRuntime();
    const turn = this.#loading;
    const mine = (async () => {
      await turn.catch(() => {});
      stopIfAborted(context.signal);
      // Asked when its turn has come, since an earlier load may have replaced what is current now.
      const current = this.#held?.info;
      const kind = 'id' in source ? 'built-in' : 'hub';
      if (!('files' in source) && current?.source === kind && sourceId(source) === current.id) return current;
      const loaded = await openModel(runtime, this.#base, source, {
        onProgress: context.progress,
        signal: context.signal,
        hub: () => this.#hub(),
      });
      if (context.signal.aborted) await loaded.model.release();
      stopIfAborted(context.signal);
      await this.#replace({ ...loaded, users: 0, retired: false });
      return loaded.info;
    })();
    this.#loading = mine;
    return mine;
  }

  async tokenize(text: string): Promise<Tokenized> {
    return this.#use(undefined, async (held) => requireTokenizer(held).tokenize(text));
  }

  async run(context: CallContext, input: Input, options: RunOptions = {}): Promise<RunResult> {
    return this.#use(context.signal, async (held) => {
      return run(held.model, toRows(input, held), { ...options, ...(await this.#means(options.edits)) }, context.signal);
    });
  }

  async predict(context: CallContext, input: Input, options: { k?: number; edits?: Edit[] } = {}): Promise<Predictions> {
    return this.#use(context.signal, async (held) => {
      const rows = toRows(input, held);
      if (rows.isBatch) throw new UsageError('predict takes one text; for a batch use run with logits.');
      checkRows(rows, held.model.config);
      const ids = rows.ids[0];
      const means = await this.#means(options.edits);
      const statistics = await predict(held.model, ids, { ...options, ...means, n_tokens: held.info.n_tokens }, context.signal);
      const token = (id: number) => held.tokenizer?.token(id) ?? `[${id}]`;
      const topTokens = Object.fromEntries(
        [...new Set([...statistics.topIds, ...(statistics.comparison?.idsBefore ?? [])])].map((id) => [id, token(id)]),
      );
      return { ...describeTokens(input, ids, held), ...statistics, topTokens };
    });
  }

  async generate(context: CallContext, input: Input, options: GenerateOptions): Promise<Generated> {
    return this.#use(context.signal, async (held) => {
      const rows = toRows(input, held);
      if (rows.isBatch) throw new UsageError('generate takes one text, not a batch.');
      // Loaded when first needed: the library is large and the page starts without it.
      const { generate } = await import('../../src/engine/model/generate.ts');
      const decode = (ids: number[]) => held.tokenizer?.decode(ids) ?? '';
      const soFar: number[] = [];
      const ids = await generate(held.model, rows.ids[0], {
        options,
        n_tokens: held.info.n_tokens,
        ...(await this.#means(options.edits)),
        stop: context.signal,
        onToken: (id) => {
          soFar.push(id);
          context.progress({ id, text: decode(soFar) });
        },
      });
      return { ids, text: decode(ids) };
    });
  }

  /** The dictionaries that edits name, and the engine that encodes with them; neither where none is named. */
  async #means(edits: Edit[] | undefined): Promise<EditMeans> {
    const dictionaries = await this.#library.forEdits(edits);
    return dictionaries.size > 0 ? { dictionaries, engine: await this.#requireEngine() } : {};
  }

  async encode(context: CallContext, source: Source, id: string): Promise<Latents> {
    const dictionary = await this.#library.get(id);
    return encodeActivations(await this.#requireEngine(), dictionary, await this.#activations(context, source, dictionary), context.signal);
  }

  async decode(id: string, latents: Latents, options: { x?: Array2 } = {}): Promise<Array2> {
    const dictionary = await this.#library.get(id);
    const x = options.x && checkActs(options.x, dictionary).data;
    return this.#decoded(dictionary, latents, x);
  }

  async reconstruct(context: CallContext, source: Source, id: string): Promise<Array2> {
    const dictionary = await this.#library.get(id);
    const acts = await this.#activations(context, source, dictionary);
    const latents = await encodeActivations(await this.#requireEngine(), dictionary, acts, context.signal);
    return this.#decoded(dictionary, latents, acts.data);
  }

  listDictionaries(): Promise<DictionaryInfo[]> {
    return this.#library.list(this.#held?.model);
  }

  async importDictionaries(
    context: CallContext,
    files: FileIn[],
    options: { pick?: number[] } = {},
  ): Promise<{ dictionaries: DictionaryInfo[]; warnings: string[] }> {
    const { infos, warnings } = await this.#library.import(files, { ...options, onProgress: context.progress, signal: context.signal });
    return { dictionaries: await this.#listed(infos), warnings };
  }

  async planPublished({ signal }: CallContext, source: PublishedSource, host: string): Promise<PublishedPlan> {
    return (await this.#published()).plan(source, host, signal);
  }

  async fetchPublished(
    context: CallContext,
    source: PublishedSource,
    host: string,
    options: { pick?: number[] } = {},
  ): Promise<{ dictionaries: DictionaryInfo[]; warnings: string[] }> {
    const given = { ...options, onProgress: context.progress, signal: context.signal };
    const { infos, warnings } = await fetchPublished(await this.#published(), this.#library, source, host, given);
    return { dictionaries: await this.#listed(infos), warnings };
  }

  async begunDownloads(): Promise<{ id: string; bytes: number; here: number }[]> {
    return (await this.#published()).begun();
  }

  async removeDownload(id: string): Promise<void> {
    return (await this.#published()).remove(id);
  }

  #published(): ReturnType<OpenPublished> {
    return (this.#platform.published ?? openPublished)();
  }

  async #listed(infos: readonly { id: string }[]): Promise<DictionaryInfo[]> {
    const ids = new Set(infos.map((info) => info.id));
    return (await this.listDictionaries()).filter((d) => ids.has(d.id));
  }

  async previewDictionary(files: FileIn[], { label, replaces }: { label: string; replaces: string | null }): Promise<DictionaryInfo> {
    const id = await this.#library.preview(files, label);
    if (replaces !== null && replaces !== id) await this.removeDictionary(replaces).catch(() => undefined);
    return (await this.listDictionaries()).find((dictionary) => dictionary.id === id)!;
  }

  inspectDictionaries(files: FileIn[], signal: AbortSignal): Promise<{ found: FoundDictionary[]; warnings: string[] }> {
    return this.#library.inspect(files, signal);
  }

  exportDictionary(id: string, format: ExportFormat): Promise<Blob> {
    if (!EXPORT_FORMATS.includes(format)) throw new UsageError(`Dictionaries are exported as '${EXPORT_FORMATS.join("', '")}'.`);
    return this.#library.export(id, format);
  }

  async removeDictionary(id: string): Promise<void> {
    const removed = await this.#library.remove(id);
    if (removed) (await this.#engine)?.forget(removed);
  }

  restoreDictionary(id: string): Promise<void> {
    return this.#library.restore(id);
  }

  keptDictionaries(): Promise<string[]> {
    return this.#library.kept();
  }

  refreshDictionaries(): Promise<void> {
    return this.#library.refresh();
  }

  dictionaryCard(id: string): Promise<DictionaryCard> {
    return this.#library.card(id, this.#held?.model);
  }

  /** What its file says; else what the last evaluation counted. */
  async densities(id: string): Promise<DictionaryDensities | null> {
    const stated = await this.#library.densities(id);
    const measured = this.#measured.get(id);
    if (stated || !measured) return stated;
    return { values: measured.density.slice(), source: 'measured', tokens: measured.tokens };
  }

  vectors(id: string, latent: number): Promise<{ enc: Float32Array; dec: Float32Array; b_enc: number }> {
    return this.#library.vectors(id, latent);
  }

  async #decoded(dictionary: Dictionary, latents: Latents, x: Float32Array | undefined): Promise<Array2> {
    const engine = await this.#requireEngine();
    const data = await engine.decode(dictionary, latents, x && hasSkip(dictionary.config.architecture) ? { x } : {});
    return { data, shape: [data.length / dictionary.config.d_out, dictionary.config.d_out] };
  }

  async evaluate(context: CallContext, id: string, options: EvaluateOptions = {}): Promise<Evaluation> {
    const dictionary = await this.#library.get(id);
    return this.#use(context.signal, async (held) => {
      const evaluation = await evaluate({
        model: held.model,
        engine: await this.#requireEngine(),
        dictionary,
        contexts: await this.#contexts(options, held, context.signal),
        stop: context.signal,
        onProgress: (done, total) => context.progress({ done, total }),
      });
      if (held === this.#held) this.#measured.set(id, { density: evaluation.density.slice(), tokens: evaluation.tokens });
      return evaluation;
    });
  }

  async #contexts(options: EvaluateOptions, held: LoadedModel, signal: AbortSignal): Promise<number[][]> {
    const { ids, text, corpus, tokens = DEFAULT_TOKENS } = options;
    if (!Number.isInteger(tokens) || tokens < 2) throw new UsageError('`tokens` must be a whole number of at least 2.');
    if ([ids, text, corpus].filter((given) => given !== undefined).length > 1) {
      throw new UsageError('Give one of `ids`, `text` and `corpus` to measure on.');
    }
    const cut = (documents: readonly (readonly number[])[]) => cutContexts(documents, held.model.config.n_ctx, tokens);
    if (ids instanceof Uint16Array) return cut([[...ids.subarray(0, tokens)]]);
    if (ids !== undefined) {
      if (!Array.isArray(ids) || !ids.every(Array.isArray)) throw new UsageError('`ids` must be a Uint16Array or a list of lists.');
      return cut(ids);
    }
    if (corpus !== undefined) return cut(await this.#documents(corpus, tokens, held, signal));
    const words = text ?? (await readCorpus(this.#base, signal));
    return cut([requireTokenizer(held).encode(words.slice(0, tokens * MOST_CHARACTERS))]);
  }

  /** The first documents of a corpus, as many as give `tokens` tokens. */
  async #documents(name: string, tokens: number, held: LoadedModel, signal: AbortSignal): Promise<number[][]> {
    const { corpora } = this.#platform;
    if (!corpora) throw new UsageError('There are no texts by name here; give `text` or `ids`.');
    const tokenizer = requireTokenizer(held);
    const found: number[][] = [];
    let count = 0;
    for await (const document of (await openCorpora(corpora, this.#base, corpusNames(name))).documents(signal)) {
      found.push(tokenizer.encode(document.slice(0, (tokens - count) * MOST_CHARACTERS)));
      count += found[found.length - 1].length;
      if (count >= tokens) break;
    }
    return found;
  }

  /** Activations of the dictionary's hook: given ones need no model. */
  async #activations(context: CallContext, source: Source, dictionary: Dictionary): Promise<Activations> {
    if (typeof source === 'object' && source !== null && 'acts' in source) return checkActs(source.acts, dictionary);
    return this.#use(context.signal, (held) => readActivations(held.model, toRows(source, held), dictionary, context.signal));
  }

  async live(): Promise<Live> {
    const { sessions, buffers } = this.#requireRuntime().live;
    const engine = await this.#requireEngine();
    const calls = this.#active + this.#waiting.length;
    return { sessions, buffers, calls, kernels: engine.kernels, keptBytes: engine.keptBytes() };
  }

  #requireRuntime(): Runtime {
    if (!this.#runtime) throw new UsageError('The device is not open yet; wait for `featurescope.ready`.');
    return this.#runtime;
  }

  #requireEngine(): Promise<SaeEngine> {
    if (!this.#engine) throw new UsageError('The device is not open yet; wait for `featurescope.ready`.');
    return this.#engine;
  }

  /** Resolves when the old model is gone, or left to the calls that still use it. */
  async #replace(next: Held): Promise<void> {
    const old = this.#held;
    this.#held = next;
    this.#measured.clear();
    if (!old) return;
    old.retired = true;
    await this.#releaseIfIdle(old);
  }

  async #releaseIfIdle(held: Held): Promise<void> {
    if (held.retired && held.users === 0) await held.model.release();
  }

  /** Runs `work` on the current model, which stays alive meanwhile; waits when enough calls are running. */
  async #use<T>(signal: AbortSignal | undefined, work: (held: Held) => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      stopIfAborted(signal);
      const held = this.#held;
      if (!held) throw new UsageError('No model is loaded yet; wait for `featurescope.ready`.');
      held.users++;
      try {
        return await work(held);
      } finally {
        held.users--;
        await this.#releaseIfIdle(held);
      }
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#active >= MAX_ACTIVE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#active++;
  }

  /** Hands the place to the next in line, or frees it. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#active--;
  }
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortedError();
}

function requireTokenizer(held: LoadedModel) {
  if (!held.tokenizer) throw new UsageError(`The model ${held.info.id} came without tokenizer.json, so it takes token ids, not text.`);
  return held.tokenizer;
}

/** @throws UsageError unless the input has exactly one of text, ids, batch */
function toRows(input: Input, held: LoadedModel): Rows {
  if (typeof input !== 'object' || input === null) throw new UsageError('The input must be { text }, { ids } or { batch }.');
  const kinds = ['text', 'ids', 'batch'].filter((kind) => kind in input);
  if (kinds.length !== 1) throw new UsageError('The input must have exactly one of `text`, `ids` and `batch`.');
  const bos = input.prepend_bos ? [held.model.config.bos_token_id] : [];
  const list = (ids: unknown, name: string): number[] => {
    if (!Array.isArray(ids)) throw new UsageError(`\`${name}\` must be a list of token ids.`);
    return [...bos, ...(ids as number[])];
  };
  if ('text' in input) return { ids: [[...bos, ...requireTokenizer(held).encode(input.text)]], isBatch: false };
  if ('ids' in input) return { ids: [list(input.ids, 'ids')], isBatch: false };
  if (!Array.isArray(input.batch)) throw new UsageError('`batch` must be a list of lists of token ids.');
  return { ids: input.batch.map((ids, r) => list(ids, `batch[${r}]`)), isBatch: true };
}

/** Tokens and spans of the ids that were run; ids given without text have the spans of what they decode to. */
function describeTokens(input: Input, ids: number[], held: LoadedModel): Tokenized {
  const { tokenizer } = held;
  if (!tokenizer) return { ids, tokens: ids.map((id) => `[${id}]`), spans: ids.map(() => [0, 0]) };
  if (!('text' in input)) return { ids, tokens: ids.map((id) => tokenizer.token(id)), spans: tokenizer.spans(tokenizer.decode(ids), ids) };
  const tokenized = tokenizer.tokenize(input.text);
  if (ids.length === tokenized.ids.length) return tokenized;
  return { ids, tokens: [tokenizer.token(ids[0]), ...tokenized.tokens], spans: [[0, 0], ...tokenized.spans] };
}
