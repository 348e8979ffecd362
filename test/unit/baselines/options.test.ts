/** What is refused, as sentences, before anything is read. */
import { describe, expect, it } from 'vitest';
import { checkBaseline, checkFit, type BaselineOptions } from '../../../src/core/baselines/options.ts';
import { labelOf } from '../../../src/engine/baselines/words.ts';

const hook = 'blocks.3.hook_resid_post';
const check = (options: object) => checkBaseline(options as BaselineOptions);
const fitOf = (options: object, width: number, rows: number) => checkFit(check(options), width, rows);

describe('the options of other directions', () => {
  it('have defaults', () => {
    expect(check({ kind: 'pca', hook })).toEqual({
      kind: 'pca',
      hook,
      form: 'signed',
      signFixed: false,
      corpus: 'moby-dick',
      tokens: 32_768,
      seed: 0,
    });
    expect(check({ kind: 'ica', hook, k: 3, non_negative: true })).toMatchObject({ form: 'topk', k: 3 });
    expect(check({ kind: 'ica', hook, non_negative: true, sign_fixed: true })).toMatchObject({ form: 'non_negative', signFixed: true });
  });

  it.each([
    [{ kind: 'nmf', hook }, /no directions of the kind "nmf"\. There are: neurons, random, pca, ica\./],
    [{ kind: 'constructor', hook }, /no directions of the kind "constructor"/],
    [{ kind: 'pca' }, /`hook` must name a hook/],
    [{ kind: 'neurons', hook, tokens: 100 }, /`tokens` is no setting of the kind neurons; it takes none\./],
    [{ kind: 'random', hook, k: 4 }, /`k` is no setting of the kind random; it takes components, seed\./],
    [{ kind: 'pca', hook, rotation: 1 }, /no setting `rotation`/],
    [{ kind: 'pca', hook, k: 0 }, /`k` must be a whole number from 1 to/],
    [{ kind: 'pca', hook, tokens: 2.5 }, /`tokens` must be a whole number/],
    [{ kind: 'pca', hook, seed: -1 }, /`seed` must be a whole number/],
    [{ kind: 'pca', hook, sign_fixed: 'yes' }, /`sign_fixed` must be true or false/],
    [{ kind: 'pca', hook, k: 3, non_negative: false }, /stacks both signs/],
    [{ kind: 'pca', hook, corpus: 7 }, /`corpus` must be the name of a text/],
  ])('%j is refused', (options, sentence) => {
    expect(() => check(options)).toThrow(sentence);
  });

  it('must fit the hook and the text', () => {
    expect(fitOf({ kind: 'pca', hook }, 256, 257)).toBe(256);
    expect(fitOf({ kind: 'pca', hook, components: 8, k: 16 }, 256, 9)).toBe(8);
    expect(fitOf({ kind: 'random', hook, components: 700 }, 256, 0)).toBe(700);
    expect(() => fitOf({ kind: 'pca', hook }, 256, 256)).toThrow('PCA with 256 components needs at least 257 tokens; there are 256.');
    expect(() => fitOf({ kind: 'ica', hook, components: 300 }, 256, 9999)).toThrow('no 300 components');
    expect(() => fitOf({ kind: 'pca', hook, components: 8, k: 17 }, 256, 999)).toThrow('8 components with both signs are only 16 features');
    expect(() => fitOf({ kind: 'neurons', hook }, 8192, 0)).toThrow('Neurons can be made of at most 4096');
    expect(() => fitOf({ kind: 'ica', hook }, 4096, 9999)).toThrow('ICA can be made of at most 2048');
  });

  it('name the dictionary for a person', () => {
    expect(labelOf(check({ kind: 'pca', hook }), 256, 256, 32_768)).toBe('PCA of blocks.3.hook_resid_post, 32,768 tokens');
    expect(labelOf(check({ kind: 'neurons', hook }), 256, 256)).toBe('Neurons of blocks.3.hook_resid_post');
    expect(labelOf(check({ kind: 'random', hook, seed: 7 }), 1024, 256)).toBe(
      '1,024 random directions of blocks.3.hook_resid_post, seed 7',
    );
    expect(labelOf(check({ kind: 'ica', hook, k: 30, sign_fixed: true, seed: 2 }), 64, 256, 500)).toBe(
      'TopK of ICA of blocks.3.hook_resid_post, k = 30, 500 tokens, 64 components, signs fixed, seed 2',
    );
  });
});
