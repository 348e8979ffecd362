/**
 * Edits through a dictionary: with c a latent's value in what arrives at the hook and d its decoder row, ablate
 * subtracts c·d, scale adds (value − 1)·c·d, set and patch add (value − c)·d, add adds value·d. What the dictionary
 * does not explain stays (Cunningham et al. 2023, sections 4.1 and 5.2), unless a splice drops it.
 */
import { decode, decoderVector } from '../sae/decode.ts';
import type { Dictionary } from '../sae/dictionary.ts';
import { valueOf, type Latents } from '../sae/latents.ts';
import { needsLatents, type CheckedEdit, type LatentChecked, type SingleChange } from './editContext.ts';
import { forEachToken, type Slots, type Stretch } from './stretch.ts';

/** Latents of a stretch [rows · pos] by dictionary. */
export type Encoded = ReadonlyMap<Dictionary, Latents>;

export function isThroughLatents(edit: CheckedEdit): edit is LatentChecked {
  return edit.op === 'latent' || edit.op === 'patch';
}

/** The dictionaries that edits of a hook go through, each once: what `applyEdits` must be given latents of. */
export function dictionariesOf(edits: readonly CheckedEdit[]): Dictionary[] {
  return [...new Set(edits.filter(needsLatents).map((edit) => edit.dictionary))];
}

/** Adds the effect of one edit to x [rows, pos, F], latent after latent. */
export function addLatentEdit(x: Float32Array, F: number, edit: LatentChecked, at: Stretch, encoded: Encoded): void {
  const latents = encoded.get(edit.dictionary)!;
  latentsOf(edit).forEach((latent, i) => {
    const dec = decoderVector(edit.dictionary, latent);
    forEachToken(edit, at, (r, p, slots) => {
      const row = r * at.pos + p;
      const amount = changeOf(edit, i, valueOf(latents, row, latent), slots) * (latents.scale?.[row] ?? 1);
      if (amount === 0) return;
      for (let k = 0; k < F; k++) x[row * F + k] += amount * dec[k];
    });
  });
}

/** Puts the reconstruction of x [rows, pos, F] as it arrived in its place, in place. */
export function splice(x: Float32Array, F: number, edit: CheckedEdit & { op: 'splice' }, at: Stretch, encoded: Encoded): void {
  const decoded = decode(edit.dictionary, encoded.get(edit.dictionary)!);
  forEachToken(edit, at, (r, p) => {
    const start = (r * at.pos + p) * F;
    x.set(decoded.subarray(start, start + F), start);
  });
}

/**
 * The first position of a text that an edit changes; its length when it changes none.
 * @param encoded the text's latents before any edit
 */
export function firstChange(edit: CheckedEdit, length: number, encoded: Encoded): number {
  const at: Stretch = { firstRow: 0, rows: 1, firstPos: 0, pos: length, lengths: [length] };
  let first = length;
  if (!isThroughLatents(edit)) {
    forEachToken(edit, at, (_, p) => (first = Math.min(first, p)));
    return first;
  }
  const latents = encoded.get(edit.dictionary)!;
  latentsOf(edit).forEach((latent, i) => {
    forEachToken(edit, at, (_, p, slots) => {
      if (p < first && changeOf(edit, i, valueOf(latents, p, latent), slots) !== 0) first = p;
    });
  });
  return first;
}

function latentsOf(edit: LatentChecked): readonly number[] {
  return edit.op === 'patch' ? edit.latents : [edit.latent];
}

/** What is added to a latent's value c. @param i its place among the edit's latents */
function changeOf(edit: LatentChecked, i: number, c: number, { row, pos }: Slots): number {
  if (edit.op === 'latent') return singleChange(edit.change, edit.value, c);
  const { values, latents, perPosition, perRow, tokensPerRow } = edit;
  const first = perRow ? row * latents.length : 0;
  return values[perPosition ? (first + i) * tokensPerRow + pos : i] - c;
}

function singleChange(change: SingleChange, value: number, c: number): number {
  switch (change) {
    case 'ablate':
      return -c;
    case 'scale':
      return (value - 1) * c;
    case 'set':
      return value - c;
    case 'add':
      return value;
  }
}
