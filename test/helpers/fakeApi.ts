/** A FeaturescopeApi with made-up but repeatable numbers, for tests and for looking at the screens. */
import type { DeviceInfo, Edit, HookInfo, ModelInfo, Predictions, Tokenized } from '../../src/api/model.ts';
import type { FeaturescopeApi } from '../../src/api/featurescope.ts';
import type { Source } from '../../src/api/dictionaries.ts';
import type { Startup } from '../../src/state/shared/startup.ts';
import { offlineNowhere } from '../../src/cache/offline/offline.ts';
import { createLabels } from '../../src/app/labels.ts';
import { createSignal } from '../../src/app/signal.ts';
import { RELEASES } from '../../src/core/catalogue.ts';
import { createStorage } from '../../src/app/storage.ts';
import { fakeKept } from './fakeKept.ts';
import { fakeTraining, type FakeTrainingOptions } from './fakeTraining.ts';
import { explainWindow } from '../../src/core/sae/explained.ts';
import { fakeDictionaries, fakeLatents, fakeReconstruction } from './fakeDictionaries.ts';

export interface FakeOptions {
  /** Each call waits this long; a function may vary it by call. */
  delayMs?: number | ((call: string, text: string) => number);
  ready?: Promise<void>;
  n_ctx?: number;
  /** Rejects calls named here with the sentence. */
  fail?: Partial<
    Record<
      | 'tokenize'
      | 'predict'
      | 'run'
      | 'generate'
      | 'load'
      | 'encode'
      | 'features'
      | 'reconstruct'
      | 'dictionaries'
      | 'inspect'
      | 'import'
      | 'plan'
      | 'fetch'
      | 'evaluate'
      | 'baselines',
      string
    >
  >;
  /** Names of the dictionaries in whatever files are opened; one when absent. */
  found?: string[];
  /** None of the dictionaries fits the model. */
  misfit?: boolean;
  /** How much the features explain cannot be had. */
  unexplained?: boolean;
  /** No feature fires on anything. */
  silent?: boolean;
  training?: FakeTrainingOptions;
}

export interface FakeApi extends FeaturescopeApi {
  calls: string[];
  /** As if another tab had changed what is kept, or the lens its model. */
  tellModels: () => void;
  /** Makes steps of the training run that goes on. */
  advance: (steps: number) => void;
}

const VOCABULARY =
  ' the| of| and| a| to| in| was| his| he| that| sea| hat| wind| had| with|,|.|\n| said| again| looked| down| man| old| it| as| at| on| for| by| is| not| her| she| but| be| from| which| all| this| so| one| they| were| when| up| no| him| my|\uFFFD|<|endoftext|>| been| out| who'.split(
    /\|(?!endoftext|>)/,
  );
const N_TOKENS = 8192;

export function fakeModel(n_ctx = 256): ModelInfo {
  const hooks: HookInfo[] = [{ name: 'hook_embed', shape: ['pos', 256], editable: true }];
  for (let i = 0; i < 6; i++) {
    const add = (site: string, shape: HookInfo['shape'], editable = true) => hooks.push({ name: `blocks.${i}.${site}`, shape, editable });
    add('hook_resid_pre', ['pos', 256]);
    add('ln1.hook_normalized', ['pos', 256], false);
    add('ln2.hook_normalized', ['pos', 256], false);
    add('attn.hook_pattern', [8, 'pos', 'pos']);
    add('attn.hook_v', ['pos', 8, 32]);
    add('attn.hook_z', ['pos', 8, 32]);
    add('hook_attn_out', ['pos', 256]);
    add('mlp.hook_pre', ['pos', 1024]);
    add('mlp.hook_post', ['pos', 1024]);
    add('hook_mlp_out', ['pos', 256]);
    add('hook_resid_post', ['pos', 256]);
  }
  hooks.push({ name: 'ln_final.hook_normalized', shape: ['pos', 256], editable: false });
  return {
    id: 'bookworm-9m',
    n_layers: 6,
    d_model: 256,
    n_heads: 8,
    d_head: 32,
    d_mlp: 1024,
    d_vocab: N_TOKENS,
    n_tokens: N_TOKENS,
    n_ctx,
    hooks,
    bytes: 35_700_000,
    hash: '9f2c4e61aa07b3d85c1f6e2290bd7a4418ce53f09a6be7d2c41f80357ab9ed02',
    source: 'built-in',
    parameters: 8_925_696,
  };
}

