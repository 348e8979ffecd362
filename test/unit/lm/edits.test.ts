import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { parseConfig } from '../../../src/core/lm/config.ts';
import { applyEdits, applyPatternEdits } from '../../../src/core/lm/applyEdits.ts';
import { checkEdits } from '../../../src/core/lm/checkEdits.ts';
import type { EditContext } from '../../../src/core/lm/editContext.ts';
import { assertArray2 } from '../../../src/core/lm/numbers.ts';
import type { Stretch } from '../../../src/core/lm/stretch.ts';
import type { Array2, Edit } from '../../../src/api/model.ts';

/** d_model 8, 2 heads of 4, d_mlp 12, 2 layers. */
const config = parseConfig({
  model_type: 'gpt_neox',
  hidden_size: 8,
  num_attention_heads: 2,
  num_hidden_layers: 2,
  vocab_size: 9,
  intermediate_size: 12,
  rotary_pct: 1,
});
const RESID = 'blocks.0.hook_resid_pre';
const V = 'blocks.1.attn.hook_v';
const PATTERN = 'blocks.0.attn.hook_pattern';

const text = (tokens: number): EditContext => ({ config, lengths: [tokens], isBatch: false });
const batch = (...lengths: number[]): EditContext => ({ config, lengths, isBatch: true });
const growing = (tokens: number): EditContext => ({ ...text(tokens), growing: true });

/** 1, 2, 3, … so that every number tells where it came from. */
function counting(...shape: number[]): Array2 {
  const size = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from({ length: size }, (_, i) => i + 1), shape };
}
const filled = (n: number, value = 1) => new Float32Array(n).fill(value);

function refused(edit: unknown, context: EditContext = text(3)): string {
  try {
    checkEdits([edit as Edit], context);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    const { message } = error as Error;
    expect(message).toMatch(/^Edit 1 of 1: .*\.$/s);
    return message.slice('Edit 1 of 1: '.length);
  }
  throw new Error(`accepted: ${JSON.stringify(edit)}`);
}

/** Edits zeros of a whole input, [rows, pos, F]. */
function editZeros(edits: Edit[], context: EditContext, F: number, changes: Partial<Stretch> = {}): number[] {
  const { lengths } = context;
  const at: Stretch = { firstRow: 0, rows: lengths.length, firstPos: 0, pos: Math.max(...lengths), lengths, ...changes };
  const x = new Float32Array(at.rows * at.pos * F);
  const [list] = [...checkEdits(edits, context).values()];
  applyEdits(x, F, list, at);
  return [...x];
}

/** The first number of each token, which is enough where tokens are told apart by it. */
const firsts = (x: number[], F: number) => x.filter((_, i) => i % F === 0);

