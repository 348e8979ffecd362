/**
 * Training that computes nothing: runs go on by themselves with plausible, repeatable curves. For tests, which turn
 * its clock by hand, and for looking at the screens.
 */
import { architectureOf } from '../../src/core/train/architectures/index.ts';
import { checkConfig } from '../../src/core/train/checkConfig.ts';
import { expandDictionaries } from '../../src/core/train/expand.ts';
import { createSignal } from '../../src/app/signal.ts';
import type {
  CorpusInfo,
  Run,
  RunEvaluation,
  RunHistory,
  RunInfo,
  RunPlan,
  RunPoint,
  TrainConfig,
  TrainingApi,
} from '../../src/api/training.ts';
import type { DictionaryInfo } from '../../src/api/dictionaries.ts';
import type { HookInfo, ModelInfo } from '../../src/api/model.ts';

export interface FakeTrainingOptions {
  /** Runs of earlier visits; see fakeRun. */
  runs?: RunInfo[];
  /** Steps are made by advance() alone; otherwise by a timer. */
  byHand?: boolean;
  /** Rows a second of the timer's runs. */
  tokensPerSecond?: number;
  /** Rejects calls named here with the sentence. */
  fail?: Partial<Record<'train' | 'list' | 'history' | 'estimate' | 'corpus' | 'add' | 'resume' | 'preview', string>>;
  /** The run fails at this step. */
  failAt?: number;
}

export interface FakeTraining extends TrainingApi {
  /** Makes steps of the run that goes on. */
  advance: (steps: number) => void;
}

const TICK_MS = 250;
const BATCH = 1024;
const CLEAN = 3.9;
const ZERO = 9.4;

/** In [0, 1), by its arguments alone. */
function noise(a: number, b: number): number {
  const x = Math.sin(a * 12.9898 + b * 78.233) * 43758.5453;
  return x - Math.floor(x);
}

function widthOf(hooks: readonly HookInfo[], name: string): number {
  const hook = hooks.find((h) => h.name === name);
  if (!hook) throw new Error(`This model has no hook ${name}.`);
  return hook.shape.slice(1).reduce<number>((product, size) => product * Number(size), 1);
}

/** Crosses what is listed, as the real one does. */
export function fakePlan(config: TrainConfig, model: ModelInfo): RunPlan {
  const checked = checkConfig(config);
  const dictionaries = expandDictionaries(checked, (hook) => ({ hook, d_in: widthOf(model.hooks, hook) })).map(named);
  const { tokens = 1_000_000, batch = BATCH, corpus = 'moby-dick' } = config;
  const steps = Math.ceil(tokens / batch);
  const hooks = [...new Set(dictionaries.map((d) => d.hook))].map((name) => ({ name, d_in: widthOf(model.hooks, name) }));
  return {
    version: 1,
    name:
      config.name ??
      dictionaries
        .map((d) => d.name)
        .slice(0, 2)
        .join('; ') + (dictionaries.length > 2 ? '; …' : ''),
    model: { id: model.id, hash: model.hash, n_ctx: model.n_ctx, endOfText: 0 },
    corpus: { names: [corpus].flat(), hash: 'c0', tokens: 330_000 },
    dictionaries,
    hooks,
    batch,
    tokens,
    steps,
    seed: config.seed ?? 0,
    heldOut: config.held_out ?? 0.05,
    chunksPerBlock: 512,
    passes: Math.ceil(tokens / 313_500),
    keepFirst: config.keep_first ?? true,
    keepEndOfText: config.keep_end_of_text ?? true,
    adam: { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, ...config.adam },
    schedule: { warmup: 0, decay: 0, sparsityWarmup: 0, ...config.schedule },
    clip: config.clip ?? null,
    resampleEvery: config.resample_every ?? 0,
    deadAfter: config.dead_after ?? 100_000,
    evaluateEvery: config.evaluate_every ?? Math.max(1, Math.round(steps / 10)),
    evaluateTokens: config.evaluate_tokens ?? 2048,
    checkpointSeconds: config.checkpoint_seconds ?? 20,
  };
}

/** By what a person sees of it: 3.resid_post 1024 α 0.004. */
function named(
  { hook, seed, settings }: RunPlan['dictionaries'][number],
  _: number,
  all: RunPlan['dictionaries'],
): RunPlan['dictionaries'][number] {
  const { sparsity } = architectureOf(settings);
  const several = new Set(all.map((other) => other.seed)).size > 1;
  const place = hook.replace(/^blocks\./, '').replace('hook_', '');
  const name = `${place} ${settings.d_sae} ${sparsity.symbol} ${sparsity.valueOf(settings)}${several ? ` seed ${seed}` : ''}`;
  return { name, hook, seed, settings };
}

