/** A trained state as a dictionary for raw activations, in SAELens's form: the run's scale is folded into the weights. */
import { architectureOf, type TrainableConfig } from '../../core/train/architectures/index.ts';
import type { FoldFrame } from '../../core/train/descriptor.ts';
import type { Parameters } from '../../core/train/types.ts';
import { createBlob, packDictionary } from '../../core/formats/dictionaries/write.ts';
import { writeSafetensors } from '../../core/formats/safetensors.ts';
import type { OpenedDictionary } from '../../core/formats/dictionaries/opened.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';

/** What the dictionary's file says of where it belongs. */
export interface FoldPlace {
  hook: string;
  model: string;
  n_ctx: number;
  corpus: string;
}

/** Added before the logarithm of a density (SAELens). */
const DENSITY_FLOOR = 1e-10;

/**
 * @param scale rows were multiplied by it before training; 1 gives the dictionary of scaled rows
 * @returns in a form that can be read: its architecture's `fold` says which
 */
export function foldTrained(settings: TrainableConfig, parameters: Parameters, scale: number, place: FoldPlace): Dictionary {
  const { d_in, d_sae } = settings;
  const frame: FoldFrame = {
    d_in,
    d_sae,
    d_out: d_in,
    dtype: 'float32',
    normalize_activations: 'none',
    reshape_activations: place.hook.endsWith('hook_z') ? 'hook_z' : 'none',
    hook_name: place.hook,
    hook_name_out: null,
    model_name: place.model,
    sae_lens_version: null,
    context_size: place.n_ctx,
    prepend_bos: false,
    dataset_path: place.corpus,
    training_checkpoint: false,
  };
  return architectureOf(settings).fold(settings, parameters, scale, frame);
}

/**
 * The dictionary's files: weights, settings, training record, densities.
 * @param density share of rows each latent fired on; null: nobody counted. [d_sae]
 */
export function packTrained(dictionary: Dictionary, name: string, record: object, density: Float32Array | null): OpenedDictionary {
  const opened = packDictionary(dictionary, name, {}, record);
  if (!density) return opened;
  const sparsity = density.map((share) => Math.log10(share + DENSITY_FLOOR));
  const bytes = new Uint8Array(sparsity.buffer);
  const parts = writeSafetensors([{ name: 'sparsity', dtype: 'F32', shape: [sparsity.length], data: createBlob(bytes) }]);
  return { ...opened, sparsity, extras: [...opened.extras, { name: 'sparsity.safetensors', data: createBlob(joinSmall(parts, bytes)) }] };
}

/** Header pieces and the one tensor behind them. */
function joinSmall(parts: ReturnType<typeof writeSafetensors>, tensor: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const pieces = parts.map((part) => (part instanceof Uint8Array ? part : tensor));
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