/** Pieces of words and single bytes of anything beyond Latin letters, as a byte-level tokenizer gives. */
/** What every id seen stands for, so that ids can be given back. */
const pieces = new Map<number, string>();

/** Text of ids that fakeTokenize gave; bytes of a character are written once. */
function textOfIds(ids: readonly number[]): string {
  return ids.map((id) => pieces.get(id) ?? '').join('');
}

function textOf(input: Source): string {
  if ('text' in input) return input.text;
  return 'ids' in input ? textOfIds(input.ids) : '';
}

export function fakeTokenize(text: string): Tokenized {
  const nfc = text.normalize('NFC');
  const out: Tokenized = { ids: [], tokens: [], spans: [] };
  for (const match of nfc.matchAll(/<\|endoftext\|>| ?[A-Za-z]{1,6}| ?[0-9]|\s|[^\sA-Za-z0-9]/gu)) {
    const piece = match[0];
    const parts = (piece.codePointAt(0) ?? 0) > 0x7ff ? new TextEncoder().encode(piece).length : 1;
    for (let j = 0; j < parts; j++) {
      const id = idOf(piece) + (parts > 1 ? j + 1 : 0);
      pieces.set(id, j === 0 ? piece : '');
      out.ids.push(id);
      out.tokens.push(parts > 1 ? '\uFFFD' : piece);
      out.spans.push([match.index, match.index + piece.length]);
    }
  }
  return out;
}

function idOf(piece: string): number {
  if (piece === '<|endoftext|>') return 0;
  const known = VOCABULARY.indexOf(piece);
  if (known >= 0) return known + 10;
  let h = 7;
  for (const c of piece) h = (h * 31 + (c.codePointAt(0) ?? 0)) % 8000;
  return 100 + h;
}

/** A number in [0, 1) that depends only on its arguments. */
export function noise(a: number, b: number): number {
  const x = Math.sin(a * 12.9898 + b * 78.233) * 43758.5453;
  return x - Math.floor(x);
}

/** Screens that study features bring their own. */
const absent = () => Promise.reject(new Error('The fake studies no features.'));
const noFeatures = { effects: absent, weights: absent, neighbours: absent, rule: absent, report: absent };

