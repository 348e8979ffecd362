/** Where parents come from: a dictionary at its hook, or the tokens at the embedding. */
import { Columns } from '../../../core/interp/causal/amounts.ts';
import type { Hook } from '../../../core/lm/hooks.ts';
import { decode, decoderVector } from '../../../core/sae/decode.ts';
import type { Dictionary } from '../../../core/sae/dictionary.ts';
import type { HookedModel } from '../../model/hookedModel.ts';
import { valuesAt, type ContextBase } from './bases.ts';

export interface Source {
  /** null: tokens. */
  id: string | null;
  hook: Hook;
  /** Tells it apart by its numbers; '' where that cannot be: then nothing is kept. */
  key: string;
  /** By context. */
  columns: Columns[];
  /** What a value of 1 adds to the hook. [F] */
  vector: (latent: number) => Float32Array;
  /** Over the corpus; 0 where none was counted. */
  mean: (latent: number) => number;
  /** What is added to each position of a context when its reconstruction error is taken out, [pos, F]; absent: it has none. */
  minusError?: (context: number) => Float32Array;
}

export interface NamedDictionary {
  id: string;
  dictionary: Dictionary;
  /** Tells it apart by its numbers; '' where that cannot be. */
  key: string;
}

export function dictionarySource(
  { id, key, dictionary }: NamedDictionary,
  hook: Hook,
  bases: readonly ContextBase[],
  means: Float64Array | undefined,
): Source {
  return {
    id,
    hook,
    key,
    columns: bases.map(({ codes }) => codes.get(dictionary)!.columns),
    vector: (latent) => decoderVector(dictionary, latent),
    mean: (latent) => means?.[latent] ?? 0,
    minusError(context) {
      const values = valuesAt(bases[context], hook);
      return decode(dictionary, bases[context].codes.get(dictionary)!.latents).map((value, i) => value - values[i]);
    },
  };
}

/**
 * The embedding as a dictionary without error: a latent for each token of the vocabulary, 1 where that token stands, whose
 * vector is its embedding.
 */
export function tokenSource(
  { embedding, config }: HookedModel,
  hook: Hook,
  contexts: readonly (readonly number[])[],
  means: Float64Array | undefined,
): Source {
  const D = config.d_model;
  return {
    id: null,
    hook,
    key: 'tokens',
    columns: contexts.map(tokenColumns),
    vector: (token) => embedding.slice(token * D, (token + 1) * D),
    mean: (token) => means?.[token] ?? 0,
  };
}

export function tokenColumns(ids: readonly number[]): Columns {
  return new Columns({
    rows: Uint32Array.from({ length: ids.length + 1 }, (_, p) => p),
    latents: Uint32Array.from(ids),
    values: new Float32Array(ids.length).fill(1),
    d_sae: 0,
  });
}
