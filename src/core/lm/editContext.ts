/** What an edit is once checked, and the checks that every kind of edit shares: where it acts and how wide its hook is. */
import { UsageError } from '../errors.ts';
import type { Dictionary } from '../sae/dictionary.ts';
import type { ModelConfig } from './config.ts';
import { hookWidth, type Hook } from './hooks.ts';
import { indices } from './numbers.ts';
import type { Where } from './types.ts';

/** Where an edit acts, as sets and maps. */
export interface CheckedWhere {
  /** Positions as a set, absent for all. */
  positions?: ReadonlySet<number>;
  /** Order of `positions` as given: where in `value` a position's numbers are. */
  slot?: ReadonlyMap<number, number>;
  rows?: ReadonlySet<number>;
  rowSlot?: ReadonlyMap<number, number>;
}

/** An edit whose numbers have been checked against the model and the input. */
export type CheckedEdit = { hook: Hook } & CheckedWhere &
  (
    | { op: 'add'; vector: Float32Array }
    | { op: 'scale'; factor: number }
    | ({ op: 'set' } & CheckedValue)
    | { op: 'project_out'; direction: Float32Array; bias: number }
    | { op: 'latent'; dictionary: Dictionary; latent: number; change: SingleChange; value: number }
    | { op: 'splice'; dictionary: Dictionary }
    | {
        op: 'patch';
        dictionary: Dictionary;
        latents: readonly number[];
        values: Float32Array;
        perPosition: boolean;
        perRow: boolean;
        tokensPerRow: number;
      }
  );

/** What an edit may do to a single latent. */
export type SingleChange = 'ablate' | 'scale' | 'set' | 'add';

/** A checked edit of a dictionary's latents. */
export type LatentChecked = Extract<CheckedEdit, { op: 'latent' | 'patch' }>;

/** A checked edit that needs a dictionary's latents. */
type EncodedChecked = Extract<CheckedEdit, { op: 'latent' | 'patch' | 'splice' }>;

export function needsLatents(edit: CheckedEdit): edit is EncodedChecked {
  return edit.op === 'splice' || edit.op === 'latent' || edit.op === 'patch';
}

/** The numbers of a `set`, as [rows, tokens, F] with either leading axis possibly missing. */
export type CheckedValue = { value: Float32Array; perPosition: boolean; perRow: boolean; tokensPerRow: number };

/** What the input looks like to an edit. */
export interface EditContext {
  config: ModelConfig;
  /** Real tokens of each row; for generation, the longest the text may become. */
  lengths: number[];
  /** Whether the caller gave a batch (values then carry a leading axis). */
  isBatch: boolean;
  /** True for generation, where the text grows and a value for "all positions" has no shape. */
  growing?: boolean;
  /** Dictionaries that edits may name, by id. */
  dictionaries?: ReadonlyMap<string, Dictionary>;
}

/** Numbers a hook has for one token; the pattern's count depends on the text's length. */
export function featuresPerToken(hook: Hook, context: EditContext): number {
  const { config } = context;
  if (hook.site === 'attn.hook_pattern') return context.growing ? NaN : config.n_heads * Math.max(...context.lengths);
  return hookWidth(hook.site, config);
}

/** @throws UsageError when rows or positions are not of the input */
export function checkWhere(edit: Where, { lengths, isBatch, growing }: EditContext): CheckedWhere {
  const where: CheckedWhere = {};
  if (edit.rows !== undefined) {
    const isList = Array.isArray(edit.rows);
    if (!isBatch && isList && edit.rows.some((r) => r !== 0)) throw new UsageError('`rows` is for a batch; this input is one text.');
    const rows = indices(edit.rows, 'rows', lengths.length, `the batch has ${lengths.length} rows`);
    where.rows = new Set(rows);
    where.rowSlot = new Map(rows.map((r, i) => [r, i]));
  }
  if (edit.positions !== undefined) {
    const rows = [...(where.rows ?? lengths.keys())];
    const longest = Math.max(0, ...rows.map((r) => lengths[r] ?? 0));
    const what = growing ? `the text can grow to ${longest} tokens` : `the text has ${longest} tokens`;
    const positions = indices(edit.positions, 'positions', longest, what);
    where.positions = new Set(positions);
    where.slot = new Map(positions.map((p, i) => [p, i]));
  }
  return where;
}