export function fakeApi(options: FakeOptions = {}): FakeApi {
  const model = fakeModel(options.n_ctx);
  let current = model;
  const calls: string[] = [];
  const wait = async (call: keyof NonNullable<FakeOptions['fail']>, text: string, signal?: AbortSignal) => {
    calls.push(`${call} ${text}`);
    const ms = typeof options.delayMs === 'function' ? options.delayMs(call, text) : (options.delayMs ?? 0);
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(new DOMException('The call was cancelled.', 'AbortError'));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal?.addEventListener('abort', stop);
    });
    const failure = options.fail?.[call];
    if (failure) throw new Error(failure);
  };
  const device: DeviceInfo = {
    kind: 'wasm',
    threads: 2,
    description: 'CPU, 2 threads',
    reason: 'This browser offers no hardware WebGPU adapter, so the model runs on the CPU.',
  };
  const tokenIds = (source: Source): number[] =>
    'acts' in source ? Array.from({ length: source.acts.shape[0] }, (_, i) => i) : fakeTokenize(textOf(source)).ids;
  let dictionaries = fakeDictionaries(!options.misfit);
  const library = createSignal();
  const modelsChanged = createSignal();
  const labelled = createSignal();
  const kept = fakeKept();
  const list = () => Promise.resolve(dictionaries);
  let removed: (typeof dictionaries)[number] | undefined;
  const remove = (id: string) => {
    removed = dictionaries.find((d) => d.id === id);
    dictionaries = dictionaries.filter((d) => d.id !== id);
    library.tell();
    return Promise.resolve();
  };
  const restore = (id: string) => {
    if (removed?.id !== id) return Promise.reject(new Error(`${id} cannot be brought back any more.`));
    dictionaries = [...dictionaries, removed];
    library.tell();
    return Promise.resolve();
  };
  const storage = createStorage({
    ...kept,
    dictionaries: list,
    keptDictionaries: () => Promise.resolve(dictionaries.filter((d) => d.source === 'files').map((d) => d.id)),
    removeDictionary: remove,
    labelsChanged: labelled.tell,
  });
  const training = fakeTraining(
    {
      model: () => current,
      join(info) {
        dictionaries = [...dictionaries.filter((d) => d.id !== info.id), info];
        library.tell();
      },
    },
    options.training,
  );
  return {
    calls,
    tellModels: modelsChanged.tell,
    version: '0.1.0',
    ready: options.ready ?? Promise.resolve(),
    ...training,
    tree: () => Promise.reject(new Error('The fake api grows no trees.')),
    circuit: () => Promise.reject(new Error('The fake api finds no circuits.')),
    device: () => device,
    models: {
      subscribe: modelsChanged.subscribe,
      list: () => Promise.resolve([{ ...model, hash: current === model ? model.hash : '' }, ...(current === model ? [] : [current])]),
      current: () => current,
      async load(id, { onProgress, signal } = {}) {
        for (let i = 1; i <= 5; i++) {
          await wait('load', typeof id === 'string' ? id : 'hub' in id ? id.hub : 'files', signal);
          onProgress?.({ stage: 'fetching', loaded: i * 3_600_000, total: 18_000_000 });
        }
        if (typeof id === 'string') current = model;
        else if ('hub' in id) current = { ...model, id: id.hub, source: 'hub' };
        else if ('random' in id) current = id.random === null ? model : { ...model, id: `${model.id}+random.${id.random}` };
        else current = { ...model, id: 'from-files', source: 'files' };
        modelsChanged.tell();
        return current;
      },
      plan: ({ hub, revision = 'main' }) =>
        Promise.resolve({
          hub,
          revision,
          id: revision === 'main' ? hub : `${hub}@${revision}`,
          host: 'https://huggingface.co/',
          files: [{ path: 'onnx/model_fp16.onnx', bytes: 141_000_000 }],
          bytes: 141_000_000,
          here: 0,
        }),
      kept: () => Promise.resolve([]),
    },
    index: {
      build: () => Promise.resolve([]),
      list: () => Promise.resolve([]),
      remove: () => Promise.resolve(),
      feature: () => Promise.reject(new Error('There is no index here.')),
      summary: () => Promise.resolve(null),
      import: () => Promise.reject(new Error('There is no index here.')),
      subscribe: () => () => {},
    },
    requests: () => Promise.resolve([{ host: 'https://example.org', requests: 3, bytes: 4000, last: 0 }]),
    async tokenize(text) {
      await wait('tokenize', text);
      return fakeTokenize(text);
    },
    detokenize: (rows) =>
      Promise.resolve(
        rows.map((ids) => {
          const tokens = ids.map((id) => pieces.get(id) ?? VOCABULARY[id - 10] ?? `w${id}`);
          let at = 0;
          return { ids, tokens, text: tokens.join(''), spans: tokens.map((token): [number, number] => [at, (at += token.length)]) };
        }),
      ),
    async run(input, { read = [], edits = [], signal } = {}) {
      const text = textOf(input);
      await wait('run', text, signal);
      const n = fakeTokenize(text).ids.length;
      const acts = Object.fromEntries(read.map((name) => [name, fakeActs(current, name, n, edits)]));
      return { acts, lengths: [n] };
    },
    async encode(source, dictionary, { signal } = {}) {
      await wait('encode', 'acts' in source ? `${source.acts.shape[0]} rows` : textOf(source), signal);
      const ids = tokenIds(source);
      const seed = dictionaries.findIndex((d) => d.id === dictionary);
      return fakeLatents(options.silent ? [] : ids, seed, { rows: ids.length });
    },
    async features(source, dictionary, { skip = 0, signal } = {}) {
      const ids = tokenIds(source).slice(skip);
      await wait('features', 'text' in source ? source.text : `${ids.length} rows`, signal);
      const seed = dictionaries.findIndex((d) => d.id === dictionary);
      const { hook } = dictionaries[seed];
      const x = fakeActs(current, hook, ids.length, []);
      const explained = options.unexplained ? null : explainWindow(x.data, fakeReconstruction(x).data, ids.length);
      return { ...fakeLatents(options.silent ? [] : ids, seed, { rows: ids.length }), explained };
    },
    decode: (_dictionary, _latents, { x } = {}) =>
      x ? Promise.resolve(fakeReconstruction(x)) : Promise.reject(new Error('The fake decodes nothing without x.')),
    async reconstruct(source) {
      await wait('reconstruct', '');
      if (!('acts' in source)) throw new Error('The fake reconstructs activations only.');
      return fakeReconstruction(source.acts);
    },
    async evaluate(_dictionary, { tokens = 4096, signal, onProgress } = {}) {
      for (let done = 512; done <= tokens; done += 512) {
        await wait('evaluate', '', signal);
        onProgress?.({ done, total: tokens });
      }
      const losses = { ce_clean: 4, ce_spliced: 4.5, ce_zero: 13, ce_recovered: 17 / 18, kl: 0.4 };
      return { tokens, l0: 39, fvu: 0.29, mse: 0.8, l2_ratio: 0.9, ...losses, alive: 700, dead: 200, density: new Float32Array(1024) };
    },
    ...noFeatures,
    baselines: {
      async make(asked, { signal, onProgress } = {}) {
        for (let done = 1; done <= 3; done++) {
          await wait('baselines', asked.kind, signal);
          onProgress?.({ done, total: 3, message: `Read ${done} of 3 tokens.` });
        }
        const made = {
          ...dictionaries[0],
          id: asked.kind,
          label: `${asked.kind} of ${asked.hook}`,
          architecture: asked.kind,
          source: 'files' as const,
        };
        dictionaries = [...dictionaries, made];
        library.tell();
        return made;
      },
    },
    dictionaries: {
      async list() {
        await wait('dictionaries', '');
        return dictionaries;
      },
      async inspect() {
        await wait('inspect', '');
        const one = {
          format: 'saelens',
          architecture: 'standard',
          hook: 'blocks.0.hook_resid_post',
          d_in: 256,
          d_sae: 1024,
          bytes: 2 ** 21,
        };
        return { found: (options.found ?? ['mine']).map((name) => ({ name, ...one })), warnings: [] };
      },
      async import() {
        await wait('import', '');
        const mine = { ...dictionaries[0], id: 'mine', label: 'mine', source: 'files' as const, fits: true };
        dictionaries = [...dictionaries, mine];
        library.tell();
        return { dictionaries: [mine], warnings: ['It has no sparsity file.'] };
      },
      catalogue: () => Promise.resolve(RELEASES),
      async plan(source) {
        await wait('plan', '');
        const found = [
          {
            name: '3-res-sm',
            format: 'saelens',
            architecture: 'standard',
            hook: 'blocks.3.hook_resid_post',
            d_in: 512,
            d_sae: 32768,
            bytes: 134_353_024,
          },
        ];
        return {
          host: 'huggingface.co',
          items: [{ folder: '3-res-sm', format: 'saelens', bytes: 134_353_024, source }],
          found,
          warnings: [],
          here: 0,
        };
      },
      async fetch(_source, { onProgress, signal } = {}) {
        onProgress?.({ stage: 'fetching', loaded: 40e6, total: 134_353_024, rate: 10e6 });
        await wait('fetch', '', signal);
        const fetched = { ...dictionaries[0], id: 'fetched', label: '3-res-sm', source: 'files' as const, fits: true };
        dictionaries = [...dictionaries, fetched];
        library.tell();
        return { dictionaries: [fetched], warnings: [] };
      },
      export: () => Promise.resolve(new Blob()),
      remove,
      restore,
      async card(id) {
        const info = dictionaries.find((d) => d.id === id);
        if (!info) throw new Error('There is no such dictionary.');
        return {
          info,
          misfit: '',
          tensors: [{ name: 'W_dec', dtype: 'F32', shape: [info.d_sae, info.d_in] }],
          config: { architecture: info.architecture, normalize_activations: 'none' },
          record: { l0: 38.9, fvu: 0.289, ce_recovered: 0.953, alive: 798 },
          density: new Float32Array(info.d_sae).fill(0.01),
          notes: [],
          exports: [
            { format: 'saelens' as const, obstacle: '' },
            { format: 'sparsify' as const, obstacle: 'sparsify keeps k features of each token.' },
          ],
        };
      },
      densities: () => Promise.resolve(null),
      vectors: () => Promise.resolve({ enc: new Float32Array(256), dec: new Float32Array(256), b_enc: 0 }),
      subscribe: library.subscribe,
    },
    // The real ones, on memory.
    labels: createLabels({ ...kept, signal: labelled, dictionaries: list, askToPersist: storage.askOnce }),
    settings: kept.settings,
    storage: storage.api,
    offline: offlineNowhere,
    live: () => Promise.resolve({ sessions: 0, buffers: 0, calls: 0, kernels: 'typescript', keptBytes: 0 }),
    async predict(input, { k = 10, edits = [], signal } = {}) {
      const text = textOf(input);
      await wait('predict', text, signal);
      return fakePredictions(text, k, edits);
    },
    async generate(input, { tokens, edits = [], onToken, signal }) {
      const prompt = textOf(input);
      const ids: number[] = [];
      let text = '';
      for (let i = 0; i < tokens; i++) {
        await wait('generate', prompt, signal);
        const id = Math.floor(noise(i + prompt.length, edits.length) * 48);
        ids.push(id + 10);
        text += VOCABULARY[id];
        onToken?.(id + 10, text);
      }
      return { ids, text };
    },
  };
}

