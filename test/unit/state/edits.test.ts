import { describe, expect, it } from 'vitest';
import {
  compileEdits,
  editProblem,
  editsCode,
  editSentence,
  type EditContext,
  type EditItem,
  type KeptVector,
} from '../../../src/state/explore/edits.ts';
import { fakeModel } from '../../helpers/fakeApi.ts';
import { fakeDictionaries } from '../../helpers/fakeDictionaries.ts';

const narrow: KeptVector = {
  id: 1,
  values: new Float32Array(256).fill(0.5),
  hook: 'blocks.2.hook_resid_post',
  position: 3,
  token: '·sea',
  excerpt: 'the sea',
};
const wide: KeptVector = { ...narrow, id: 2, values: new Float32Array(1024), hook: 'blocks.2.mlp.hook_post' };
const context: EditContext = { model: fakeModel(), vectors: [narrow, wide], tokens: 6, selected: 4 };
const item = (part: Partial<EditItem>): EditItem => ({
  id: 1,
  hook: 'blocks.2.hook_mlp_out',
  change: { op: 'scale', factor: 0 },
  where: { kind: 'all' },
  on: true,
  ...part,
});
const compiled = (part: Partial<EditItem>) => compileEdits([item(part)], context);

describe('compileEdits', () => {
  it('leaves positions out when all are meant', () => {
    expect(compiled({})).toEqual([{ hook: 'blocks.2.hook_mlp_out', op: 'scale', factor: 0 }]);
  });

  it('names the selected position and listed ones within the text', () => {
    expect(compiled({ where: { kind: 'selected' } })[0]).toMatchObject({ positions: [4] });
    expect(compiled({ where: { kind: 'list', text: '0-1, 5, 900' } })[0]).toMatchObject({ positions: [0, 1, 5] });
  });

  it('leaves out what is off or cannot act', () => {
    expect(compiled({ on: false })).toEqual([]);
    expect(compiled({ where: { kind: 'list', text: '6' } })).toEqual([]);
    expect(compiled({ hook: 'blocks.9.hook_mlp_out' })).toEqual([]);
    expect(compiled({ hook: 'blocks.2.ln1.hook_normalized' })).toEqual([]);
    expect(compiled({ change: { op: 'set', vector: 2 } })).toEqual([]);
  });

  it('multiplies an added vector by its strength', () => {
    const [edit] = compiled({ change: { op: 'add', vector: 1, strength: -4 } });
    expect(edit).toEqual({ hook: 'blocks.2.hook_mlp_out', op: 'add', vector: new Float32Array(256).fill(-2) });
  });

  it('sets explicit positions, so that generated tokens keep their own values', () => {
    const [edit] = compiled({ change: { op: 'set', vector: 1 } });
    expect(edit).toMatchObject({ op: 'set', positions: [0, 1, 2, 3, 4, 5], value: { shape: [6, 256] } });
    const [one] = compiled({ hook: 'blocks.2.attn.hook_z', change: { op: 'set', vector: 1 }, where: { kind: 'selected' } });
    expect(one).toMatchObject({ positions: [4], value: { shape: [1, 8, 32] } });
  });

  it('removes a direction on both sides by two unit edits', () => {
    const edits = compiled({ change: { op: 'project_out', vector: 1 } });
    const directions = edits.map((e) => ('direction' in e ? e.direction : new Float32Array()));
    expect(edits).toHaveLength(2);
    expect(Math.hypot(...directions[0])).toBeCloseTo(1, 6);
    expect(directions[1]).toEqual(directions[0].map((x) => -x));
    // What the api's x − relu(d·x) d leaves of any x along d, after both: nothing.
    let x = Float64Array.from(directions[0], (d, i) => -3 * d + (i % 2 ? 0.1 : -0.1));
    for (const d of directions) {
      const along = Math.max(
        0,
        d.reduce((s, v, i) => s + v * x[i], 0),
      );
      x = x.map((v, i) => v - along * d[i]);
    }
    expect(directions[0].reduce((s, v, i) => s + v * x[i], 0)).toBeCloseTo(0, 6);
  });
});

