/** Edits through a dictionary: what is refused, what a patch adds, and from which position on an edit changes anything. */
import { describe, expect, test } from 'vitest';
import type { Array2, Edit, LatentEdit } from '../../../src/api/model.ts';
import { createRandom } from '../../../src/core/array/random.ts';
import { UsageError } from '../../../src/core/errors.ts';
import { applyEdits } from '../../../src/core/lm/applyEdits.ts';
import { checkEdits } from '../../../src/core/lm/checkEdits.ts';
import { parseConfig } from '../../../src/core/lm/config.ts';
import type { EditContext } from '../../../src/core/lm/editContext.ts';
import { firstChange } from '../../../src/core/lm/latentEdits.ts';
import type { Stretch } from '../../../src/core/lm/stretch.ts';
import { decode, vectors } from '../../../src/core/sae/decode.ts';
import type { Dictionary } from '../../../src/core/sae/dictionary.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { toDense } from '../../../src/core/sae/latents.ts';
import { createDictionary, randomNormal } from '../sae/helpers.ts';

const D = 8;
const N = 20;
const HOOK = 'blocks.0.hook_resid_post';
const config = parseConfig({
  model_type: 'gpt_neox',
  hidden_size: D,
  num_attention_heads: 2,
  num_hidden_layers: 2,
  vocab_size: 9,
  intermediate_size: 12,
  rotary_pct: 1,
});

const shape = { d_in: D, d_out: D, d_sae: N, hook_name: HOOK };
const KINDS: Record<string, Dictionary> = {
  'tied, with a scale': createDictionary(
    { ...shape, architecture: 'tied', activation_scale: 0.3, apply_b_dec_to_input: false, normalize_activations: 'none' },
    1,
  ),
  'standard, rows normalised': createDictionary(
    { ...shape, architecture: 'standard', apply_b_dec_to_input: true, normalize_activations: 'layer_norm' },
    2,
  ),
};
const dictionary = KINDS['tied, with a scale'];
const within = (lengths: number[], isBatch: boolean, of = dictionary): EditContext => ({
  config,
  lengths,
  isBatch,
  dictionaries: new Map([['d', of]]),
});
const array = (shape: number[], fill: (i: number) => number): Array2 => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => fill(i)),
  shape,
});

/** x after edits, as a run makes them. */
function edited(x: Float32Array, edits: Edit[], context: EditContext, of = dictionary): Float32Array {
  const { lengths } = context;
  const at: Stretch = { firstRow: 0, rows: lengths.length, firstPos: 0, pos: Math.max(...lengths), lengths };
  const out = x.slice();
  applyEdits(out, D, checkEdits(edits, context).get(HOOK) ?? [], at, new Map([[of, encode(of, x)]]));
  return out;
}

describe.each(Object.entries(KINDS))('a splice of %s', (_, of) => {
  const pos = 4;
  const x = randomNormal(createRandom(5), pos * D, 2);
  const codes = encode(of, x);
  const near = (a: Float32Array, b: Float32Array) => a.forEach((value, i) => expect(value).toBeCloseTo(b[i], 4));

  test('puts the reconstruction at the positions named, and nothing elsewhere', () => {
    const out = edited(x, [{ dictionary: 'd', op: 'splice', positions: [1, 3] }], within([pos], false, of), of);
    const wanted = decode(of, codes);
    for (const p of [0, 2]) wanted.set(x.subarray(p * D, (p + 1) * D), p * D);
    near(out, wanted);
    expect(out).not.toEqual(x);
  });

  test('lets latents changed beside it act on the reconstruction, whichever comes first', () => {
    const latent = codes.latents[0];
    const values = codes.values.map((value, e) => (codes.latents[e] === latent ? 3 : value));
    const isSet = (p: number) => toDense(codes)[p * N + latent] > 0;
    const positions = Array.from({ length: pos }, (_, p) => p).filter(isSet);
    const list: Edit[] = [
      { dictionary: 'd', op: 'splice' },
      { dictionary: 'd', latent, op: 'set', value: 3, positions },
    ];
    for (const edits of [list, list.toReversed()]) near(edited(x, edits, within([pos], false, of), of), decode(of, { ...codes, values }));
  });

  test('changes a text from its first position named on', () => {
    const [checked] = checkEdits([{ dictionary: 'd', op: 'splice', positions: [2] }], within([pos], false, of)).get(HOOK)!;
    expect(firstChange(checked, pos, new Map([[of, codes]]))).toBe(2);
  });
});