function fakeActs(model: ModelInfo, name: string, n: number, edits: Edit[]) {
  const hook = model.hooks.find((h) => h.name === name);
  if (!hook) throw new Error(`This model has no hook ${name}.`);
  const shape = hook.shape.map((s) => (s === 'pos' ? n : s));
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const pattern = hook.shape.filter((s) => s === 'pos').length === 2;
  if (!pattern)
    for (let i = 0; i < data.length; i++) data[i] = (noise(i % 977, name.length) - 0.5) * (i % 83 === 0 ? 9 : 1.4) * (i < 256 ? 4 : 1);
  else {
    for (let row = 0; row < shape[0] * n; row++) {
      const q = row % n;
      const weights = Array.from({ length: q + 1 }, (_, key) => noise(key * 3 + row, row) ** 6 + (key === 0 ? 0.4 : 0));
      const sum = weights.reduce((a, b) => a + b, 0);
      weights.forEach((w, key) => (data[row * n + key] = w / sum));
    }
  }
  for (const e of edits) if ('hook' in e && e.hook === name && e.op === 'scale') for (let i = 0; i < data.length; i++) data[i] *= e.factor;
  return { data, shape };
}

function fakePredictions(text: string, k: number, edits: Edit[]): Predictions {
  const tokenized = fakeTokenize(text);
  const n = tokenized.ids.length;
  const surprise = new Float32Array(n);
  const entropy = new Float32Array(n);
  const rank = new Int32Array(n);
  const topIds = new Uint32Array(n * k);
  const topProbs = new Float32Array(n * k);
  const topTokens: Record<number, string> = {};
  for (let i = 0; i < n; i++) {
    const id = tokenized.ids[i];
    surprise[i] = i === 0 ? NaN : noise(id, i + edits.length * 0.01) ** 2 * 10;
    rank[i] = i === 0 ? -1 : Math.floor(noise(i, id) ** 4 * 900);
    entropy[i] = 1 + noise(i, 2) * 6;
    const order = VOCABULARY.map((_, v) => v).sort(
      (a, b) => noise(a, i) + edits.length * 0.2 * noise(a, 3) - noise(b, i) - edits.length * 0.2 * noise(b, 3),
    );
    for (let j = 0; j < k; j++) {
      const v = order[j % order.length];
      topIds[i * k + j] = v + 10;
      topTokens[v + 10] = VOCABULARY[v];
      topProbs[i * k + j] = 0.31 * 0.72 ** j * (1 - 0.05 * edits.length);
    }
  }
  const predictions = { ...tokenized, surprise, entropy, rank, k, topIds, topProbs, topTokens };
  if (edits.length === 0) return predictions;
  const before = fakePredictions(text, k, []);
  return {
    ...predictions,
    topTokens: { ...before.topTokens, ...topTokens },
    comparison: {
      kl: Float32Array.from({ length: n }, (_, i) => noise(i, 5) ** 3),
      topProbsBefore: topProbs.map((p) => p / 2),
      idsBefore: before.topIds,
      probsBefore: before.topProbs,
      probsAfter: before.topProbs.map((p) => p / 4),
    },
  };
}

export function fakeStartup(): Startup {
  const nothing = () => undefined;
  const status = { state: 'isolated', switchable: false } as const;
  const isolation = { status: () => status, subscribe: () => nothing, set: () => Promise.resolve(), reload: nothing };
  return { modelId: 'bookworm-9m', subscribe: () => nothing, cancel: nothing, isolation };
}
