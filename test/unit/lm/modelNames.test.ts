import { expect, it } from 'vitest';
import { isPythia, isSameModel, repositoryOfModel } from '../../../src/core/lm/modelNames.ts';

it('tells a model by its name, whoever converted it; steps, random weights and the deduplicated twin are others', () => {
  const model = 'EleutherAI/pythia-70m-deduped';
  const same = ['EleutherAI/pythia-70m-deduped', 'Xenova/pythia-70m-deduped', 'pythia-70m-deduped'];
  expect(same.map((id) => isSameModel(model, id))).toEqual([true, true, true]);
  const others = [
    'EleutherAI/pythia-70m',
    'EleutherAI/pythia-70m-deduped@step3000',
    'Xenova/pythia-70m-deduped+random.1',
    'bookworm-9m',
    '',
  ];
  expect(others.filter((id) => isSameModel(model, id))).toEqual([]);
  expect(same.every(isPythia)).toBe(true);
  expect(others.slice(1).filter(isPythia)).toEqual([]);
});

it('knows where a model is to be had that a dictionary names, and where a name leads nowhere', () => {
  expect(repositoryOfModel('pythia-70m-deduped')).toBe('EleutherAI/pythia-70m-deduped');
  expect(repositoryOfModel('Pythia-160M')).toBe('EleutherAI/pythia-160m');
  expect(repositoryOfModel('EleutherAI/pythia-70m')).toBe('EleutherAI/pythia-70m');
  expect(repositoryOfModel('EleutherAI/pythia-70m-deduped@step3000')).toBe('EleutherAI/pythia-70m-deduped@step3000');
  expect(repositoryOfModel('pythia-70m-deduped@step1')).toBe('EleutherAI/pythia-70m-deduped@step1');
  const nowhere = [
    '',
    'gpt2',
    'gelu-1l',
    '/home/me/model',
    'a/b/c',
    'a/..',
    '../x',
    `a/${'b'.repeat(300)}`,
    'gpt2@step1',
    'a/b@',
    'a/b@../x',
    'a/b+random.1',
  ];
  expect(nowhere.map(repositoryOfModel).filter((found) => found !== undefined)).toEqual([]);
});