describe('checking', () => {
  test('edits are sorted by hook, in list order within each', () => {
    const edits: Edit[] = [
      { hook: RESID, op: 'scale', factor: 1 },
      { hook: V, op: 'scale', factor: 2 },
      { hook: RESID, op: 'add', vector: filled(8) },
    ];
    const byHook = checkEdits(edits, text(3));
    expect([...byHook.keys()]).toEqual([RESID, V]);
    expect(byHook.get(RESID)!.map((e) => e.op)).toEqual(['scale', 'add']);
  });

  test('a wrong edit is named by its place in the list', () => {
    const good: Edit = { hook: RESID, op: 'scale', factor: 1 };
    expect(() => checkEdits([good, good, { ...good, factor: NaN }], text(3))).toThrow(
      'Edit 3 of 3: `factor` must be a finite number that fits in fp32.',
    );
    expect(() => checkEdits('scale' as unknown as Edit[], text(3))).toThrow('`edits` must be a list.');
  });

  test('what is no edit at all is refused', () => {
    expect(refused(null)).toMatch(/must be an object/);
    expect(refused('scale')).toMatch(/must be an object/);
    expect(refused({ hook: RESID })).toMatch(/op "undefined" is not one of add, scale, set, project_out/);
    expect(refused({ hook: RESID, op: 'ablate' })).toMatch(/op "ablate" is not one of/);
    expect(refused({ op: 'scale', factor: 1 })).toMatch(/no hook called "undefined"/);
    expect(refused({ hook: 'blocks.0.hook_resid_mid', op: 'scale', factor: 1 })).toMatch(/no hook called/);
    expect(refused({ hook: 'blocks.2.hook_v', op: 'scale', factor: 1 })).toMatch(/no hook called/);
    expect(refused({ hook: 'blocks.2.hook_resid_pre', op: 'scale', factor: 1 })).toMatch(/layers of this model are 0 to 1/);
  });

  test.each([['blocks.0.ln1.hook_normalized'], ['blocks.1.ln2.hook_normalized'], ['ln_final.hook_normalized']])(
    '%s is read-only',
    (hook) => {
      expect(refused({ hook, op: 'scale', factor: 1 })).toBe(`${hook} can be read but not edited.`);
    },
  );

  test('an edit through a dictionary is refused while there are none', () => {
    expect(refused({ dictionary: 'd', latent: 3, op: 'ablate' })).toMatch(/there is no dictionary called "d" here/);
  });

  test('numbers must be finite numbers', () => {
    for (const factor of [NaN, Infinity, '2', undefined, null])
      expect(refused({ hook: RESID, op: 'scale', factor })).toMatch(/`factor` must be/);
    expect(refused({ hook: RESID, op: 'project_out', direction: filled(8), bias: Infinity })).toMatch(/`bias` must be/);
    const vector = filled(8);
    vector[5] = NaN;
    expect(refused({ hook: RESID, op: 'add', vector })).toBe('`vector` holds NaN at 5; every number must be finite.');
    expect(refused({ hook: RESID, op: 'project_out', direction: vector })).toMatch(/`direction` holds NaN at 5/);
    expect(refused({ hook: RESID, op: 'set', value: { data: vector, shape: [8] } })).toMatch(/`value` holds NaN at 5/);
  });

  test('vectors must be Float32Arrays of the hook’s width', () => {
    expect(refused({ hook: RESID, op: 'add', vector: [1, 2, 3] })).toMatch(/`vector` must be a Float32Array of 8 numbers/);
    expect(refused({ hook: RESID, op: 'add' })).toMatch(/`vector` must be a Float32Array of 8 numbers/);
    expect(refused({ hook: 'blocks.0.mlp.hook_pre', op: 'add', vector: filled(8) })).toMatch(
      /has 8 numbers, but blocks\.0\.mlp\.hook_pre has 12/,
    );
    expect(refused({ hook: V, op: 'project_out', direction: filled(4) })).toMatch(/has 4 numbers, but .* has 8/);
    expect(refused({ hook: PATTERN, op: 'add', vector: filled(8) }, text(3))).toMatch(/has 8 numbers, but .* has 6/);
  });

  test('positions are whole numbers inside the text, each once', () => {
    const at = (positions: unknown, context = text(3)) => refused({ hook: RESID, op: 'scale', factor: 1, positions }, context);
    expect(at([3])).toBe('`positions` holds 3, but the text has 3 tokens (counted from 0).');
    expect(at([-1])).toMatch(/holds -1/);
    expect(at([0.5])).toMatch(/holds 0\.5/);
    expect(at(['0'])).toMatch(/holds 0, but/);
    expect(at([1, 1])).toMatch(/holds a number twice/);
    expect(at(1)).toMatch(/must be a list of whole numbers/);
    expect(at(null)).toMatch(/must be a list of whole numbers/);
    expect(at([7], growing(7))).toMatch(/holds 7, but the text can grow to 7 tokens/);
  });

  test('positions must exist in one of the chosen rows', () => {
    const edit = { hook: RESID, op: 'scale', factor: 1, positions: [4] };
    expect(checkEdits([edit as Edit], batch(2, 5)).size).toBe(1);
    expect(refused({ ...edit, rows: [0] }, batch(2, 5))).toMatch(/holds 4, but the text has 2 tokens/);
  });

  test('rows are for batches, inside them, each once', () => {
    const at = (rows: unknown, context: EditContext) => refused({ hook: RESID, op: 'scale', factor: 1, rows }, context);
    expect(at([2], batch(3, 3))).toMatch(/`rows` holds 2, but the batch has 2 rows/);
    expect(at([0, 0], batch(3, 3))).toMatch(/`rows` holds a number twice/);
    expect(at([1], text(3))).toMatch(/`rows` is for a batch/);
    expect(at('0', batch(3, 3))).toMatch(/`rows` must be a list/);
    expect(at(0, text(3))).toMatch(/`rows` must be a list/);
    expect(at(null, text(3))).toMatch(/`rows` must be a list/);
  });

  test('a set value says its shape and has that many numbers', () => {
    const set = (value: unknown) => refused({ hook: RESID, op: 'set', value });
    expect(set(undefined)).toMatch(/`value` must be \{ data: Float32Array, shape: number\[\] \}/);
    expect(set(filled(8))).toMatch(/`value` must be \{ data/);
    expect(set({ data: [1], shape: [1] })).toMatch(/`value` must be \{ data/);
    expect(set({ data: filled(8), shape: [2, 8] })).toBe('`value` says shape [2, 8] but holds 8 numbers.');
    expect(set({ data: filled(8), shape: [-1, -8] })).toMatch(/says shape/);
    expect(set(counting(2, 8))).toBe('`value` has shape [2, 8], but blocks.0.hook_resid_pre takes [8] or [3, 8] here.');
    expect(refused({ hook: RESID, op: 'set', value: counting(2, 8) }, batch(3, 2))).toMatch(/takes \[8\] or \[3, 8\] or \[2, 3, 8\] here/);
    expect(refused({ hook: RESID, op: 'set', value: counting(1, 3, 8) })).toMatch(/takes \[8\] or \[3, 8\] here/);
  });

  test('assertArray2 accepts empty arrays and nothing malformed', () => {
    expect(() => assertArray2({ data: filled(0), shape: [0, 8] }, 'x')).not.toThrow();
    for (const bad of [null, 3, {}, { data: filled(1) }, { shape: [1] }, { data: filled(2), shape: [1.5, 2] }]) {
      expect(() => assertArray2(bad, 'x')).toThrow(UsageError);
    }
  });

  test('in generation only values of one position, or of chosen ones, have a shape', () => {
    const set = (value: Array2, where: object = {}): Edit => ({ hook: RESID, op: 'set', value, ...where });
    expect(refused(set(counting(7, 8)), growing(7))).toMatch(/in generation a `set` for all positions takes the value of one position/);
    expect(checkEdits([set(counting(8)), set(counting(2, 8), { positions: [0, 6] })], growing(7)).size).toBe(1);
  });

  test('in generation the pattern can only be scaled, since it grows', () => {
    expect(refused({ hook: PATTERN, op: 'add', vector: filled(6) }, growing(7))).toMatch(/in generation it can only be scaled/);
    expect(refused({ hook: PATTERN, op: 'project_out', direction: filled(6) }, growing(7))).toMatch(/only be scaled/);
    expect(refused({ hook: PATTERN, op: 'set', value: counting(2, 7) }, growing(7))).toMatch(/only be scaled/);
    expect(checkEdits([{ hook: PATTERN, op: 'scale', factor: 0 }], growing(7)).size).toBe(1);
  });
});

describe('applying', () => {
  test('add, scale and set do what they say, in list order', () => {
    const vector = Float32Array.from({ length: 8 }, (_, i) => i);
    const add: Edit = { hook: RESID, op: 'add', vector };
    const scale: Edit = { hook: RESID, op: 'scale', factor: 3 };
    const set: Edit = { hook: RESID, op: 'set', value: { data: filled(8, 5), shape: [8] } };
    expect(editZeros([add, scale], text(1), 8)).toEqual([0, 3, 6, 9, 12, 15, 18, 21]);
    expect(editZeros([scale, add], text(1), 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(editZeros([add, set, scale], text(2), 8)).toEqual(new Array(16).fill(15));
    expect(editZeros([add, scale, set], text(2), 8)).toEqual(new Array(16).fill(5));
  });

  test('project_out takes away relu(direction·x + bias) times the direction', () => {
    const direction = Float32Array.of(1, 0, 0, 0, 2, 0, 0, 0);
    const [edits] = [
      ...checkEdits(
        [
          { hook: RESID, op: 'project_out', direction },
          { hook: 'blocks.1.hook_resid_pre', op: 'project_out', direction, bias: -12 },
          { hook: 'hook_embed', op: 'project_out', direction, bias: 4 },
        ],
        text(2),
      ).values(),
    ].map((list) => list);
    const at: Stretch = { firstRow: 0, rows: 1, firstPos: 0, pos: 2, lengths: [2] };
    // direction·x is 1 + 2·5 = 11 at the first token, −11 at the second.
    const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3, -4, -5, -6, -7, -8);
    applyEdits(x, 8, edits, at);
    expect([...x]).toEqual([-10, 2, 3, 4, -17, 6, 7, 8, -1, -2, -3, -4, -5, -6, -7, -8]);

    const bias = (b: number) => {
      const y = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
      const [list] = [...checkEdits([{ hook: RESID, op: 'project_out', direction, bias: b }], text(1)).values()];
      applyEdits(y, 8, list, { ...at, pos: 1, lengths: [1] });
      return [y[0], y[4]];
    };
    expect(bias(-12)).toEqual([1, 5]);
    expect(bias(4)).toEqual([1 - 15, 5 - 30]);
  });

  test('only the chosen positions and rows change', () => {
    const edit = (where: object): Edit => ({ hook: RESID, op: 'add', vector: filled(8), ...where });
    expect(firsts(editZeros([edit({ positions: [2, 0] })], text(4), 8), 8)).toEqual([1, 0, 1, 0]);
    expect(firsts(editZeros([edit({ positions: [] })], text(4), 8), 8)).toEqual([0, 0, 0, 0]);
    expect(firsts(editZeros([edit({ rows: [1] })], batch(2, 2), 8), 8)).toEqual([0, 0, 1, 1]);
    expect(firsts(editZeros([edit({ rows: [0, 1], positions: [1] })], batch(2, 3), 8), 8)).toEqual([0, 1, 0, 0, 1, 0]);
    expect(firsts(editZeros([edit({ rows: [0] })], text(2), 8), 8)).toEqual([1, 1]);
  });

  test('padding is never touched', () => {
    const everywhere: Edit = { hook: RESID, op: 'add', vector: filled(8) };
    expect(firsts(editZeros([everywhere], batch(1, 3, 2), 8), 8)).toEqual([1, 0, 0, 1, 1, 1, 1, 1, 0]);
    const set: Edit = { hook: RESID, op: 'set', value: counting(3, 3, 8) };
    expect(firsts(editZeros([set], batch(1, 3, 2), 8), 8)).toEqual([1, 0, 0, 25, 33, 41, 49, 57, 0]);
  });

  test('every shape a set value may have puts its numbers where they belong', () => {
    const at = (value: Array2, context: EditContext, where: object = {}) =>
      firsts(editZeros([{ hook: RESID, op: 'set', value, ...where }], context, 8), 8);
    expect(at(counting(8), text(3))).toEqual([1, 1, 1]);
    expect(at(counting(3, 8), text(3))).toEqual([1, 9, 17]);
    // Chosen positions take values in the order in which they were named.
    expect(at(counting(2, 8), text(3), { positions: [2, 0] })).toEqual([9, 0, 1]);
    expect(at(counting(8), text(3), { positions: [1] })).toEqual([0, 1, 0]);
    expect(at(counting(1, 8), text(3), { positions: [1] })).toEqual([0, 1, 0]);
    // In a batch: one token for all, one row for all, or everything.
    expect(at(counting(8), batch(2, 2))).toEqual([1, 1, 1, 1]);
    expect(at(counting(2, 8), batch(2, 2))).toEqual([1, 9, 1, 9]);
    expect(at(counting(2, 2, 8), batch(2, 2))).toEqual([1, 9, 17, 25]);
    // Chosen rows and positions, again in the order named.
    expect(at(counting(2, 1, 8), batch(2, 2, 2), { rows: [2, 0], positions: [1] })).toEqual([0, 9, 0, 0, 0, 1]);
    expect(at(counting(1, 2, 8), batch(2, 2), { rows: [1] })).toEqual([0, 0, 1, 9]);
  });

  test('values of v may come as [pos, heads, d_head] or flat', () => {
    const set = (...shape: number[]) => editZeros([{ hook: V, op: 'set', value: counting(...shape) }], text(2), 8);
    const numbers = Array.from({ length: 16 }, (_, i) => i + 1);
    expect(set(2, 2, 4)).toEqual(numbers);
    expect(set(2, 8)).toEqual(numbers);
    expect(set(2, 4)).toEqual([...numbers.slice(0, 8), ...numbers.slice(0, 8)]);
    expect(set(8)).toEqual([...numbers.slice(0, 8), ...numbers.slice(0, 8)]);
  });

  test('with a cache the stretch held starts later, and positions count from the text’s start', () => {
    const add = (where: object): Edit => ({ hook: RESID, op: 'add', vector: filled(8), ...where });
    const tail = { firstPos: 3, pos: 2, lengths: [5] };
    expect(firsts(editZeros([add({ positions: [0, 4] })], growing(8), 8, tail), 8)).toEqual([0, 1]);
    expect(firsts(editZeros([add({})], growing(8), 8, tail), 8)).toEqual([1, 1]);
    const set: Edit = { hook: RESID, op: 'set', value: counting(3, 8), positions: [1, 4, 3] };
    expect(firsts(editZeros([set], growing(8), 8, tail), 8)).toEqual([17, 9]);
  });

  test('a stretch of later rows of a batch takes those rows’ values', () => {
    const set: Edit = { hook: RESID, op: 'set', value: counting(2, 2, 8), rows: [0, 2] };
    const tail = { firstRow: 1, rows: 2, lengths: [2, 2] };
    expect(firsts(editZeros([set], batch(2, 2, 2), 8, tail), 8)).toEqual([0, 0, 17, 25]);
    const all: Edit = { hook: RESID, op: 'set', value: counting(3, 2, 8) };
    expect(firsts(editZeros([all], batch(2, 2, 2), 8, tail), 8)).toEqual([17, 25, 33, 41]);
  });
});

describe('the pattern', () => {
  /** Edits zeros [rows, heads 2, pos, keys]. */
  function editPattern(edits: Edit[], context: EditContext): number[] {
    const { lengths } = context;
    const pos = Math.max(...lengths);
    const x = new Float32Array(lengths.length * 2 * pos * pos);
    const list = checkEdits(edits, context).get(PATTERN)!;
    applyPatternEdits(x, 2, pos, list, { firstRow: 0, rows: lengths.length, firstPos: 0, pos, lengths });
    return [...x];
  }

  test('a whole value [heads, pos, keys] lands as it is written', () => {
    expect(editPattern([{ hook: PATTERN, op: 'set', value: counting(2, 3, 3) }], text(3))).toEqual([...counting(2, 3, 3).data]);
    const whole = counting(2, 2, 2, 2);
    expect(editPattern([{ hook: PATTERN, op: 'set', value: whole }], batch(2, 2))).toEqual([...whole.data]);
  });

  test('the value of one token is [heads, keys]', () => {
    const edit: Edit = { hook: PATTERN, op: 'set', value: counting(2, 2), positions: [1] };
    expect(editPattern([edit], text(2))).toEqual([0, 0, 1, 2, 0, 0, 3, 4]);
    const { positions: _, ...everywhere } = edit;
    expect(editPattern([everywhere as Edit], text(2))).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
  });

  test('chosen positions take [heads, chosen, keys], in the order named', () => {
    const edit: Edit = { hook: PATTERN, op: 'set', value: counting(2, 2, 3), positions: [2, 0] };
    // Head 0 of position 2 is 1 2 3, of position 0 is 4 5 6; head 1: 7 8 9 and 10 11 12.
    expect(editPattern([edit], text(3))).toEqual([4, 5, 6, 0, 0, 0, 1, 2, 3, 10, 11, 12, 0, 0, 0, 7, 8, 9]);
  });

  test('add takes [heads · keys] for each token', () => {
    const edit: Edit = { hook: PATTERN, op: 'add', vector: Float32Array.of(1, 2, 3, 4) };
    expect(editPattern([edit], text(2))).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
  });

  test('nothing reaches a padded position, nor a padded key of a real one', () => {
    const add: Edit = { hook: PATTERN, op: 'add', vector: filled(6) };
    // Row 0 has 1 token of 3: only key 0 of position 0, in both heads.
    const first = editPattern([add], batch(1, 3)).slice(0, 18);
    expect(first).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    const set: Edit = { hook: PATTERN, op: 'set', value: counting(2, 2, 3, 3) };
    expect(editPattern([set], batch(1, 3)).slice(0, 18)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