/** Where a dictionary of these settings would end up. */
function ends({ settings }: RunPlan['dictionaries'][number]) {
  const { sparsity } = architectureOf(settings);
  const value = sparsity.valueOf(settings);
  const l0 = sparsity.countsLatents ? value : sparsity.besideMean ? 0.19 / value ** 0.98 : 40 / value;
  const fvu = Math.min(0.95, 1.5 / (l0 + 3) ** 0.42 + 8 / settings.d_sae);
  return { l0, fvu, weight: sparsity.besideMean ? value : 0.01 };
}

function pointAt(plan: RunPlan, index: number, step: number): RunPoint {
  const dictionary = plan.dictionaries[index];
  const { l0: end, fvu: floor, weight } = ends(dictionary);
  const { d_sae, architecture } = dictionary.settings;
  const wobble = 1 + 0.05 * (noise(step, index) - 0.5);
  const early = Math.exp(-step / 60);
  const l0 = architecture === 'topk' ? end : (end + (d_sae * 0.45 - end) * early) * wobble;
  const fvu = (floor + (0.98 - floor) * Math.exp(-step / 45)) * wobble;
  const reconstruction = fvu * 0.9;
  const sparsity = architecture === 'topk' ? 0 : weight * (end * 0.55 + 60 * early) * wobble;
  const dead =
    step * plan.batch < plan.deadAfter ? 0 : Math.round(d_sae * 0.22 * (1 - Math.exp(-(step * plan.batch - plan.deadAfter) / 2e5)));
  const auxiliary = architecture === 'topk' && dead > 0 ? 0.9 : 0;
  return {
    step,
    tokens: Math.min(step * plan.batch, plan.tokens),
    loss: reconstruction + sparsity + auxiliary / 32,
    reconstruction,
    sparsity,
    auxiliary,
    l0,
    fvu,
    dead,
    lr: plan.adam.lr,
  };
}

function evaluationAt(plan: RunPlan, index: number, step: number): RunEvaluation {
  const { l0, fvu, dead, tokens } = pointAt(plan, index, step);
  const ce_recovered = 1 - 0.45 * fvu;
  return {
    step,
    tokens,
    measured_tokens: plan.evaluateTokens,
    l0,
    fvu,
    mse: fvu * 0.9,
    l2_ratio: 1 - fvu / 2,
    ce_clean: CLEAN,
    ce_spliced: ZERO - ce_recovered * (ZERO - CLEAN),
    ce_zero: ZERO,
    ce_recovered,
    kl: 0.3,
    alive: plan.dictionaries[index].settings.d_sae - dead,
    dead,
  };
}

/** Every how many steps a point is kept. */
const RECORD_EVERY = 2;

function historyAt(plan: RunPlan, step: number): RunHistory {
  return plan.dictionaries.map(({ settings }, index) => {
    const points = Array.from({ length: Math.floor(step / RECORD_EVERY) + 1 }, (_, i) =>
      pointAt(plan, index, Math.max(1, i * RECORD_EVERY)),
    );
    const measured = Math.floor(step / plan.evaluateEvery);
    const evaluations = Array.from({ length: measured }, (_, i) => evaluationAt(plan, index, (i + 1) * plan.evaluateEvery));
    const { l0 } = ends(plan.dictionaries[index]);
    const { dead } = pointAt(plan, index, step);
    const density = Float32Array.from({ length: settings.d_sae }, (_, j) =>
      j < dead ? 0 : Math.min(1, (l0 / settings.d_sae) * Math.exp(3 * (noise(j, index) + noise(j, 7) + noise(j, 9) - 1.9))),
    );
    return {
      points: step > 0 ? points : [],
      evaluations,
      density: step > 20 ? density : null,
      densityRows: step > 20 ? 20_000 : 0,
      densityFrom: step * plan.batch,
    };
  });
}

