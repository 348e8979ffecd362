import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openModelFiles, type DroppedFile } from '../../../src/core/formats/modelFiles.ts';
import { missingEndOfText, readSpecialTokens, type SpecialTokenFiles } from '../../../src/core/lm/endOfText.ts';
import { joinDocuments } from '../../../src/core/train/stream.ts';
import { fixtureBlob, fixtureJson } from '../formats/helpers.ts';

const bpe = { added_tokens: [{ id: 7, content: '<eos>' }], model: { vocab: { a: 1, '</s>': 5 } } };
const unigram = { added_tokens: [], model: { vocab: [['<pad>', 0], ['</s>', 0]] } }; // prettier-ignore
const read = (files: Partial<SpecialTokenFiles>) => readSpecialTokens({ config: {}, ...files }, 100);
const eos = (value: unknown) => ({ eos_token_id: value });

describe('which tokens end a text', () => {
  test.each<[string, Partial<SpecialTokenFiles>, number | null, number[]]>([
    ['a number', { config: eos(3) }, 3, [3]],
    ['a list', { config: eos([3, 9]) }, 3, [3, 9]],
    ['generation_config.json wins for generation', { config: eos(3), generation: eos([9, 8]) }, 3, [9, 8]],
    ['generation_config.json alone', { generation: eos(4) }, 4, [4]],
    ['null there leaves it to config.json', { config: eos(3), generation: eos(null) }, 3, [3]],
    ['a name in tokenizer_config.json', { tokenizer: bpe, tokenizerConfig: { eos_token: '<eos>' } }, 7, [7]],
    ['an object', { tokenizer: bpe, tokenizerConfig: { eos_token: { __type: 'AddedToken', content: '<eos>' } } }, 7, [7]],
    ['a name of the vocabulary', { config: eos(null), tokenizer: bpe, tokenizerConfig: { eos_token: '</s>' } }, 5, [5]],
    ['a piece of Unigram', { tokenizer: unigram, tokenizerConfig: { eos_token: '</s>' } }, 1, [1]],
    ['added_tokens_decoder', { tokenizerConfig: { eos_token: 'z', added_tokens_decoder: { 6: { content: 'z' } } } }, 6, [6]],
    ['the tokenizer’s joins, the list stops', { config: eos([3, 9]), tokenizer: bpe, tokenizerConfig: { eos_token: '<eos>' } }, 7, [3, 9]],
    ['a name that is no token is passed over', { config: eos(3), tokenizer: bpe, tokenizerConfig: { eos_token: 'gone' } }, 3, [3]],
    ['twice in a list', { config: eos([3, 3]) }, 3, [3]],
    ['token 0', { config: eos([0, 2]) }, 0, [0, 2]],
    ['-1 and ids beyond the vocabulary name nothing', { config: eos([-1, 100, 5]) }, 5, [5]],
    ['nothing', {}, null, []],
    ['null', { config: eos(null), tokenizerConfig: { eos_token: null } }, null, []],
    ['an empty list', { config: eos([]) }, null, []],
  ])('%s', (_, files, joins, stops) => {
    expect(read(files)).toMatchObject({ eos_token_id: joins, stop_token_ids: stops });
  });

  test.each([
    [{ config: eos('2') }, 'config.json gives eos_token_id as "2", which is no token id nor a list of them.'],
    [{ config: eos([1, 2.5]) }, 'config.json gives eos_token_id as [1,2.5], which is no token id nor a list of them.'],
    [{ generation: eos(NaN) }, 'generation_config.json gives eos_token_id as NaN, which is no token id nor a list of them.'],
  ])('%j is refused by file and key', (files, sentence) => {
    expect(() => read(files)).toThrow(sentence);
  });

  test('the beginning: config.json, the tokenizer, else the end', () => {
    expect(read({ config: { bos_token_id: 4, ...eos(3) } }).bos_token_id).toBe(4);
    expect(read({ config: eos(3), tokenizer: bpe, tokenizerConfig: { bos_token: '</s>' } }).bos_token_id).toBe(5);
    expect(read({ config: { bos_token_id: null, ...eos([3, 9]) } }).bos_token_id).toBe(3);
    expect(read({}).bos_token_id).toBe(0);
  });

  test('nothing known is said, and joins nothing', () => {
    expect(missingEndOfText(read({}))).toMatch(/name no end-of-text token/);
    expect(missingEndOfText(read({ config: eos(0) }))).toBeUndefined();
    expect(() => joinDocuments([[1]], null)).toThrow(/name no end-of-text token, so documents cannot be joined/);
  });
});

describe('a model’s files', () => {
  const json = (path: string, value: unknown): DroppedFile => ({ path, data: new Blob([JSON.stringify(value)]) });
  const weights = { path: 'model.safetensors', data: fixtureBlob('tiny-neox/model.safetensors') };
  const config = fixtureJson('tiny-neox/config.json');
  const tokenizer = readFileSync(new URL('../../fixtures/models/tiny-neox/tokenizer.json', import.meta.url), 'utf8');

  test('are read together', async () => {
    const opened = await openModelFiles([
      weights,
      json('config.json', { ...config, eos_token_id: [4, 5] }),
      json('generation_config.json', { eos_token_id: [6, 4] }),
      { path: 'tokenizer.json', data: new Blob([tokenizer]) },
      json('tokenizer_config.json', { eos_token: { content: '<|endoftext|>' } }),
    ]);
    expect(opened.config).toMatchObject({ eos_token_id: 0, stop_token_ids: [6, 4] });
  });

  test('are read where older versions name tokens, and only there when nothing newer does', async () => {
    const files = [
      weights,
      json('config.json', { ...config, eos_token_id: null }),
      { path: 'tokenizer.json', data: new Blob([tokenizer]) },
    ];
    const map = json('special_tokens_map.json', { eos_token: { content: '<|endoftext|>' } });
    expect((await openModelFiles([...files, map])).config.eos_token_id).toBe(0);
    expect((await openModelFiles([...files, map, json('tokenizer_config.json', { model_max_length: 9 })])).config.eos_token_id).toBe(0);
    const broken = { path: 'special_tokens_map.json', data: new Blob(['{']) };
    const settings = json('tokenizer_config.json', { eos_token: '<|endoftext|>' });
    expect((await openModelFiles([...files, broken, settings])).config.eos_token_id).toBe(0);
  });

  test('what nothing needs refuses nothing', async () => {
    const text = JSON.stringify({ ...config, bos_token_id: 'X', pad_token_id: 'X', eos_token_id: 5 }).replaceAll('"X"', 'NaN');
    const odd = [
      { path: 'config.json', data: new Blob([text]) },
      { path: 'generation_config.json', data: new Blob(['{"eos_token_id": [5, 6], "min_p": NaN, "max_length": -Infinity}']) },
      ...['trainer_state.json', 'README.md', 'vocab.json', 'chat_template.json'].map((path) => ({ path, data: new Blob(['{']) })),
    ];
    expect((await openModelFiles([weights, ...odd])).config).toMatchObject({ bos_token_id: 5, stop_token_ids: [5, 6] });
  });

  test('that say nothing say nothing', async () => {
    const opened = await openModelFiles([weights, json('config.json', { ...config, eos_token_id: null })]);
    expect(opened.config).toMatchObject({ eos_token_id: null, stop_token_ids: [] });
  });
});
