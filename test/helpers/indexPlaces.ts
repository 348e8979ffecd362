/** Every token of some documents with what a dictionary makes of it, window by window, without an index. */
import { getPlan, withFloors } from '../../src/core/sae/plan.ts';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import { encodeRows } from '../../src/engine/model/encodeRows.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { run } from '../../src/engine/model/run.ts';
import { cutWindows } from '../../src/engine/study/featureIndex.ts';
import type { SaeEngine } from '../../src/kernels/engine.ts';
import type { Place } from './bruteIndex.ts';

interface Reading {
  model: HookedModel;
  engine: SaeEngine;
  documents: readonly ArrayLike<number>[];
  /** At most. */
  tokens: number;
}

export interface WindowRead {
  document: number;
  start: number;
  ids: number[];
  /** The hook's. [length, d_in] */
  acts: Float32Array;
  /** Pre-activations, and values, 0 where a latent is off. [length, d_sae] */
  p: Float32Array;
  values: Float32Array;
}

/** Of each latent all tokens; `windows` are what they were made of. */
export async function readPlaces(
  { model, engine, documents, tokens }: Reading,
  dictionary: Dictionary,
): Promise<{ windows: WindowRead[]; placesOf: (latent: number) => Place[] }> {
  const { d_sae, hook_name } = dictionary.config;
  const all = getPlan(dictionary).isSigned ? undefined : withFloors(dictionary, new Float64Array(d_sae).fill(-Infinity));
  const windows: WindowRead[] = [];
  for (const { document, start, length } of cutWindows(documents, model.config.n_ctx, tokens)) {
    const ids = Array.from({ length }, (_, i) => documents[document][start + i]);
    const { acts } = await run(model, { ids: [ids], isBatch: true }, { read: [hook_name!] });
    const { data } = acts[hook_name!];
    const fired = await encodeRows(engine, dictionary, data);
    const values = new Float32Array(length * d_sae);
    for (let r = 0; r < length; r++)
      for (let e = fired.rows[r]; e < fired.rows[r + 1]; e++) values[r * d_sae + fired.latents[e]] = fired.values[e];
    // Signed latents are on everywhere, so that their values are their pre-activations.
    const p = all ? (await encodeRows(engine, all, data)).values : values;
    windows.push({ document, start, ids, acts: data, p, values });
  }
  return { windows, placesOf: (latent) => windows.flatMap((window) => placesIn(window, latent, d_sae)) };
}

function placesIn({ document, start, ids, p, values: all }: WindowRead, latent: number, d_sae: number): Place[] {
  const values = ids.map((_, i) => all[i * d_sae + latent]);
  return ids.map((_, i) => ({
    document,
    position: start + i,
    ids,
    values,
    place: i,
    value: values[i] || p[i * d_sae + latent],
    fires: values[i] !== 0,
  }));
}