describe.each(Object.entries(KINDS))('a patch of %s', (_, of) => {
  const random = createRandom(3);
  const rows = 2;
  const pos = 4;
  const x = randomNormal(random, rows * pos * D, 2);
  const latents = [7, 0, 12, 19];

  test('adds Σ (value − c)·d at every position', () => {
    const values = array([latents.length, pos], () => 2 * random());
    const codes = encode(of, x.subarray(0, pos * D));
    const dense = toDense(codes);
    expect(latents.some((j) => dense[j] > 0 || dense[N + j] > 0)).toBe(true);
    const wanted = Float32Array.from(x.subarray(0, pos * D));
    for (let p = 0; p < pos; p++) {
      latents.forEach((j, i) => {
        const { dec } = vectors(of, j);
        const amount = (values.data[i * pos + p] - dense[p * N + j]) * (codes.scale?.[p] ?? 1);
        for (let k = 0; k < D; k++) wanted[p * D + k] += amount * dec[k];
      });
    }
    const edit: Edit = { dictionary: 'd', op: 'patch', latents, values };
    expect(edited(x.slice(0, pos * D), [edit], within([pos], false, of), of)).toEqual(wanted);
  });

  test('equals one `set` for each latent and position', () => {
    const values = array([latents.length, 2], () => 2 * random());
    const positions = [3, 1];
    const sets = latents.flatMap((latent, i) =>
      positions.map((p, slot): Edit => ({ dictionary: 'd', latent, op: 'set', value: values.data[i * 2 + slot], positions: [p] })),
    );
    const one = x.slice(0, pos * D);
    const patch: Edit = { dictionary: 'd', op: 'patch', latents, values, positions };
    const got = edited(one, [patch], within([pos], false, of), of);
    expect(got).toEqual(edited(one, sets, within([pos], false, of), of));
    expect(got).not.toEqual(one);
  });

  test('takes one value for all positions, and in a batch values for each row', () => {
    const flat = array([latents.length], (i) => i);
    const everywhere = array([latents.length, pos], (i) => Math.floor(i / pos));
    const lengths = [pos, 3];
    const go = (values: Array2, where: object = {}) =>
      edited(x, [{ dictionary: 'd', op: 'patch', latents, values, ...where }], within(lengths, true, of), of);
    expect(go(flat)).toEqual(go(everywhere));
    const perRow = array([rows, latents.length, pos], (i) => i / 10);
    const second = go(perRow);
    const own = array([latents.length, pos], (i) => (latents.length * pos + i) / 10);
    expect(second.subarray(pos * D)).toEqual(go(own).subarray(pos * D));
    // Rows and positions named backwards.
    const some = array([2, latents.length, 1], (i) => i);
    const backwards = go(some, { rows: [1, 0], positions: [2] });
    const first = array([latents.length, 1], (i) => latents.length + i);
    expect(backwards.subarray(0, pos * D)).toEqual(go(first, { rows: [0], positions: [2] }).subarray(0, pos * D));
    // Padding of the second row stays.
    expect(second.subarray((pos + 3) * D)).toEqual(x.subarray((pos + 3) * D));
  });
});

