/** One forward pass, described; and how its edits are made. */
import type { Tensor } from 'onnxruntime-common';
import type { Stop } from '../../core/errors.ts';
import { applyEdits } from '../../core/lm/applyEdits.ts';
import type { CheckedEdit } from '../../core/lm/editContext.ts';
import { blockHook, type BlockSite } from '../../core/lm/hooks.ts';
import { dictionariesOf } from '../../core/lm/latentEdits.ts';
import type { Stretch } from '../../core/lm/stretch.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import { encodeBlocked } from '../../core/sae/encodeBlocked.ts';
import type { Latents } from '../../core/sae/latents.ts';
import type { HookedModel } from './hookedModel.ts';

/** Keys and values of the positions seen so far, one pair of [rows, heads, length, d_head] a layer. */
export interface KeyValues {
  length: number;
  k: Tensor[];
  v: Tensor[];
}

/** Latents of the values that arrive at a hook, [rows · pos, d_in], before any edit there. */
export type EncodeArriving = (dictionary: Dictionary, x: Float32Array, hook: string) => Promise<Latents> | Latents;

export interface ForwardJob {
  model: HookedModel;
  at: Stretch;
  /** Token ids [rows][pos], padded to `at.pos`. */
  ids: readonly (readonly number[])[];
  edits: ReadonlyMap<string, readonly CheckedEdit[]>;
  /** For edits through a dictionary; default the plain encoder. */
  encode?: EncodeArriving;
  reads: ReadonlySet<string>;
  /** Called with [rows, pos, F], or [rows, heads, pos, keys] for a pattern; the array may change afterwards. */
  onRead: (hook: string, values: Float32Array) => void;
  /**
   * Start at `blocks.{layer}.hook_resid_pre` with resid [rows, pos, d_model], which is changed by edits.
   * `visit`: the hook before it whose value this also is, hook_embed or the resid_post of the block below, when edits
   * and reads of that one are still to be made.
   */
  from?: { layer: number; resid: Float32Array; visit?: string };
  /** Run blocks below this one only; n_layers for all. */
  until: number;
  /** Extended in place. */
  cache?: KeyValues;
  /** Keys and values of the positions before `at.firstPos` in a block, [rows, heads, firstPos, d_head]; in place of a cache. */
  past?: (layer: number) => { k: Tensor; v: Tensor };
  /** Called with the residual entering a block, before the edits there, and with the last one, where they are in memory. */
  onResidual?: (layer: number, values: Float32Array) => void;
  stop?: Stop;
}

/** The edits of a hook inside a block. */
export function editsAt(job: ForwardJob, layer: number, site: BlockSite): readonly CheckedEdit[] | undefined {
  return job.edits.get(blockHook(layer, site));
}

/** Makes the edits of a hook on its values [rows, pos, F], in place. */
export async function editValues(job: ForwardJob, hook: string, x: Float32Array, F: number): Promise<void> {
  const edits = job.edits.get(hook);
  if (!edits) return;
  const encoded = new Map<Dictionary, Latents>();
  for (const dictionary of dictionariesOf(edits)) {
    encoded.set(dictionary, await (job.encode ?? encodeBlocked)(dictionary, x, hook));
  }
  applyEdits(x, F, edits, job.at, encoded);
}
