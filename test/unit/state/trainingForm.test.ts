import { describe, expect, it } from 'vitest';
import { formOf, formOfJson } from '../../../src/state/train/formJson.ts';
import { readNumber } from '../../../src/state/train/formNumbers.ts';
import { PRESETS } from '../../../src/state/train/presets.ts';
import { emptyDictionary, emptyForm, readForm, type DictionaryForm, type TrainingForm } from '../../../src/state/train/trainingForm.ts';
import { fakeModel } from '../../helpers/fakeApi.ts';

const model = fakeModel();
const HOOK = 'blocks.3.hook_resid_post';
const CORPORA = ['moby-dick', 'sotu'];
const form = (patch: Partial<TrainingForm> = {}, group: Partial<DictionaryForm> = {}): TrainingForm => ({
  ...emptyForm(model),
  dictionaries: [{ ...emptyDictionary(model), ...group }],
  ...patch,
});
const read = (...args: Parameters<typeof form>) => readForm(form(...args), model, CORPORA);

describe('the form of a run', () => {
  it('untouched asks for one dictionary in the middle of the model and leaves the rest to the defaults', () => {
    expect(read()).toEqual({ config: { dictionaries: { hook: HOOK }, corpus: 'moby-dick' }, problems: {}, count: 1 });
  });

  it('crosses places, sizes, sparsities and seeds', () => {
    const { config, count } = read({}, { hooks: [HOOK, 'blocks.0.hook_mlp_out'], size: '2 4', alpha: '0.001, 0.002, 4e-3', seeds: '0;1' });
    expect(config?.dictionaries).toEqual({
      hook: [HOOK, 'blocks.0.hook_mlp_out'],
      ratio: [2, 4],
      alpha: [0.001, 0.002, 0.004],
      seed: [0, 1],
    });
    expect(count).toBe(24);
  });

  it('writes only the sparsity of the architecture that is chosen', () => {
    const { config } = read({}, { architecture: 'topk', alpha: '0.1', k: '16', sizeUnit: 'd_sae', size: '1024' });
    expect(config?.dictionaries).toEqual({ hook: HOOK, architecture: 'topk', d_sae: 1024, k: 16 });
  });

  it('sets nested settings at their place', () => {
    const { config } = read({ numbers: { 'adam.lr': '3e-4', 'schedule.warmup': '100', tokens: '2 000 000' }, keep_first: false });
    expect(config).toMatchObject({ adam: { lr: 3e-4 }, schedule: { warmup: 100 }, tokens: 2_000_000, keep_first: false });
    expect(config).not.toHaveProperty('keep_end_of_text');
  });

  it.each<[string, Partial<TrainingForm>, Partial<DictionaryForm>, string, RegExp]>([
    ['no place', {}, { hooks: [] }, 'dictionaries.0.hooks', /at least one place/],
    ['a place of another model', {}, { hooks: ['blocks.9.hook_resid_post'] }, 'dictionaries.0.hooks', /bookworm-9m has no blocks\.9/],
    ['a place without vectors', {}, { hooks: ['blocks.1.attn.hook_pattern'] }, 'dictionaries.0.hooks', /no blocks\.1\.attn\.hook_pattern/],
    ['words for α', {}, { alpha: '0.001, much' }, 'dictionaries.0.alpha', /“much” is not a number/],
    ['α below 0', {}, { alpha: '-1' }, 'dictionaries.0.alpha', /below 0/],
    ['the same α twice', {}, { alpha: '0.001 1e-3' }, 'dictionaries.0.alpha', /twice/],
    ['half a feature', {}, { sizeUnit: 'd_sae', size: '10.5' }, 'dictionaries.0.size', /whole number/],
    ['k above the features', {}, { architecture: 'topk', size: '1', k: '300' }, 'dictionaries.0.k', /256 in the smallest/],
    ['two weights of the dead loss', {}, { architecture: 'topk', aux_alpha: '1 2' }, 'dictionaries.0.aux_alpha', /One number/],
    ['no text', { corpus: [] }, {}, 'corpus', /Choose a text/],
    ['a text that is gone', { corpus: ['mine'] }, {}, 'corpus', /no text named mine/],
    ['β₁ of 1', { numbers: { 'adam.beta1': '1' } }, {}, 'adam.beta1', /below 1/],
    ['a batch of none', { numbers: { batch: '0' } }, {}, 'batch', /1 or more/],
    ['fewer tokens than a batch', { numbers: { tokens: '100' } }, {}, 'tokens', /one batch \(1024\)/],
    ['a decay longer than the run', { numbers: { tokens: '10240', 'schedule.decay': '11' } }, {}, 'schedule.decay', /10 steps, fewer than/],
    ['a hundred dictionaries', {}, { seeds: Array.from({ length: 100 }, (_, i) => i).join() }, 'dictionaries', /100 dictionaries at once/],
  ])('says what is wrong with %s, beside it', (_, patch, group, field, words) => {
    const { config, problems } = read(patch, group);
    expect(config).toBeNull();
    expect(Object.keys(problems)).toEqual([field]);
    expect(problems[field]).toMatch(words);
  });

  it.each([
    ['1000000', 1e6],
    ['1e6', 1e6],
    ['1 000 000', 1e6],
    ['1_000_000', 1e6],
    [' .5 ', 0.5],
    ['-2', -2],
    ['1 2', NaN],
    ['0x10', NaN],
    ['Infinity', NaN],
    ['', NaN],
  ])('reads %j as %d', (text, value) => expect(readNumber(text)).toBe(value));
});

