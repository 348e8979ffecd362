/** Effects by one full forward pass for each parent and context: nothing batched, nothing shared, nothing left out. */
import { join } from 'node:path';
import type { Edit } from '../../src/api/model.ts';
import { createRandom } from '../../src/core/array/random.ts';
import { effectOf, type Mode } from '../../src/core/interp/causal/effect.ts';
import { parseHook } from '../../src/core/lm/hooks.ts';
import { decoderVector } from '../../src/core/sae/decode.ts';
import type { DictionaryConfig } from '../../src/core/sae/dictionary.ts';
import { encode } from '../../src/core/sae/encode.ts';
import { columnOf, toDense } from '../../src/core/sae/latents.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { run } from '../../src/engine/model/run.ts';
import type { NamedDictionary } from '../../src/engine/study/causal/sources.ts';
import { createDictionary } from '../unit/sae/helpers.ts';
import { MODELS } from './goldens.ts';

export const TINY = join(MODELS, 'tiny-neox');
export const BLOCK = (layer: number, site: string) => `blocks.${layer}.${site}`;

/** A random dictionary of tiny-neox; about a third of its latents fire at a token. */
export function randomNamed(hook: string, seed: number, stated: Partial<DictionaryConfig> = {}): NamedDictionary {
  const d_in = hook.includes('mlp.hook_post') ? 128 : 32;
  const dictionary = createDictionary({ architecture: 'standard', d_in, d_out: d_in, d_sae: 24, hook_name: hook, ...stated }, seed);
  // Residuals of this model are small; encoders are made to feel them.
  const { W_enc, b_enc } = dictionary.tensors;
  if (W_enc) dictionary.tensors.W_enc = W_enc.map((w) => 4 * w);
  if (b_enc) dictionary.tensors.b_enc = b_enc.map((b) => b - 0.1);
  return { id: `${hook} ${seed}`, dictionary, key: `${hook} ${seed}` };
}

export function randomIds(seed: number, lengths: readonly number[]): number[][] {
  const random = createRandom(seed);
  return lengths.map((n) => Array.from({ length: n }, () => Math.floor(random() * 300)));
}

export interface Brute {
  model: HookedModel;
  target: { named: NamedDictionary; latent: number };
  contexts: readonly (readonly number[])[];
  mode: Mode;
  /** Whose values each context takes. */
  donors?: readonly number[];
}

/** Values of a hook in a text. [pos, F] */
export async function readHook(
  { model }: Pick<Brute, 'model'>,
  ids: readonly number[],
  hook: string,
  edits: Edit[] = [],
  named?: NamedDictionary,
) {
  const dictionaries = new Map(named ? [[named.id, named.dictionary]] : []);
  const { acts } = await run(model, { ids: [[...ids]], isBatch: false }, { read: [hook], edits, dictionaries });
  return acts[hook].data;
}

/** The target's activation at the last token under edits. */
export async function activationOf(brute: Brute, ids: readonly number[], edits: Edit[] = [], named?: NamedDictionary): Promise<number> {
  const { dictionary } = brute.target.named;
  const x = await readHook(brute, ids, dictionary.config.hook_name!, edits, named);
  return columnOf(encode(dictionary, x), brute.target.latent)[ids.length - 1];
}

/** [contexts]; null where the target is off. @param edits of a context */
export async function effectsOf(
  brute: Brute,
  edits: (context: number) => Edit[] | Promise<Edit[]>,
  named?: NamedDictionary,
): Promise<(number | null)[]> {
  const each: (number | null)[] = [];
  for (const [context, ids] of brute.contexts.entries()) {
    const clean = await activationOf(brute, ids);
    each.push(clean === 0 ? null : effectOf(brute.mode, clean, await activationOf(brute, ids, await edits(context), named)));
  }
  return each;
}

/** A latent's values in every context. [contexts][pos, d_sae] */
export async function codesOf(brute: Brute, { dictionary }: NamedDictionary): Promise<Float32Array[]> {
  const dense: Float32Array[] = [];
  for (const ids of brute.contexts) dense.push(toDense(encode(dictionary, await readHook(brute, ids, dictionary.config.hook_name!))));
  return dense;
}

/** What the mode does to a parent, as edits of the public kind. */
export function parentEdits(
  brute: Brute,
  { id, dictionary }: NamedDictionary,
  codes: readonly Float32Array[],
  latent: number,
  mean: number,
) {
  const n = dictionary.config.d_sae;
  return (context: number): Edit[] => {
    const pos = brute.contexts[context].length;
    switch (brute.mode) {
      case 'zero':
        return [{ dictionary: id, latent, op: 'ablate' }];
      case 'mean':
        return [{ dictionary: id, latent, op: 'set', value: mean }];
      case 'resample': {
        const from = brute.donors![context];
        const shift = brute.contexts[from].length - pos;
        const data = Float32Array.from({ length: pos }, (_, p) => (p + shift >= 0 ? codes[from][(p + shift) * n + latent] : 0));
        return [{ dictionary: id, op: 'patch', latents: [latent], values: { data, shape: [1, pos] } }];
      }
      case 'restore': {
        const latents = Array.from({ length: n }, (_, j) => j).filter((j) => j !== latent);
        return [{ dictionary: id, op: 'patch', latents, values: { data: new Float32Array(latents.length), shape: [latents.length] } }];
      }
    }
  };
}

/** The embedding with one token's part changed. */
export function tokenEdits(brute: Brute, token: number, mean: number) {
  const { model, contexts, mode, donors } = brute;
  const D = model.config.d_model;
  return (context: number): Edit[] => {
    const ids = contexts[context];
    const data = new Float32Array(ids.length * D);
    ids.forEach((id, p) => {
      const own = id === token ? 1 : 0;
      const other = donors && contexts[donors[context]];
      const there = other?.[p + other.length - ids.length] === token ? 1 : 0;
      const amount = { zero: -own, mean: mean - own, resample: there - own, restore: own }[mode];
      for (let i = 0; i < D; i++) {
        const clean = mode === 'restore' ? 0 : model.embedding[id * D + i];
        data[p * D + i] = clean + amount * model.embedding[token * D + i];
      }
    });
    return [{ hook: 'hook_embed', op: 'set', value: { data, shape: [ids.length, D] } }];
  };
}

/** −c·r wherever the latent fires, in the mode zero. */
export function directionEdits(
  brute: Brute,
  { dictionary }: NamedDictionary,
  codes: readonly Float32Array[],
  latent: number,
  r: Float32Array,
) {
  return (context: number): Edit[] =>
    [...brute.contexts[context].keys()].flatMap((p): Edit[] => {
      const c = codes[context][p * dictionary.config.d_sae + latent];
      return c === 0 ? [] : [{ hook: dictionary.config.hook_name!, op: 'add', vector: r.map((x) => -c * x), positions: [p] }];
    });
}

export const normOf = (named: NamedDictionary, latent: number) => Math.hypot(...decoderVector(named.dictionary, latent));
export const layerOf = (named: NamedDictionary) => parseHook(named.dictionary.config.hook_name!, 99).layer;
