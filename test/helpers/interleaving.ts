/**
 * Random calls of the scripting interface, overlapping freely: valid and invalid ones, some stopped at a random time,
 * models loaded in between. Every answer is compared with the one the same call gave when made alone. For any engine.
 */
import { expect } from 'vitest';
import type { Edit, Input, LogitRows, ModelInfo } from '../../src/api/model.ts';
import type { FeaturescopeApi } from '../../src/api/featurescope.ts';
import { createRandom } from '../../src/core/array/random.ts';
import { relativeToTolerance } from './goldens.ts';
import type { Engine } from './modelSuite.ts';

export interface InterleavingEngine extends Engine {
  /** `signal` stops the load; an engine that ignores it has its loads run to the end. */
  load(folder: string, paths: readonly string[], signal?: AbortSignal): Promise<ModelInfo>;
  /** Counts of sessions, device buffers and calls held where the model is. */
  live(): Promise<Live>;
}

type Live = { sessions: number; buffers: number; calls: number };

export interface InterleavingOptions {
  calls: number;
  /** In units of design D5: 1e-4 on WASM, 5e-4 on WebGPU. */
  tolerance: number;
  seed: number;
  /** Calls in flight at most. */
  width?: number;
}

/** How many calls ended in each way, so that a test can ask for some of all. */
export interface InterleavingCounts {
  answered: number;
  refused: number;
  aborted: number;
  /** Aborted too late: the answer came, and was right. */
  answeredAnyway: number;
  loads: number;
}

const MODELS = {
  main: { folder: 'tiny-neox', paths: ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'] },
  // Wider, fewer layers, no tokenizer: many calls that one of the two takes the other refuses.
  other: { folder: 'tiny-neox-rot8', paths: ['config.json', 'model.safetensors'] },
} as const;
type ModelName = keyof typeof MODELS;
const REFUSED = { folder: 'tiny-neox-sequential', paths: ['config.json', 'model.safetensors'] };

type Call = (api: FeaturescopeApi, signal?: AbortSignal) => Promise<unknown>;
type Outcome = { value: unknown } | { code: string; message: string };

/** How long calls may be aborted after, and how long to pause between starting two; most of these calls take 1 to 20 ms. */
const MOMENT_MS = 8;
/** Aborted calls may still be computing when they have been rejected; after this long they hang. */
const DRAIN_MS = 20_000;

export async function checkInterleaving(
  engine: InterleavingEngine,
  { calls, tolerance, seed, width = 12 }: InterleavingOptions,
): Promise<InterleavingCounts> {
  const random = createRandom(seed);
  const planned = Array.from({ length: calls }, () => planCall(random));
  const load = (name: ModelName, signal?: AbortSignal) => engine.load(MODELS[name].folder, MODELS[name].paths, signal);

  const hashes: Partial<Record<ModelName, string>> = {};
  const alone: Record<ModelName, Outcome[]> = { main: [], other: [] };
  for (const name of ['other', 'main'] as const) {
    hashes[name] = (await load(name)).hash;
    for (const call of planned) alone[name].push(await settle(call(engine.api)));
  }
  const rest = await drained(engine);

  const counts: InterleavingCounts = { answered: 0, refused: 0, aborted: 0, answeredAnyway: 0, loads: 0 };
  const history = new LoadHistory('main');
  const inFlight = new Set<Promise<void>>();
  const failures: string[] = [];

  const makeCall = async (index: number) => {
    const { signal, release } = maybeAbort(random);
    const from = history.now();
    const outcome = await settle(planned[index](engine.api, signal));
    release();
    const models = history.models(from, history.now());
    const matches = models.some((model) => isSame(outcome, alone[model][index], tolerance));
    if (signal && isAbort(outcome)) counts.aborted++;
    else if (!matches)
      failures.push(
        `call ${index} on ${models.join(' or ')}: got ${describe(outcome)}, alone ${models.map((m) => describe(alone[m][index])).join(' or ')}`,
      );
    else if (signal?.aborted && 'value' in outcome) counts.answeredAnyway++;
    else if ('value' in outcome) counts.answered++;
    else counts.refused++;
  };
  const makeLoad = async () => {
    const name: ModelName = random() < 0.5 ? 'main' : 'other';
    if (random() < 0.25) {
      const outcome = await settle(engine.load(REFUSED.folder, REFUSED.paths));
      if (!('code' in outcome) || !/sequential residual/.test(outcome.message)) failures.push(`refused load: ${describe(outcome)}`);
      return;
    }
    const { signal, release } = maybeAbort(random);
    const entry = history.start(name);
    const outcome = await settle(load(name, signal));
    release();
    history.end(entry, 'value' in outcome);
    if ('value' in outcome) {
      counts.loads++;
      if ((outcome.value as ModelInfo).hash !== hashes[name]) failures.push(`load of ${name}: another model's hash`);
    } else if (!(signal && isAbort(outcome))) failures.push(`load of ${name}: ${describe(outcome)}`);
  };

  for (let index = 0; index < calls; index++) {
    const work: Promise<void>[] = [makeCall(index)];
    if (random() < 0.05) work.push(makeLoad());
    for (const promise of work) {
      inFlight.add(promise);
      void promise.finally(() => inFlight.delete(promise));
    }
    while (inFlight.size >= width) await Promise.race(inFlight);
    if (random() < 0.3) await pause(random() * MOMENT_MS);
  }
  await Promise.all(inFlight);
  expect(failures).toEqual([]);

  // What the page believes to be loaded is what answers.
  const current = Object.entries(hashes).find(([, hash]) => hash === engine.api.models.current().hash)?.[0] as ModelName;
  const probe = await settle(planned[0](engine.api));
  expect(isSame(probe, alone[current][0], tolerance), `${current} is current but does not answer`).toBe(true);
  await load('main');
  expect(await drained(engine, rest)).toEqual(rest);
  return counts;
}

/** Which models a call may have met: loads overlap calls, and a stopped load may still have taken effect. */
class LoadHistory {
  readonly #loads: { model: ModelName; start: number; end: number; done: boolean; failed: boolean }[];
  #clock = 0;

  constructor(first: ModelName) {
    this.#loads = [{ model: first, start: -1, end: 0, done: true, failed: false }];
  }

  now(): number {
    return ++this.#clock;
  }

  start(model: ModelName): number {
    return this.#loads.push({ model, start: this.now(), end: Infinity, done: false, failed: false }) - 1;
  }

  end(entry: number, done: boolean): void {
    Object.assign(this.#loads[entry], { end: this.now(), done });
  }

  models(from: number, to: number): ModelName[] {
    const possible = this.#loads.filter(({ start }, i) => {
      // Loads happen in the order asked for, so one that came later and was whole before the call began hides this one.
      const hidden = this.#loads.some((later, j) => j > i && later.done && later.end < from);
      return start < to && !hidden;
    });
    return [...new Set(possible.map(({ model }) => model))];
  }
}

