/** One clean pass of each context: residuals between blocks, keys and values, and what dictionaries make of their hooks. */
import { throwIfStopped, type Stop } from '../../../core/errors.ts';
import { Columns } from '../../../core/interp/causal/amounts.ts';
import { blockHook, type Hook } from '../../../core/lm/hooks.ts';
import type { Dictionary } from '../../../core/sae/dictionary.ts';
import type { Latents } from '../../../core/sae/latents.ts';
import type { SaeEngine } from '../../../kernels/engine.ts';
import { encodeRows } from '../../model/encodeRows.ts';
import { disposeCache, forward } from '../../model/forward.ts';
import type { KeyValues } from '../../model/forwardJob.ts';
import type { HookedModel } from '../../model/hookedModel.ts';
import { placeOf } from './sites.ts';

export interface Machine {
  model: HookedModel;
  engine: SaeEngine;
  stop?: Stop;
}

/** Of a job that has more. */
export function partsOf({ model, engine, stop }: Machine): Machine {
  return { model, engine, ...(stop && { stop }) };
}

/** Keys and values of a block, [heads, pos, d_head] each. */
export interface BlockKeys {
  k: Float32Array;
  v: Float32Array;
}

export interface ContextBase {
  ids: readonly number[];
  /** What enters each block, and the last residual. [pos, d_model] each */
  entering: Float32Array[];
  keys: BlockKeys[];
  /** Values of hooks that are no residual. [pos, F] */
  inner: Map<string, Float32Array>;
  codes: Map<Dictionary, { latents: Latents; columns: Columns }>;
  bytes: number;
}

/** @param until blocks run. @throws AbortedError; EngineError */
export async function runBase(
  machine: Machine,
  ids: readonly number[],
  dictionaries: readonly { dictionary: Dictionary; hook: Hook }[],
  until: number,
): Promise<ContextBase> {
  const { model, stop } = machine;
  const inner = new Map<string, Float32Array>();
  const entering: Float32Array[] = [];
  const residuals = Array.from({ length: until }, (_, layer) => blockHook(layer, 'hook_resid_pre'));
  const hooks = dictionaries.map(({ hook }) => hook).filter((hook) => placeOf(hook) === undefined);
  const cache: KeyValues = { length: 0, k: [], v: [] };
  const last = await forward({
    model,
    at: { firstRow: 0, rows: 1, firstPos: 0, pos: ids.length, lengths: [ids.length] },
    ids: [ids],
    edits: new Map(),
    reads: new Set([...residuals, ...hooks.map(({ name }) => name)]),
    onRead: (hook, values) => {
      const layer = residuals.indexOf(hook);
      if (layer >= 0) entering[layer] = values.slice();
      else inner.set(hook, values.slice());
    },
    until,
    cache,
    ...(stop && { stop }),
  });
  try {
    entering[until] = (await model.runtime.read(last)).slice();
    const keys = await readKeys(model, cache);
    const base: ContextBase = { ids, entering, keys, inner, codes: new Map(), bytes: 0 };
    for (const { dictionary, hook } of dictionaries) {
      const latents = await encodeRows(machine.engine, dictionary, valuesAt(base, hook), stop);
      base.codes.set(dictionary, { latents, columns: new Columns(latents) });
      throwIfStopped(stop);
    }
    base.bytes = bytesOf(base);
    return base;
  } finally {
    model.runtime.dispose(last);
    disposeCache(model, cache);
  }
}

/** Values of a hook that was read. [pos, F] */
export function valuesAt({ entering, inner }: ContextBase, hook: Hook): Float32Array {
  const place = placeOf(hook);
  return place === undefined ? inner.get(hook.name)! : entering[place];
}

/** A token's row of [pos, F]; the last unless said. */
export function rowOf(values: Float32Array, length: number, position = length - 1): Float32Array {
  const F = values.length / length;
  return values.subarray(position * F, (position + 1) * F);
}

/** Takes keys and values from a cache into memory; the cache is empty then. */
export async function readKeys({ runtime }: HookedModel, cache: KeyValues): Promise<BlockKeys[]> {
  const keys: BlockKeys[] = [];
  for (const layer of cache.k.keys()) {
    const [k, v] = [cache.k[layer], cache.v[layer]];
    keys[layer] = k && v ? { k: await runtime.read(k), v: await runtime.read(v) } : NO_KEYS;
  }
  cache.k.length = 0;
  cache.v.length = 0;
  return keys;
}

const NO_KEYS: BlockKeys = { k: new Float32Array(0), v: new Float32Array(0) };

function bytesOf({ entering, keys, inner, codes }: ContextBase): number {
  const arrays = [...entering, ...keys.flatMap(({ k, v }) => [k, v]), ...inner.values()];
  // A latent that fires: index, value; position and value again by latent.
  const entries = [...codes.values()].reduce((sum, { latents }) => sum + 24 * latents.latents.length, 0);
  return arrays.reduce((sum, { byteLength }) => sum + byteLength, entries);
}