/** A run as a list shows it. */
export function fakeRun(config: TrainConfig, model: ModelInfo, patch: Partial<RunInfo> = {}): RunInfo {
  const plan = fakePlan(config, model);
  const state = patch.state ?? 'finished';
  const step = patch.step ?? plan.steps;
  const measured = Math.floor(step / plan.evaluateEvery);
  return {
    id: `run-${patch.created ?? 0}`,
    name: plan.name,
    config,
    plan,
    seconds: (step * plan.batch) / 21_000,
    tokensPerSecond: 21_000,
    bytes: plan.dictionaries.length * 14_000_000 + 134_000_000,
    kernels: 'wasm-relaxed',
    threads: 2,
    created: 1_790_000_000_000,
    updated: 1_790_000_000_000,
    resumes: 0,
    exact: true,
    ...patch,
    step,
    state,
    dictionaries: plan.dictionaries.map((_, index) => ({
      last: step > 0 ? pointAt(plan, index, step) : null,
      evaluation: measured > 0 ? evaluationAt(plan, index, measured * plan.evaluateEvery) : null,
      id: state === 'finished' ? `trained-${patch.created ?? 0}-${index}` : null,
    })),
  };
}

interface FakeHost {
  model: () => ModelInfo;
  /** A dictionary joins the library, or is opened for a look. */
  join: (info: DictionaryInfo) => void;
}