function planCall(random: () => number): Call {
  const int = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[int(list.length)];
  const ids = (n: number) => Array.from({ length: n }, () => int(300));
  const hooks = ['hook_embed', 'ln_final.hook_normalized', ...[0, 1].flatMap((layer) => SITES.map((site) => `blocks.${layer}.${site}`))];
  const edits = (): Edit[] =>
    Array.from({ length: int(3) }, () =>
      random() < 0.9
        ? { hook: `blocks.${int(2)}.${pick(EDITABLE)}`, op: 'scale', factor: random() * 2 }
        : { hook: `blocks.${int(2)}.hook_resid_post`, op: 'add', vector: Float32Array.from({ length: pick([32, 64]) }, random) },
    );
  const input = (isBatch = random() < 0.3): Input => {
    if (isBatch) return { batch: Array.from({ length: 1 + int(4) }, () => ids(1 + int(12))) };
    return pick<() => Input>([
      () => ({ ids: ids(1 + int(20)) }),
      () => ({ ids: ids(1 + int(20)), prepend_bos: true }),
      () => ({ ids: ids(1 + int(8)) }),
      () => ({ text: pick(['The rain and the river', 'naïve 🦊', 'a']) }),
    ])();
  };
  const options = () => ({
    read: hooks.filter(() => random() < 0.15),
    edits: edits(),
    logits: pick<LogitRows>(['none', 'last', 'all', [0]]),
  });
  const valid: (() => Call)[] = [
    () => bind((api, signal, [i, o]: [Input, object]) => api.run(i, { ...o, ...signal }), [input(), options()]),
    () => bind((api, signal, [i, o]: [Input, object]) => api.run(i, { ...o, ...signal }), [input(), options()]),
    () =>
      bind(
        (api, signal, [i, o]: [Input, object]) => api.predict(i, { ...o, ...signal }),
        [input(false), { k: 1 + int(8), edits: edits() }],
      ),
    () => {
      const sampling = random() < 0.5 ? { temperature: 1, top_k: int(20), seed: int(1000) } : {};
      const o = { tokens: int(8), edits: edits(), ...sampling };
      return bind((api, signal, [i]: [Input]) => api.generate(i, { ...o, ...signal }), [input(false)]);
    },
    () => bind((api, _, [text]: [string]) => api.tokenize(text), [pick(['The rain', '', 'e\u0301 🦊'])]),
  ];
  const invalid: (() => Call)[] = [
    () => bind((api) => api.run({ ids: [1, 2] }, { read: ['blocks.0.hook_resid_mid'] }), []),
    () => bind((api) => api.run({ ids: [300] }, {}), []),
    () => bind((api) => api.run({ ids: [] }, {}), []),
    () => bind((api) => api.run({ ids: new Array<number>(129).fill(3) }, {}), []),
    () => bind((api) => api.run({ batch: [[1], [2, 3]] }, { edits: [{ hook: 'hook_embed', op: 'scale', factor: NaN }] }), []),
    () => bind((api) => api.run({ ids: [1] }, { from: { layer: 9, resid: { data: new Float32Array(32), shape: [1, 32] } } }), []),
    () => bind((api) => api.predict({ batch: [[1]] }), []),
    () => bind((api) => api.generate({ ids: [1] }, { tokens: 128 }), []),
    () =>
      bind((api) => api.generate({ ids: [1] }, { tokens: 2, edits: [{ hook: 'hook_embed', op: 'add', vector: new Float32Array(5) }] }), []),
    () => bind((api) => api.models.load('no-such-model'), []),
  ];
  return pick(random() < 0.15 ? invalid : valid)();
}

