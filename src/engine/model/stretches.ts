/** A batch in stretches that fit in memory, and where the values of a stretch belong in the answer. */
import type { ModelConfig } from '../../core/lm/config.ts';
import { hookShape, type Hook } from '../../core/lm/hooks.ts';
import type { Stretch } from '../../core/lm/stretch.ts';

/** Tokens of one stretch, padding included; more gains nothing and costs memory. */
const STRETCH_TOKENS = 2048;
/** fp32 values of one attention pattern [rows, heads, pos, keys]: 64 MiB. */
const PATTERN_VALUES = 16 * 1024 * 1024;

/**
 * Rows of a batch in groups small enough for memory.
 * @param padTo length of every row where a value counts positions over the whole batch; 0: each group pads to its longest
 */
export function* stretches(config: ModelConfig, all: readonly (readonly number[])[], padTo: number): Generator<Stretch> {
  for (let first = 0; first < all.length;) {
    let pos = padTo || all[first].length;
    let rows = 1;
    while (first + rows < all.length) {
      const next = Math.max(pos, all[first + rows].length);
      const grown = rows + 1;
      if (grown * next > STRETCH_TOKENS || grown * next * next * config.n_heads > PATTERN_VALUES) break;
      pos = next;
      rows = grown;
    }
    const lengths = all.slice(first, first + rows).map((ids) => ids.length);
    yield { firstRow: first, rows, firstPos: 0, pos, lengths };
    first += rows;
  }
}

/** Numbers a hook has for a text of `length` tokens. */
export function valuesPerRow(config: ModelConfig, hook: Hook, length: number): number {
  return hookShape(hook.site, config).reduce<number>((a, b) => a * (b === 'pos' ? length : b), 1);
}

/** Copies the real tokens of a stretch into the answer, whose rows have `longest` tokens. */
export function place(config: ModelConfig, hook: Hook, values: Float32Array, at: Stretch, longest: number, out: Float32Array): void {
  if (hook.site === 'attn.hook_pattern') {
    placePattern(config.n_heads, values, at, longest, out);
    return;
  }
  const F = valuesPerRow(config, hook, 1);
  for (let r = 0; r < at.rows; r++) {
    const from = r * at.pos * F;
    out.set(values.subarray(from, from + at.lengths[r] * F), (at.firstRow + r) * longest * F);
  }
}

function placePattern(heads: number, values: Float32Array, at: Stretch, longest: number, out: Float32Array): void {
  for (let r = 0; r < at.rows; r++) {
    const length = at.lengths[r];
    for (let h = 0; h < heads; h++) {
      for (let p = 0; p < length; p++) {
        const from = ((r * heads + h) * at.pos + p) * at.pos;
        const to = (((at.firstRow + r) * heads + h) * longest + p) * longest;
        out.set(values.subarray(from, from + length), to);
      }
    }
  }
}
