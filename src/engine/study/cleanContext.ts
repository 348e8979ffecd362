/** One unedited pass over a text, and what its candidates go on from. */
import type { Dictionary } from '../../core/sae/dictionary.ts';
import { encodeBlocked } from '../../core/sae/encodeBlocked.ts';
import type { Latents } from '../../core/sae/latents.ts';
import { blockHook, parseHook } from '../../core/lm/hooks.ts';
import { disposeCache, forward } from '../model/forward.ts';
import type { ForwardJob, KeyValues } from '../model/forwardJob.ts';
import { encodeRows } from '../model/encodeRows.ts';
import type { CandidatesJob, Values } from './candidates.ts';
import type { CandidateNeeds, Start } from './candidateRows.ts';
import { readFinal } from './finalReading.ts';
import type { HookReading, Reading } from './reading.ts';

export interface CleanContext {
  index: number;
  ids: readonly number[];
  /** Residual at each start, by the first edited hook. [pos, d_model] */
  resids: ReadonlyMap<string, Float32Array>;
  /** By layer, where candidates may continue from a prefix; empty below the first block that they run. [heads, pos, d_head] */
  keys: readonly { k: Float32Array; v: Float32Array }[];
  /** Latents of the text before any edit. */
  codes: ReadonlyMap<Dictionary, Latents>;
  values: Values;
  /** Of all this. */
  bytes: number;
}

/** Bytes that a context's clean values take, latents aside: those are counted once they are known. */
export function cleanBytes({ model: { config }, contexts }: CandidatesJob, reading: Reading, needs: CandidateNeeds, index: number): number {
  const { length } = contexts[index];
  const { d_model: D, d_vocab: V } = config;
  const kept = length * D * (needs.starts.length + 2 * Math.max(0, reading.until - firstBlock(needs)));
  const acts = reading.hooks.reduce((sum, { F, positions }) => sum + positions[index].length * F, 0);
  return 4 * (kept + acts + reading.logits[index].length * V);
}

/** @throws AbortedError between blocks; EngineError */
export async function runClean(job: CandidatesJob, reading: Reading, needs: CandidateNeeds, index: number): Promise<CleanContext> {
  const { model, stop } = job;
  const ids = job.contexts[index];
  const resids = new Map<string, Float32Array>();
  const codes = new Map<Dictionary, Latents>();
  const acts: Values['acts'] = {};
  const arrived = new Map<string, Float32Array>();
  const places = new Map(needs.starts.map((start) => [start.first.name, placeOf(start)]));
  const read = [...places.values(), ...needs.dictionaries.keys(), ...reading.hooks.map(({ hook }) => hook.name)];
  const cache: KeyValues = { length: 0, k: [], v: [] };
  const resid = await forward({
    model,
    at: { firstRow: 0, rows: 1, firstPos: 0, pos: ids.length, lengths: [ids.length] },
    ids: [ids],
    edits: new Map(),
    reads: new Set(read),
    onRead: (hook, values) => arrived.set(hook, values.slice()),
    until: Math.max(reading.until, ...[...needs.starts.map(({ first }) => first.name), ...needs.dictionaries.keys()].map(blockAfter(job))),
    cache,
    ...(stop && { stop }),
  } satisfies ForwardJob);
  try {
    for (const [first, place] of places) resids.set(first, arrived.get(place)!);
    for (const [hook, dictionaries] of needs.dictionaries) {
      for (const dictionary of dictionaries) codes.set(dictionary, await encode(job, dictionary, arrived.get(hook)!));
    }
    for (const wanted of reading.hooks) {
      const values = arrived.get(wanted.hook.name);
      if (values) acts[wanted.hook.name] = pick(wanted, index, values);
    }
    const values: Values = { acts };
    await readFinal(job, reading, [index], await model.runtime.read(resid), ids.length, 0, (_, final) => {
      Object.assign(
        acts,
        Object.fromEntries(Object.entries(final.acts).map(([hook, { data, shape }]) => [hook, { data: data.slice(), shape }])),
      );
      if (final.logits) values.logits = { data: final.logits.data.slice(), shape: final.logits.shape };
    });
    const keys = (job.sharePrefix ?? true) ? await readKeys(job, cache, firstBlock(needs)) : [];
    return { index, ids, resids, keys, codes, values, bytes: bytesOf(resids, keys, codes, values) };
  } finally {
    model.runtime.dispose(resid);
    disposeCache(model, cache);
  }
}

/** The first block that any candidate runs. */
function firstBlock({ starts }: CandidateNeeds): number {
  return Math.min(...starts.map(({ layer }) => layer));
}

/** One past the block that a hook belongs to. */
function blockAfter({ model: { config } }: CandidatesJob): (hook: string) => number {
  return (hook) => parseHook(hook, config.n_layers).layer + 1;
}

/** The residual hook whose clean value a start goes on from. */
function placeOf({ visit, layer }: Start): string {
  return visit ?? blockHook(layer, 'hook_resid_pre');
}

async function encode({ engine, stop }: CandidatesJob, dictionary: Dictionary, x: Float32Array): Promise<Latents> {
  return engine ? encodeRows(engine, dictionary, x, stop) : encodeBlocked(dictionary, x);
}

/** The positions asked for of a context's values [pos, F]. */
function pick({ F, positions }: HookReading, context: number, values: Float32Array): Values['acts'][string] {
  const wanted = positions[context];
  const data = new Float32Array(wanted.length * F);
  wanted.forEach((p, slot) => data.set(values.subarray(p * F, (p + 1) * F), slot * F));
  return { data, shape: [wanted.length, F] };
}

async function readKeys({ model: { runtime } }: CandidatesJob, { k, v }: KeyValues, from: number): Promise<CleanContext['keys']> {
  const keys: { k: Float32Array; v: Float32Array }[] = [];
  const none = new Float32Array(0);
  for (const layer of k.keys()) {
    if (layer < from) runtime.dispose(k[layer], v[layer]);
    keys.push(layer < from ? { k: none, v: none } : { k: await runtime.read(k[layer]), v: await runtime.read(v[layer]) });
  }
  k.length = 0;
  v.length = 0;
  return keys;
}

function bytesOf(
  resids: CleanContext['resids'],
  keys: CleanContext['keys'],
  codes: CleanContext['codes'],
  { acts, logits }: Values,
): number {
  const arrays = [
    ...resids.values(),
    ...keys.flatMap(({ k, v }) => [k, v]),
    ...[...codes.values()].flatMap(({ rows, latents, values, scale, shift }) => [rows, latents, values, scale, shift]),
    ...Object.values(acts).map(({ data }) => data),
    logits?.data,
  ];
  return arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
}
