/** Strengths, where a sweep happens, controls, and what is marked in a continuation. */
import { describe, expect, it } from 'vitest';
import type { Edit } from '../../../src/api/model.ts';
import { controlOf, type Placed } from '../../../src/state/explore/controls.ts';
import { differingTokens } from '../../../src/state/explore/differingTokens.ts';
import { compileEdits, editSentence, type EditItem } from '../../../src/state/explore/edits.ts';
import { unitOf } from '../../../src/state/explore/featureFacts.ts';
import { latentProblem, type LatentChange } from '../../../src/state/explore/latentChange.ts';
import { parseStrengths, stretchOf, sweep, sweepJob, type SweepPoint } from '../../../src/state/explore/steering.ts';
import { fakeModel } from '../../helpers/fakeApi.ts';
import { fakeDictionaries } from '../../helpers/fakeDictionaries.ts';

const model = fakeModel();
const [info] = fakeDictionaries();
const of = { dictionary: info.id, latent: 3, name: 'R 4' };
const unit = { value: 8, of: 'moby-dick' };
const add: LatentChange = { ...of, op: 'latent_add', times: 0.5, unit };
const item = (change: LatentChange, part: Partial<EditItem> = {}): EditItem => ({
  id: 1,
  hook: info.hook,
  change,
  where: { kind: 'all' },
  on: true,
  ...part,
});
const context = { model, vectors: [], tokens: 6, selected: 4, dictionaries: [info] };

describe('an edit of a feature', () => {
  it('is the api’s, a strength in multiples of the maximum', () => {
    const edits = (change: LatentChange) => compileEdits([item(change)], context);
    const ids = { dictionary: info.id, latent: 3 };
    expect(edits(add)).toEqual([{ ...ids, op: 'add', value: 4 }]);
    expect(edits({ ...of, op: 'latent_set', times: -2, unit })).toEqual([{ ...ids, op: 'set', value: -16 }]);
    expect(edits({ ...of, op: 'latent_scale', factor: 3 })).toEqual([{ ...ids, op: 'scale', value: 3 }]);
    expect(edits({ ...of, op: 'ablate' })).toEqual([{ ...ids, op: 'ablate' }]);
  });

  it('says what it does, in what units', () => {
    expect(editSentence(item(add), context)).toEqual({
      verb: 'Add to feature 3 of',
      middle: '(R 4) 0.500 × its maximum (8.00 in moby-dick)',
      where: 'at all positions',
    });
    const raw = { ...add, times: 2, unit: { value: 1, of: '' } };
    expect(editSentence(item(raw), context).middle).toBe('(R 4) the value 2.00');
  });

  it('is refused with a sentence where there is no such feature or strength', () => {
    expect(latentProblem(add, [info])).toBeNull();
    expect(latentProblem({ ...add, latent: info.d_sae }, [info])).toContain(`its last is ${info.d_sae - 1}`);
    expect(latentProblem({ ...add, latent: 1.5 }, [info])).toContain('whole number');
    expect(latentProblem({ ...add, times: NaN }, [info])).toContain('must be a number');
    expect(latentProblem(add, [])).toContain('is not here');
  });

  it('acts on the reconstruction where the error is dropped: once a dictionary, wherever its features are edited', () => {
    const list = (...texts: string[]) => texts.map((text) => item(add, { where: { kind: 'list', text } }));
    const splices = (items: EditItem[]) => compileEdits(items, { ...context, dropsError: true }).slice(0, -items.length);
    expect(splices(list('1, 4', '2'))).toEqual([{ dictionary: info.id, op: 'splice', positions: [1, 2, 4] }]);
    expect(splices([...list('1'), item(add)])).toEqual([{ dictionary: info.id, op: 'splice' }]);
    expect(splices([item(add), ...list('1')])).toEqual([{ dictionary: info.id, op: 'splice' }]);
  });
});

