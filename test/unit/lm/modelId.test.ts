import { describe, expect, it } from 'vitest';
import { checkHubModel, hubModelId, parseModelId, randomModelId } from '../../../src/core/lm/modelId.ts';

describe('the id of a model', () => {
  it.each([
    ['bookworm-9m', { id: 'bookworm-9m' }],
    ['bookworm-9m+random.7', { id: 'bookworm-9m', random: 7 }],
    ['Xenova/pythia-70m', { hub: 'Xenova/pythia-70m', revision: 'main' }],
    ['EleutherAI/pythia-70m-deduped@step3000', { hub: 'EleutherAI/pythia-70m-deduped', revision: 'step3000' }],
    ['a/b@refs/pr/1+random.0', { hub: 'a/b', revision: 'refs/pr/1', random: 0 }],
  ])('%s says where it is to be had, and is written the same', (id, named) => {
    expect(parseModelId(id)).toEqual(named);
    const own = 'hub' in named ? hubModelId(named) : named.id;
    expect('random' in named ? randomModelId(own, named.random) : own).toBe(id);
  });

  it('with random weights twice is random once', () => expect(randomModelId('a+random.1', 2)).toBe('a+random.2'));

  it.each(['a/b/c', '../x', 'a/..', '/b', 'a/', 'a b/c', 'https://x/y', 'a/b@', 'a/b@../x', 'a/b@-x', `a/${'b'.repeat(300)}`])(
    '%s is refused',
    (id) => expect(() => parseModelId(id)).toThrow(/is no name of a/),
  );

  it.each([{ hub: 3 }, { hub: 'x' }, { hub: 'a/b', revision: 1 }, { hub: 'a/b', revision: '' }])('%j is no model of the hub', (model) =>
    expect(() => checkHubModel(model as never)).toThrow(/is no name of a/),
  );
});
