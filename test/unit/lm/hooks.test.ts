import { expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { parseConfig } from '../../../src/core/lm/config.ts';
import { blockHook, BLOCK_SITES, hookShape, listHooks, parseHook } from '../../../src/core/lm/hooks.ts';

const config = parseConfig({ model_type: 'gpt_neox', hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 2, vocab_size: 9 });

test('the hooks of a model are listed in forward order with their shapes', () => {
  const inBlock = (i: number) => [
    [`blocks.${i}.hook_resid_pre`, ['pos', 64], true],
    [`blocks.${i}.ln1.hook_normalized`, ['pos', 64], false],
    [`blocks.${i}.ln2.hook_normalized`, ['pos', 64], false],
    [`blocks.${i}.attn.hook_v`, ['pos', 4, 16], true],
    [`blocks.${i}.attn.hook_pattern`, [4, 'pos', 'pos'], true],
    [`blocks.${i}.attn.hook_z`, ['pos', 4, 16], true],
    [`blocks.${i}.hook_attn_out`, ['pos', 64], true],
    [`blocks.${i}.mlp.hook_pre`, ['pos', 256], true],
    [`blocks.${i}.mlp.hook_post`, ['pos', 256], true],
    [`blocks.${i}.hook_mlp_out`, ['pos', 64], true],
    [`blocks.${i}.hook_resid_post`, ['pos', 64], true],
  ];
  expect(listHooks(config).map((h) => [h.name, h.shape, h.editable])).toEqual([
    ['hook_embed', ['pos', 64], true],
    ...inBlock(0),
    ...inBlock(1),
    ['ln_final.hook_normalized', ['pos', 64], false],
  ]);
});

test('every listed hook parses to its own site, layer and editability', () => {
  for (const { name, shape, editable } of listHooks(config)) {
    const hook = parseHook(name, config.n_layers);
    expect(hook).toMatchObject({ name, editable });
    expect(hookShape(hook.site, config)).toEqual(shape);
  }
  expect(parseHook('hook_embed', 2).layer).toBe(-1);
  expect(parseHook('ln_final.hook_normalized', 2).layer).toBe(2);
  for (const site of BLOCK_SITES) expect(parseHook(blockHook(1, site), 2)).toMatchObject({ site, layer: 1 });
});

test.each([
  ['blocks.0.hook_resid_mid'],
  ['blocks.0'],
  ['blocks.-1.hook_resid_pre'],
  ['blocks.1e0.hook_resid_pre'],
  ['blocks.0.hook_resid_pre '],
  ['Hook_embed'],
  [''],
  ['__proto__'],
  [undefined],
  [{ hook: 'hook_embed' }],
])('%j is no hook, and the sentence lists those there are', (name) => {
  const parse = () => parseHook(name as string, 2);
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(/There is no hook called .*hook_embed, blocks\.0\.hook_resid_pre, .*ln_final\.hook_normalized/);
});

test('a layer the model does not have is refused with the layers it has', () => {
  expect(() => parseHook('blocks.2.hook_resid_pre', 2)).toThrow('names layer 2, but the layers of this model are 0 to 1.');
});