describe('a control', () => {
  const facts = { values: Float32Array.of(0, 5, 0), scale: undefined, direction: Float32Array.of(1, -2), other: { latent: 9, maximum: 2 } };
  const control = (kind: 'latent' | 'direction', change: LatentChange, positions?: number[]) =>
    controlOf(kind, { change, hook: info.hook, ...(positions && { positions }) }, facts);

  it('is another feature at the same multiple of its own maximum', () => {
    expect(control('latent', add, [1])).toEqual([{ dictionary: info.id, latent: 9, op: 'add', value: 1, positions: [1] }]);
    expect(control('latent', { ...of, op: 'ablate' })).toEqual([{ dictionary: info.id, latent: 9, op: 'ablate' }]);
    expect(controlOf('latent', { change: add, hook: info.hook }, { ...facts, other: undefined })).toBeNull();
  });

  it('is a direction by as much as the feature’s decoder row is added at each position', () => {
    const along = (amount: number, positions?: number[]) => ({
      hook: info.hook,
      op: 'add',
      vector: facts.direction.map((x) => x * amount),
      ...(positions && { positions }),
    });
    expect(control('direction', add)).toEqual([along(4)]);
    expect(control('direction', { ...of, op: 'ablate' })).toEqual([along(-5, [1])]);
    expect(control('direction', { ...of, op: 'latent_scale', factor: 3 })).toEqual([along(10, [1])]);
    expect(control('direction', { ...of, op: 'latent_set', times: 1, unit }, [1, 2])).toEqual([along(3, [1]), along(8, [2])]);
  });
});

describe('a control where rows are normalised', () => {
  it('is scaled as the feature is, token by token', () => {
    const facts = { values: Float32Array.of(0, 5), scale: Float32Array.of(2, 3), direction: Float32Array.of(1), other: undefined };
    const amounts = (change: LatentChange) =>
      controlOf('direction', { change, hook: info.hook }, facts)!.map((edit) => ('vector' in edit ? [edit.vector[0], edit.positions] : []));
    expect(amounts(add)).toEqual([
      [8, [0]],
      [12, [1]],
    ]);
    expect(amounts({ ...of, op: 'ablate' })).toEqual([[-15, [1]]]);
  });
});

describe('what strengths are multiples of', () => {
  const names = { dictionary: info.id, byLatent: new Map(), maximum: [0, 0, 0, 8], corpus: 'moby-dick' };
  const index = { tokens: 2, rows: [] } as never;
  const features = { dictionary: info, index, tokens: [] } as never;
  const facts = { features, indexNames: names, skipSpecial: false };

  it('is the maximum in the index', () => expect(unitOf(facts, of)).toEqual(unit));

  it('is no maximum of another dictionary’s feature of that number', () =>
    expect(unitOf(facts, { ...of, dictionary: 'another' })).toEqual({ value: 1, of: '' }));
});

describe('strengths as typed', () => {
  it('are read in any order, each once', () => expect(parseStrengths('2, −1; 0  0.5 2')).toEqual([-1, 0, 0.5, 2]));

  it.each([
    ['', 'Give the strengths'],
    ['1, two', '“two” is no strength'],
    ['1e99', 'is no strength'],
    [Array.from({ length: 26 }, (_, i) => i).join(), 'At most 25'],
  ])('%j is refused with a sentence', (typed, sentence) => expect(parseStrengths(typed)).toContain(sentence));
});

describe('the stretch that is studied', () => {
  it('is the whole text where there is room', () => expect(stretchOf(40, 3, 200)).toEqual({ start: 0, end: 40 }));
  it('is the end of a long one', () => expect(stretchOf(500, 499, 200)).toEqual({ start: 300, end: 500 }));
  it('ends at a position chosen before that', () => expect(stretchOf(500, 250, 200)).toEqual({ start: 51, end: 251 }));
  it('is never shorter for a position near the start', () => expect(stretchOf(500, 3, 200)).toEqual({ start: 0, end: 200 }));
});

