import { describe, expect, it } from 'vitest';
import { groupWords, streamWords } from '../../../src/state/train/preview.ts';
import { ADVANCED_FIELDS, TOKENS_FIELD } from '../../../src/state/train/trainingFields.ts';
import { emptyDictionary, emptyForm } from '../../../src/state/train/trainingForm.ts';
import { usedNumber, usedSeed, usedSize } from '../../../src/state/train/usedValues.ts';
import { fakeModel } from '../../helpers/fakeApi.ts';

const model = fakeModel();
const form = emptyForm(model);
const group = emptyDictionary(model);
const clip = ADVANCED_FIELDS.flatMap(({ fields }) => fields).find(({ name }) => name === 'clip')!;

describe('the preview of a run', () => {
  it('says where, how large and how sparse', () => {
    expect(groupWords(group, model)).toBe('Residual 3: 1\u202F024 features, Tied, α 0.004');
    const swept = {
      ...group,
      hooks: ['blocks.0.hook_resid_post', 'blocks.2.hook_resid_post', 'blocks.1.hook_mlp_out'],
      size: '2, 4',
      alpha: '0.001, 0.002',
    };
    expect(groupWords(swept, model)).toBe('Residual 0, 2; MLP 1: 512, 1\u202F024 features, Tied, α 0.001, 0.002');
  });

  it('says of what and how long, or nothing of numbers that are wrong', () => {
    expect(streamWords(form)).toBe('1.00 M tokens of moby-dick, in about 977 steps');
    expect(streamWords({ ...form, numbers: { tokens: '2048', batch: '256' }, corpus: ['a', 'b'] })).toBe(
      '2\u202F048 tokens of a + b, in about 8 steps',
    );
    expect(streamWords({ ...form, numbers: { tokens: 'many' } })).toBe('');
  });
});

describe('the value that an empty box stands for', () => {
  it('is the default, of the architecture where it differs', () => {
    expect(usedNumber(TOKENS_FIELD, form)).toBe('1000000');
    expect(usedNumber(clip, form)).toBe('0');
    const topk = { ...group, architecture: 'topk' as const };
    expect(usedNumber(clip, { ...form, dictionaries: [topk] })).toBe('1');
    expect(usedNumber(clip, { ...form, dictionaries: [group, topk] })).toBe('none; TopK 1');
  });

  it('is a size in the unit chosen, and none where places differ', () => {
    expect(usedSize(group, model)).toBe('4');
    expect(usedSize({ ...group, sizeUnit: 'd_sae' }, model)).toBe('1024');
    expect(usedSize({ ...group, sizeUnit: 'd_sae', hooks: ['blocks.0.hook_resid_post', 'blocks.0.mlp.hook_post'] }, model)).toBe('');
  });

  it('is the seed of the run for the start weights', () => {
    expect(usedSeed(form)).toBe('0');
    expect(usedSeed({ ...form, numbers: { seed: '7' } })).toBe('7');
  });
});
