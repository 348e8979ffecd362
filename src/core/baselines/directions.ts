/** Directions as a dictionary: encoder rows, decoder rows and what is subtracted, in the tensors of SAELens's plain form. */
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { createRandom, fillNormal } from '../array/random.ts';
import { createConfig } from '../formats/dictionaries/convert.ts';
import type { Architecture, Dictionary } from '../sae/dictionary.ts';
import type { BaselineForm, BaselineKind } from './options.ts';
import { dots, transpose } from './products.ts';

export interface Directions {
  /** Numbers of a token. */
  d: number;
  /** c = encoder·(x − mean). [n, d] */
  encoder: Float64Array;
  /** x − mean ≈ c·decoder. [n, d] */
  decoder: Float64Array;
  /** Absent: nothing is subtracted. [d] */
  mean?: Float64Array;
}

/** The axes of a hook. */
export function neuronDirections(d: number): Directions {
  const unit = new Float64Array(d * d);
  for (let i = 0; i < d; i++) unit[i * d + i] = 1;
  return { d, encoder: unit, decoder: unit };
}

/** Rows of a Gaussian brought to norm 1. */
export function randomDirections(n: number, d: number, seed: number): Directions {
  const drawn = new Float32Array(n * d);
  fillNormal(drawn, 0, 1, createRandom(seed));
  const encoder = Float64Array.from(drawn);
  for (let r = 0; r < n; r++) {
    const row = encoder.subarray(r * d, (r + 1) * d);
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    row.forEach((value, i) => (row[i] = value / norm));
  }
  return { d, encoder, decoder: pseudoInverse(encoder, n, d) };
}

/**
 * The pseudo-inverse of a matrix of full rank, turned: R·(RᵀR)⁻¹, or (R·Rᵀ)⁻¹·R for few rows.
 * @param rows [n, d]
 * @returns [n, d]
 */
function pseudoInverse(rows: Float64Array, n: number, d: number): Float64Array {
  const turned = transpose(rows, n, d);
  const few = n < d;
  const size = few ? n : d;
  const gram = few ? dots(rows, rows, d) : dots(turned, turned, n);
  const cholesky = new CholeskyDecomposition(Matrix.from1DArray(size, size, gram));
  const solved = cholesky.solve(Matrix.from1DArray(size, few ? d : n, few ? rows : turned));
  const flat = Float64Array.from(solved.to1DArray());
  return few ? flat : transpose(flat, d, n);
}

/** The architecture's name. Neurons have both signs by themselves, random directions one. */
function architectureOf(kind: BaselineKind, form: BaselineForm): Architecture {
  if (kind === 'neurons' || kind === 'random' || form === 'signed') return kind;
  return `${kind}_${form}`;
}

/** Where it belongs. */
interface Place {
  hook: string;
  model: string;
  n_ctx: number;
  /** Text it was made on; null when none was needed. */
  corpus: string | null;
}

/** @param k features kept of a token, for the form topk */
export function directionsDictionary(kind: BaselineKind, form: BaselineForm, directions: Directions, place: Place, k?: number): Dictionary {
  const isStacked = kind === 'neurons' || form !== 'signed';
  const encoder = isStacked ? bothSigns(directions.encoder) : directions.encoder;
  const decoder = isStacked ? bothSigns(directions.decoder) : directions.decoder;
  const { d, mean } = directions;
  const d_sae = encoder.length / d;
  const config = createConfig({
    architecture: architectureOf(kind, form),
    d_in: d,
    d_sae,
    apply_b_dec_to_input: mean !== undefined,
    reshape_activations: place.hook.endsWith('hook_z') ? 'hook_z' : 'none',
    ...(k !== undefined && { k, rescale_acts_by_decoder_norm: false }),
    hook_name: place.hook,
    model_name: place.model,
    context_size: place.n_ctx,
    prepend_bos: false,
    dataset_path: place.corpus,
  });
  const tensors = {
    W_enc: Float32Array.from(transpose(encoder, d_sae, d)),
    W_dec: Float32Array.from(decoder),
    b_dec: mean ? Float32Array.from(mean) : new Float32Array(d),
    b_enc: new Float32Array(d_sae),
  };
  return { config, tensors };
}

/** Rows, then the same rows turned round. */
function bothSigns(rows: Float64Array): Float64Array {
  const both = new Float64Array(2 * rows.length);
  both.set(rows);
  both.set(
    rows.map((value) => 0 - value),
    rows.length,
  );
  return both;
}