describe('a sweep', () => {
  /** ln p of token 1 rises by the value added; half of the KL; text that repeats when the value is large. */
  const api = () => {
    const sumOf = (edits: Edit[] = []) =>
      edits.reduce((sum, e) => sum + ('latent' in e ? (e.value ?? 0) : 'vector' in e ? e.vector[0] : 0), 0);
    return {
      run: (_: unknown, o: { edits?: Edit[] }) => Promise.resolve({ logits: { data: Float32Array.of(0, sumOf(o.edits)), shape: [1, 2] } }),
      predict: (_: unknown, o: { edits?: Edit[] }) => Promise.resolve({ comparison: { kl: Float32Array.of(0, Math.abs(sumOf(o.edits))) } }),
      generate: (_: unknown, o: { edits?: Edit[] }) =>
        Promise.resolve({ ids: sumOf(o.edits) > 3 ? [1, 1, 1, 1, 1] : [1, 2, 3, 4, 5], text: 'so' }),
      encode: () =>
        Promise.resolve({ rows: Uint32Array.of(0, 1, 1), latents: Uint32Array.of(3), values: Float32Array.of(2), d_sae: 12, lengths: [2] }),
      dictionaries: { vectors: () => Promise.resolve({ enc: new Float32Array(2), dec: Float32Array.of(3, 4), b_enc: 0 }) },
      index: { summary: () => Promise.resolve(null) },
      detokenize: (rows: number[][]) => Promise.resolve(rows.map((ids) => ({ tokens: ids.map((id) => `t${id}`) }))),
      tokenize: (text: string) => Promise.resolve({ ids: [...text].map(() => 1), tokens: [...text] }),
      models: { current: () => ({ ...model, n_tokens: 2 }) },
    } as never;
  };
  const placed: Placed = { change: add, hook: info.hook };

  it('measures the feature and both controls at each strength', async () => {
    const points: SweepPoint[] = [];
    const o = {
      ids: [5, 6],
      position: 1,
      placed,
      splices: [],
      strengths: [0, 1],
      target: 1,
      tokens: 5,
      seed: 0,
      signal: new AbortController().signal,
    };
    await sweep(api(), { ...o, onPoint: (point) => points.push(point) });
    expect(points.map(({ kind, strength }) => [kind, strength])).toEqual([
      ['feature', 0],
      ['latent', 0],
      ['direction', 0],
      ['feature', 1],
      ['latent', 1],
      ['direction', 1],
    ]);
    // ln σ(8) − ln σ(0)
    expect(points[3]).toMatchObject({ kl: 4, text: 'so' });
    expect(points[3].effect).toBeCloseTo(Math.log(1 / (1 + Math.exp(-8))) - Math.log(0.5), 6);
    expect(points[3].repeated).toBeCloseTo(0.5, 12);
    expect(points[0]).toMatchObject({ effect: 0, kl: 0, repeated: 0 });
  });

  it('stops between two strengths', async () => {
    const stop = new AbortController();
    const o = { ids: [5, 6], position: 1, placed, splices: [], strengths: [0, 1], target: 1, tokens: 5, seed: 0, signal: stop.signal };
    let count = 0;
    const ended = sweep(api(), { ...o, onPoint: () => (++count === 2 ? stop.abort() : undefined) });
    await expect(ended).rejects.toThrow();
    expect(count).toBe(2);
  });

  it('watches the token that is typed, if it is one, else the one that rises most', async () => {
    const analysis = { before: { ids: [5, 6], tokens: ['a', 'b'] } } as never;
    const bench = { edits: [], vectors: [], dropsError: false };
    const state = { model, bench, analysis, position: null, dictionaries: { status: 'done', list: [info] } } as never;
    const ask = (typed: string) => sweepJob(api(), { item: item(add), analysis, state, typed, tokens: 5 }, new AbortController().signal);
    expect(await ask('')).toMatchObject({ target: 1, name: 't1', position: 1, ids: [5, 6], splices: [] });
    const dropped = {
      item: item(add),
      analysis,
      typed: 'x',
      tokens: 5,
      state: { ...(state as object), bench: { ...bench, dropsError: true } } as never,
    };
    expect((await sweepJob(api(), dropped, new AbortController().signal)).splices).toEqual([{ dictionary: info.id, op: 'splice' }]);
    expect(await ask('x')).toMatchObject({ target: 1, name: 'x' });
    await expect(ask('xy')).rejects.toThrow('“xy” is 2 tokens');
  });
});

describe('differing tokens', () => {
  it('are those outside what both have in the same order', () => {
    expect(differingTokens([1, 2, 3, 4], [1, 9, 3, 4, 5])).toEqual([false, true, false, false, true]);
    expect(differingTokens([1, 2], [1, 2])).toEqual([false, false]);
    expect(differingTokens([1, 2, 3], [2])).toEqual([false]);
  });
});
