/** A trained state as a dictionary for raw activations, in SAELens's form: the run's scale is folded into the weights. */
import type { TrainableConfig } from '../../core/train/architectures/index.ts';
import { take, type Numbers, type Parameters } from '../../core/train/types.ts';
import { createBlob, packDictionary, writeSafetensors } from '../../core/formats/dictionaries/write.ts';
import { foldTied } from '../../core/sae/fold.ts';
import type { OpenedDictionary } from '../../core/formats/dictionaries/opened.ts';
import type { Dictionary, DictionaryConfig, DictionaryTensors } from '../../core/sae/dictionary.ts';

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
 * @returns tied as "standard" (SAELens has no tied form), the others as they are
 */
export function foldTrained(settings: TrainableConfig, parameters: Parameters, scale: number, place: FoldPlace): Dictionary {
  const { architecture, d_in, d_sae } = settings;
  const config: DictionaryConfig = {
    architecture,
    d_in,
    d_sae,
    d_out: d_in,
    dtype: 'float32',
    apply_b_dec_to_input: architecture !== 'tied',
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
    ...(architecture === 'topk' && { k: settings.k, rescale_acts_by_decoder_norm: false }),
  };
  const W_dec = copy(take(parameters, 'W_dec'));
  const b_enc = copy(take(parameters, 'b_enc'));
  if (architecture === 'tied') return foldTied({ config: { ...config, activation_scale: scale }, tensors: { W_dec, b_enc } });
  const tensors: DictionaryTensors = {
    W_enc: transpose(take(parameters, 'W_enc'), d_sae, d_in, scale),
    W_dec: W_dec.map((v) => v / scale),
    b_enc,
    b_dec: copy(take(parameters, 'b_dec')).map((v) => v / scale),
  };
  return { config, tensors };
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

function copy(values: Numbers): Float32Array<ArrayBuffer> {
  return Float32Array.from(values);
}

/** [rows, width] to [width, rows], times a factor. */
function transpose(matrix: Numbers, rows: number, width: number, factor: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows * width);
  for (let r = 0; r < rows; r++) for (let i = 0; i < width; i++) out[i * rows + r] = matrix[r * width + i] * factor;
  return out;
}