const EDITABLE = [
  'hook_resid_pre',
  'attn.hook_v',
  'attn.hook_pattern',
  'attn.hook_z',
  'hook_attn_out',
  'mlp.hook_pre',
  'mlp.hook_post',
  'hook_mlp_out',
];
const SITES = [...EDITABLE, 'ln1.hook_normalized', 'hook_resid_post'];

/** A call with its arguments fixed now, so that making it twice makes the same call. */
function bind<A extends unknown[]>(
  make: (api: FeaturescopeApi, signal: { signal?: AbortSignal }, args: A) => Promise<unknown>,
  args: A,
): Call {
  return (api, signal) => make(api, signal ? { signal } : {}, args);
}

/** A signal for one call in four, aborted before, at once, or after a moment. */
function maybeAbort(random: () => number): { signal: AbortSignal | undefined; release: () => void } {
  if (random() < 0.75) return { signal: undefined, release: () => {} };
  const controller = new AbortController();
  const choice = random();
  if (choice < 0.1) controller.abort();
  else if (choice < 0.2) queueMicrotask(() => controller.abort());
  const timer = setTimeout(() => controller.abort(), random() * MOMENT_MS);
  return { signal: controller.signal, release: () => clearTimeout(timer) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function settle(promise: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await promise };
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string };
    return { code: code ?? name, message };
  }
}

function isAbort(outcome: Outcome): boolean {
  return 'code' in outcome && /abort/i.test(outcome.code);
}

function describe(outcome: Outcome): string {
  if ('value' in outcome) return `an answer (${JSON.stringify(outcome.value)?.slice(0, 80)})`;
  return `${outcome.code}: ${outcome.message.slice(0, 120)}`;
}

/** Same kind of end; fp32 numbers within tolerance, everything else equal. */
function isSame(a: Outcome, b: Outcome, tolerance: number): boolean {
  if ('value' in a && 'value' in b) return isClose(a.value, b.value, tolerance);
  return 'code' in a && 'code' in b && a.code === b.code && a.message === b.message;
}

function isClose(a: unknown, b: unknown, tolerance: number): boolean {
  if (a instanceof Float32Array && b instanceof Float32Array) return isCloseArray(a, b, tolerance);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return left.length === right.length && left.every(([key, value]) => isClose(value, (b as Record<string, unknown>)[key], tolerance));
}

/** NaN (the surprise of a first token) must stand where it stood. */
function isCloseArray(a: Float32Array, b: Float32Array, tolerance: number): boolean {
  if (a.length !== b.length || !a.every((x, i) => Number.isNaN(x) === Number.isNaN(b[i]))) return false;
  const known = (x: Float32Array) => x.filter((value) => !Number.isNaN(value));
  return relativeToTolerance(known(a), known(b), tolerance) <= 1;
}

/** The counts once nothing is computing any more and, where `wanted` are given, a replaced model has been released. */
async function drained(engine: InterleavingEngine, wanted?: Live): Promise<Live> {
  let live = await engine.live();
  const busy = () => live.calls > 0 || (wanted !== undefined && live.sessions !== wanted.sessions);
  for (let waited = 0; busy() && waited < DRAIN_MS; waited += 10) {
    await pause(10);
    live = await engine.live();
  }
  return live;
}