describe('settings as JSON', () => {
  it.each(PRESETS.map((preset) => [preset.name, preset] as const))('of "%s" come back as they were', (_, preset) => {
    const { config, problems } = readForm(preset.form(model), model, CORPORA);
    expect(problems).toEqual({});
    expect(readForm(formOfJson(JSON.stringify(config), model), model, CORPORA).config).toEqual(config);
  });

  it('with everything set come back as they were', () => {
    const config = {
      dictionaries: [
        { hook: [HOOK, 'hook_embed'], ratio: [1, 2], alpha: 0.002, seed: [3, 4] },
        { hook: HOOK, architecture: 'topk' as const, d_sae: 64, k: [4, 8], aux_alpha: 0.1 },
        { hook: HOOK, architecture: 'standard' as const, l1_coefficient: [1, 5] },
      ],
      name: 'all of it',
      corpus: ['moby-dick', 'sotu'],
      tokens: 200_000,
      batch: 512,
      seed: 7,
      held_out: 0.1,
      buffer_mib: 64,
      keep_first: false,
      keep_end_of_text: false,
      adam: { lr: 3e-4, beta1: 0.8, beta2: 0.99, eps: 1e-6 },
      schedule: { warmup: 10, decay: 20, sparsityWarmup: 30 },
      clip: 1,
      resample_every: 100,
      dead_after: 5000,
      evaluate_every: 50,
      evaluate_tokens: 1024,
      checkpoint_seconds: 5,
      threads: 1,
    };
    expect(readForm(formOf(config, model), model, CORPORA)).toEqual({ config, problems: {}, count: 12 });
  });

  it.each([
    ['{', /not JSON/],
    ['[]', /no "dictionaries"/],
    ['{"tokens":5}', /no "dictionaries"/],
    ['{"dictionaries":{"hook":"a"},"lr":1}', /no setting called "lr"/],
    ['{"dictionaries":{"hook":"a"},"adam":{"rate":1}}', /`adam` has no setting called "rate"/],
    ['{"dictionaries":{"hook":"a","k":"8"}}', /`k` does not belong to the architecture "tied"/],
    ['{"dictionaries":{"hook":"a","architecture":"topk","k":"8"}}', /`k` must be a whole number .* it is "8"/],
    ['{"dictionaries":{"hook":"a","architecture":"gated"}}', /"gated" is no architecture that can be trained/],
    ['{"dictionaries":{"hook":"a"},"keep_first":"no"}', /true or false/],
    ['{"dictionaries":{"hook":5}}', /`hook` must be text/],
    ['{"dictionaries":[null]}', /described by an object/],
  ])('%s is refused with a sentence', (json, words) => expect(() => formOfJson(json, model)).toThrow(words));
});