describe('refusals of a patch', () => {
  const refused = (changes: object, context = within([3], false)): string => {
    const edit = { dictionary: 'd', op: 'patch', latents: [1, 2], values: array([2, 3], () => 1), ...changes } as Edit;
    try {
      checkEdits([edit], context);
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return (error as Error).message.slice('Edit 1 of 1: '.length);
    }
    throw new Error('accepted');
  };

  test('latents are in the dictionary, each once', () => {
    expect(refused({ latents: [1, 20] })).toBe('`latents` holds 20, but the dictionary has 20 (counted from 0).');
    expect(refused({ latents: [1, 1] })).toBe('`latents` holds a number twice.');
    expect(refused({ latents: [1, 0.5] })).toMatch(/holds 0\.5/);
    expect(refused({ latents: 1 })).toBe('`latents` must be a list of whole numbers.');
  });

  test('values have one of the shapes that fit, and are finite', () => {
    expect(refused({ values: array([2, 4], () => 1) })).toBe(
      '`values` has shape [2, 4], but a patch of 2 latents takes [2] or [2, 3] here.',
    );
    expect(refused({ values: array([3, 2], () => 1) }, within([3, 1], true))).toMatch(/takes \[2\] or \[2, 3\] or \[2, 2, 3\] here/);
    expect(refused({ values: array([2, 3], () => 1), positions: [0] })).toMatch(/takes \[2\] or \[2, 1\] here/);
    expect(refused({ values: array([2, 3], (i) => (i === 4 ? NaN : 1)) })).toBe('`values` holds NaN at 4; every number must be finite.');
    expect(refused({ values: [1, 2] })).toMatch(/`values` must be \{ data: Float32Array/);
    expect(refused({ values: { data: new Float32Array(5), shape: [2, 3] } })).toMatch(/says shape \[2, 3\] but holds 5/);
  });

  test('in generation all positions share a value, as the text grows', () => {
    const growing: EditContext = { ...within([3], false), growing: true };
    expect(refused({}, growing)).toMatch(/in generation a `patch` at all positions takes one value for each latent/);
    const fine = { dictionary: 'd', op: 'patch', latents: [1, 2], values: array([2], () => 1) } as Edit;
    const chosen = { ...fine, values: array([2, 1], () => 1), positions: [2] } as Edit;
    expect(checkEdits([fine, chosen], growing).get(HOOK)).toHaveLength(2);
  });

  test('the dictionary is one of those given, and reads a hook that can be written', () => {
    expect(refused({ dictionary: 'x' })).toBe('there is no dictionary called "x" here.');
    expect(refused({ op: 'grow', latent: 1 })).toMatch(/"grow" is not one of ablate, scale, set, add, patch/);
  });
});

describe('the first position an edit changes', () => {
  const random = createRandom(9);
  const length = 6;
  const x = randomNormal(random, length * D, 2);
  const codes = encode(dictionary, x);
  const dense = toDense(codes);
  const first = (edit: Edit) =>
    firstChange(checkEdits([edit], within([length], false)).get(HOOK)![0], length, new Map([[dictionary, codes]]));
  const fires = (latent: number) => Array.from({ length }, (_, p) => p).filter((p) => dense[p * N + latent] > 0);
  const late = Array.from({ length: N }, (_, j) => j).find((j) => fires(j)[0] > 0)!;
  const ofLate = (rest: object) => ({ dictionary: 'd', latent: late, ...rest }) as LatentEdit;

  test('is where the latent fires first, among the positions named', () => {
    expect(first(ofLate({ op: 'ablate' }))).toBe(fires(late)[0]);
    expect(first(ofLate({ op: 'scale', value: 2 }))).toBe(fires(late)[0]);
    expect(first(ofLate({ op: 'scale', value: 1 }))).toBe(length);
    expect(first(ofLate({ op: 'set', value: 0 }))).toBe(fires(late)[0]);
    expect(first(ofLate({ op: 'set', value: 1 }))).toBe(0);
    expect(first(ofLate({ op: 'add', value: 1, positions: [4, 2] }))).toBe(2);
    expect(first(ofLate({ op: 'add', value: 0 }))).toBe(length);
    const silent = Array.from({ length }, (_, p) => p).filter((p) => !fires(late).includes(p));
    expect(first(ofLate({ op: 'ablate', positions: silent }))).toBe(length);
  });

  test('of a patch is where any of its values differs from the code', () => {
    const latents = [late, (late + 1) % N];
    const own = array([2, length], (i) => dense[(i % length) * N + latents[Math.floor(i / length)]]);
    const patch = (values: Array2) => first({ dictionary: 'd', op: 'patch', latents, values });
    expect(patch(own)).toBe(length);
    const other = array([2, length], (i) => own.data[i] + (i === length + 4 ? 1 : 0));
    expect(patch(other)).toBe(4);
  });

  test('of an edit of the hook itself is the first position named, or 0', () => {
    expect(first({ hook: HOOK, op: 'scale', factor: 2, positions: [5, 3] })).toBe(3);
    expect(first({ hook: HOOK, op: 'scale', factor: 2, positions: [] })).toBe(length);
    expect(first({ hook: HOOK, op: 'scale', factor: 2 })).toBe(0);
  });
});
