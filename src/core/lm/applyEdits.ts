/**
 * Applies checked edits to activations. Pure: arrays in, the same arrays changed. A hook's value is seen as
 * [rows, pos, F]: F numbers for each token of each row (heads side by side for v and z). The pattern
 * [rows, heads, pos, keys] is handled beside it.
 */
import { InvariantError } from '../errors.ts';
import type { CheckedEdit } from './editContext.ts';
import { addLatentEdit, isThroughLatents, splice, type Encoded } from './latentEdits.ts';
import { forEachToken, type Slots, type Stretch } from './stretch.ts';

const NONE: Encoded = new Map();

/**
 * Applies edits in order to x [rows, pos, F], in place. Padding is left alone. Latent edits are added together after
 * the others, so that with a splice before them they change the reconstruction.
 * @param latents of each dictionary that latent edits name, encoded from x as it arrived
 */
export function applyEdits(x: Float32Array, F: number, edits: readonly CheckedEdit[], at: Stretch, latents: Encoded = NONE): void {
  for (const edit of edits) {
    if (isThroughLatents(edit)) continue;
    if (edit.op === 'splice') {
      splice(x, F, edit, at, latents);
      continue;
    }
    forEachToken(edit, at, (r, p, slots) => {
      const start = (r * at.pos + p) * F;
      editToken(x.subarray(start, start + F), edit, valueToken(edit, slots));
    });
  }
  for (const edit of edits) if (isThroughLatents(edit)) addLatentEdit(x, F, edit, at, latents);
}

/**
 * Applies edits in order to a pattern [rows, heads, pos, keys], in place; one token is its [heads, keys].
 * Keys that are padding stay 0, so a row of a batch attends to nothing that is not its own.
 */
export function applyPatternEdits(x: Float32Array, heads: number, keys: number, edits: readonly CheckedEdit[], at: Stretch): void {
  const token = new Float32Array(heads * keys);
  for (const edit of edits) {
    forEachToken(edit, at, (r, p, slots) => {
      const real = at.lengths[r] ?? keys;
      const start = (h: number) => ((r * heads + h) * at.pos + p) * keys;
      for (let h = 0; h < heads; h++) token.set(x.subarray(start(h), start(h) + keys), h * keys);
      editToken(token, edit, valueToken(edit, slots));
      for (let h = 0; h < heads; h++) x.set(token.subarray(h * keys, h * keys + real), start(h));
    });
  }
}

/** Where the numbers of a token of an edit are: as given in `rows` and `positions`, or the row and position themselves. */
function valueToken(edit: CheckedEdit, { row, pos }: Slots): number {
  if (edit.op !== 'set' || !edit.perPosition) return 0;
  return edit.perRow ? row * edit.tokensPerRow + pos : pos;
}

function editToken(x: Float32Array, edit: CheckedEdit, valueAt: number): void {
  switch (edit.op) {
    case 'scale':
      for (let i = 0; i < x.length; i++) x[i] = x[i] * edit.factor;
      return;
    case 'add':
      for (let i = 0; i < x.length; i++) x[i] = x[i] + edit.vector[i];
      return;
    case 'set':
      x.set(edit.value.subarray(valueAt * x.length, (valueAt + 1) * x.length));
      return;
    case 'project_out':
      projectOut(x, edit.direction, edit.bias);
      return;
    case 'latent':
    case 'patch':
    case 'splice':
      throw new InvariantError('edits through a dictionary are not applied one token at a time');
  }
}

/** x − relu(direction·x + bias) direction: zero-ablation of a tied latent (Cunningham et al. 2023, section 4). */
function projectOut(x: Float32Array, direction: Float32Array, bias: number): void {
  let dot = bias;
  for (let i = 0; i < x.length; i++) dot += x[i] * direction[i];
  if (dot <= 0) return;
  for (let i = 0; i < x.length; i++) x[i] = x[i] - dot * direction[i];
}
