import { describe, expect, it } from 'vitest';
import { bestOf, dictionaryMap, variantWords } from '../../../src/state/explore/dictionaryMap.ts';
import { fakeDictionaries } from '../../helpers/fakeDictionaries.ts';

const [base] = fakeDictionaries();
const at = (hook: string, variant: string) => ({ ...base, hook, id: `bookworm-9m/${hook}/${variant}`, label: `${hook} ${variant}` });

/** The dictionaries that come with bookworm-9m. */
const SHIPPED = [
  ...[0, 1, 2, 3, 4, 5].flatMap((b) => [
    at(`blocks.${b}.hook_resid_post`, 'r4-a0.002'),
    at(`blocks.${b}.hook_resid_post`, 'r4-a0.004'),
    at(`blocks.${b}.hook_attn_out`, 'r4'),
    at(`blocks.${b}.hook_mlp_out`, 'r4'),
  ]),
  at('blocks.3.hook_resid_post', 'r8'),
  at('blocks.3.mlp.hook_post', 'r2'),
];

describe('the map of dictionaries', () => {
  it('has a row for each site and a place for each block', () => {
    const { rows, elsewhere, others } = dictionaryMap(SHIPPED, { n_layers: 6 });
    expect(rows.map(({ site, blocks }) => [site, ...blocks.map((place) => place.length)])).toEqual([
      ['hook_resid_post', 2, 2, 2, 3, 2, 2],
      ['hook_attn_out', 1, 1, 1, 1, 1, 1],
      ['hook_mlp_out', 1, 1, 1, 1, 1, 1],
      ['mlp.hook_post', 0, 0, 0, 1, 0, 0],
    ]);
    expect([elsewhere, others]).toEqual([[], []]);
  });

  it('shows the three usual rows even where only one has some, and sites it has no name for after them', () => {
    const { rows } = dictionaryMap([at('blocks.1.attn.hook_z', 'r4')], { n_layers: 2 });
    expect(rows.map(({ site }) => site)).toEqual(['hook_resid_post', 'hook_attn_out', 'hook_mlp_out', 'attn.hook_z']);
  });

  it('puts aside what is at no block, and what does not fit or names no hook', () => {
    const end = at('ln_final.hook_normalized', 'r4');
    const [misfit, nameless] = [
      { ...base, id: 'wide', fits: false },
      { ...base, id: 'bare', hook: '', fits: false },
    ];
    expect(dictionaryMap([end, misfit, nameless], { n_layers: 6 })).toEqual({ rows: [], elsewhere: [end], others: [misfit, nameless] });
  });

  it('goes from place to place with dictionaries made alike', () => {
    const place = SHIPPED.filter(({ hook }) => hook === 'blocks.3.hook_resid_post');
    expect(bestOf(place, at('blocks.1.hook_resid_post', 'r4-a0.004'))).toBe(place[1]);
    expect(bestOf(place, at('blocks.1.hook_attn_out', 'r4'))).toBe(place[0]);
    expect(bestOf(place, undefined)).toBe(place[0]);
    // Two opened from files have no variant, which does not make them alike.
    const mine = { ...base, id: 'mine' };
    expect(bestOf([place[0], mine], { ...base, id: 'theirs' })).toBe(place[0]);
    expect(bestOf([], undefined)).toBeUndefined();
  });

  it('names what tells those of one place apart', () => {
    const words = ['r4-a0.004', 'r8', 'r0.5-a8.577e-4', 'odd'].map((variant) => variantWords(at('blocks.3.hook_resid_post', variant)));
    expect(words).toEqual(['R 4, α 0.004', 'R 8', 'R 0.5, α 8.577e-4', 'odd']);
    expect(variantWords({ ...base, id: 'a1b2', label: 'mine' })).toBe('mine');
  });
});