export function fakeTraining(host: FakeHost, options: FakeTrainingOptions = {}): FakeTraining {
  const changed = createSignal();
  const texts = createSignal();
  let list = [...(options.runs ?? [])].sort((a, b) => b.created - a.created);
  let corpora: CorpusInfo[] = [
    { name: 'moby-dick', source: 'built-in', bytes: 1_215_000, documents: 136 },
    { name: 'sotu', source: 'built-in', bytes: 0, documents: 0 },
  ];
  const ends = new Map<string, { resolve: (value: Awaited<Run['done']>) => void; reject: (error: Error) => void; done: Run['done'] }>();
  let timer: ReturnType<typeof setInterval> | undefined;
  const tokensPerSecond = options.tokensPerSecond ?? 21_000;

  const refuse = (call: keyof NonNullable<FakeTrainingOptions['fail']>) => {
    const message = options.fail?.[call];
    return message === undefined ? Promise.resolve() : Promise.reject(new Error(message));
  };
  const find = (id: string) => {
    const info = list.find((run) => run.id === id);
    if (!info) throw new Error('There is no such run.');
    return info;
  };
  const put = (id: string, patch: Partial<RunInfo>) => {
    list = list.map((run) => (run.id === id ? { ...run, ...patch, updated: run.updated + 1 } : run));
    changed.tell();
  };
  const going = () => list.find(({ state }) => state === 'running');
  const halt = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const keep = (run: RunInfo): RunInfo['dictionaries'] =>
    run.dictionaries.map((dictionary, index) => {
      const id = `${run.id}/${index}`;
      host.join(infoOf(run, index, id));
      return { ...dictionary, id };
    });
  const settle = (id: string) => {
    const run = find(id);
    const dictionaries = run.dictionaries.flatMap((d, i) =>
      d.id === null ? [] : [{ id: d.id, config: run.plan!.dictionaries[i], metrics: d.evaluation }],
    );
    ends.get(id)?.resolve({ dictionaries });
  };
  const advance = (steps: number) => {
    const run = going();
    if (!run?.plan) return;
    const step = Math.min(run.plan.steps, run.step + steps);
    const next = fakeRun(run.config, host.model(), { ...run, step });
    if (options.failAt !== undefined && step >= options.failAt) {
      halt();
      const message = `The loss was not a number at step ${options.failAt} (learning rate 0.001); the last good checkpoint is of step ${run.step}.`;
      put(run.id, { state: 'failed', message });
      ends.get(run.id)?.reject(new Error(message));
      return;
    }
    put(run.id, { step, seconds: (step * run.plan.batch) / tokensPerSecond, dictionaries: next.dictionaries });
    if (step < run.plan.steps) return;
    halt();
    put(run.id, { state: 'finished', dictionaries: keep(find(run.id)) });
    settle(run.id);
  };
  const begin = (id: string): Run => {
    let resolve!: (value: Awaited<Run['done']>) => void;
    let reject!: (error: Error) => void;
    const done = new Promise<Awaited<Run['done']>>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    done.catch(() => undefined);
    ends.set(id, { resolve, reject, done });
    const batch = find(id).plan?.batch ?? BATCH;
    if (!options.byHand) timer = setInterval(() => advance(Math.max(1, Math.round((tokensPerSecond * TICK_MS) / 1000 / batch))), TICK_MS);
    put(id, { state: 'running', message: undefined, tokensPerSecond });
    return runOf(id);
  };
  const runOf = (id: string): Run => ({
    id,
    done: ends.get(id)!.done,
    info: () => find(id),
    pause() {
      halt();
      put(id, { state: 'paused' });
      return Promise.resolve();
    },
    resume() {
      begin(id);
      return Promise.resolve();
    },
    stop({ keep: kept } = { keep: true }) {
      halt();
      put(id, { state: 'stopped', dictionaries: kept ? keep(find(id)) : find(id).dictionaries });
      settle(id);
      return Promise.resolve();
    },
  });
  const busy = () => {
    const other = list.find(({ state }) => state === 'running' || state === 'elsewhere');
    if (other)
      throw new Error(`${other.name} is being trained${other.state === 'elsewhere' ? ' in another tab' : ''}. Pause or stop it first.`);
  };

  return {
    advance,
    async train(config) {
      await refuse('train');
      busy();
      const id = `run-${list.length + 1}-${Math.max(0, ...list.map(({ created }) => created)) + 1}`;
      const created = 1 + Math.max(1_790_000_000_000, ...list.map((run) => run.created));
      const info = fakeRun(config, host.model(), {
        id,
        created,
        updated: created,
        state: 'starting',
        step: 0,
        seconds: 0,
        tokensPerSecond: 0,
      });
      list = [info, ...list];
      changed.tell();
      await new Promise((resolve) => setTimeout(resolve, options.byHand ? 0 : 600));
      return begin(id);
    },
    runs: {
      async list() {
        await refuse('list');
        return list;
      },
      async get(id) {
        await Promise.resolve();
        find(id);
        if (!ends.has(id)) throw new Error('This run does not go on in this tab.');
        return runOf(id);
      },
      async resume(id) {
        await refuse('resume');
        busy();
        const { state, resumes } = find(id);
        put(id, { resumes: state === 'interrupted' ? resumes + 1 : resumes });
        return begin(id);
      },
      async remove(id) {
        await Promise.resolve();
        find(id);
        list = list.filter((run) => run.id !== id);
        changed.tell();
      },
      async history(id) {
        await refuse('history');
        const { plan, step } = find(id);
        return plan ? historyAt(plan, step) : [];
      },
      async estimate(config, { signal } = {}) {
        await refuse('estimate');
        await new Promise((resolve) => setTimeout(resolve, options.byHand ? 0 : 400));
        signal?.throwIfAborted();
        const plan = fakePlan(config, host.model());
        const cost = plan.dictionaries.reduce((sum, { settings }) => sum + settings.d_in * settings.d_sae, 0);
        const speed = tokensPerSecond / (0.4 + cost / 800_000);
        return { tokensPerSecond: speed, seconds: plan.tokens / speed, bytes: 134_000_000 + cost * 24 };
      },
      async preview(id, index = 0) {
        await refuse('preview');
        const info = infoOf(find(id), index, `${id}/${index}/preview`);
        host.join(info);
        return info;
      },
      subscribe: changed.subscribe,
    },
    corpus: {
      async add(name, data) {
        await refuse('add');
        const text = typeof data === 'string' ? data : await data.text();
        if (text.trim() === '') throw new Error(`${name} is empty, so it was not added.`);
        const corpus: CorpusInfo = {
          name,
          source: 'added',
          bytes: new TextEncoder().encode(text).length,
          documents: text.split('<|endoftext|>').length,
        };
        corpora = [...corpora.filter((other) => other.name !== name), corpus];
        texts.tell();
        return { corpus, warnings: [] };
      },
      async list() {
        await refuse('corpus');
        return corpora;
      },
      async remove(name) {
        await Promise.resolve();
        corpora = corpora.filter((corpus) => corpus.name !== name);
        texts.tell();
      },
      subscribe: texts.subscribe,
    },
  };
}

function infoOf(run: RunInfo, index: number, id: string): DictionaryInfo {
  const { name, hook, settings } = run.plan!.dictionaries[index];
  return {
    id,
    hash: `sha256-${id}`,
    label: name,
    architecture: settings.architecture,
    hook,
    model: run.plan!.model.id,
    d_in: settings.d_in,
    d_sae: settings.d_sae,
    bytes: settings.d_in * settings.d_sae * 8,
    source: 'files',
    fits: true,
  };
}