describe('editProblem', () => {
  it('says why a vector does not fit', () => {
    const problem = editProblem(item({ change: { op: 'add', vector: 2, strength: 1 } }), context);
    expect(problem).toBe('That vector has 1024 dimensions (blocks.2.mlp.hook_post), but blocks.2.hook_mlp_out has 256.');
  });

  it.each([
    [{ hook: 'blocks.2.attn.hook_pattern', change: { op: 'add', vector: 1, strength: 1 } }, /only be scaled/],
    [{ change: { op: 'add', vector: 7, strength: 1 } }, /Choose a kept vector/],
    [{ hook: 'blocks.2.mlp.hook_post', change: { op: 'project_out', vector: 2 } }, /zero/],
    [{ where: { kind: 'list', text: '8-9' } }, /no position 8-9; it ends at 5/],
    [{ where: { kind: 'list', text: 'x' } }, /not a position/],
  ] as [Partial<EditItem>, RegExp][])('gives a sentence for %j', (part, words) => {
    expect(editProblem(item(part), context)).toMatch(words);
  });

  it('is silent about patterns scaled and about hooks of heads of the same total width', () => {
    expect(editProblem(item({ hook: 'blocks.2.attn.hook_pattern' }), context)).toBeNull();
    expect(editProblem(item({ hook: 'blocks.2.attn.hook_z', change: { op: 'set', vector: 1 } }), context)).toBeNull();
  });
});

describe('words and code', () => {
  const sentence = (part: Partial<EditItem>) => {
    const it = item(part);
    const { verb, middle, where } = editSentence(it, context);
    return [verb, it.hook, middle, where].filter(Boolean).join(' ');
  };

  it('writes an edit as a sentence', () => {
    expect(sentence({})).toBe('Zero blocks.2.hook_mlp_out at all positions');
    expect(sentence({ change: { op: 'scale', factor: 0.5 } })).toBe('Scale blocks.2.hook_mlp_out by 0.5 at all positions');
    expect(sentence({ change: { op: 'add', vector: 1, strength: 2 }, where: { kind: 'selected' } })).toBe(
      'Add 2 × v1 to blocks.2.hook_mlp_out at the selected position (4)',
    );
    expect(sentence({ change: { op: 'set', vector: 1 }, where: { kind: 'list', text: '1,2,3' } })).toBe(
      'Set blocks.2.hook_mlp_out to v1 at positions 1-3',
    );
  });

  it('writes code that evaluates to the edits', () => {
    const edits = compileEdits(
      [
        item({ where: { kind: 'selected' } }),
        item({ change: { op: 'set', vector: 1 } }),
        item({ change: { op: 'add', vector: 1, strength: 3 } }),
      ],
      context,
    );
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code is for people to run
    const evaluate = new Function(`return ${editsCode(edits, true)}`) as () => unknown;
    expect(evaluate()).toEqual(edits);
    expect(editsCode(edits, false).length).toBeLessThan(600);
    expect(editsCode([], true)).toBe('[]');
  });
});

describe('a feature', () => {
  const dictionary = 'bookworm-9m/blocks.3.hook_resid_post/r4';
  const ablate = (latent = 123) => item({ hook: 'blocks.3.hook_resid_post', change: { op: 'ablate', dictionary, latent, name: 'r4' } });
  const known = { ...context, dictionaries: fakeDictionaries() };

  it('is ablated through its dictionary', () => {
    expect(compileEdits([ablate()], known)).toEqual([{ dictionary, latent: 123, op: 'ablate' }]);
    const { verb, middle, where } = editSentence(ablate(), known);
    expect([verb, ablate().hook, middle, where].join(' ')).toBe('Ablate feature 123 of blocks.3.hook_resid_post (r4) at all positions');
    expect(editsCode(compileEdits([ablate()], known), true)).toContain(`{ dictionary: '${dictionary}', latent: 123, op: 'ablate' }`);
  });

  it('waits for its dictionary, and says what is wrong with it', () => {
    expect(editProblem(ablate(), known)).toBeNull();
    expect(compileEdits([ablate()], context)).toEqual([]);
    expect(editProblem(ablate(), { ...context, dictionaries: [] })).toBe(`The dictionary ${dictionary} is not here.`);
    expect(editProblem(ablate(), { ...context, dictionaries: fakeDictionaries(false) })).toMatch(/does not fit this model/);
    expect(editProblem(ablate(1024), known)).toMatch(/no feature 1024; its last is 1023/);
  });
});
