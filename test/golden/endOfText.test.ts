import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MODELS } from '../helpers/goldens.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';
import { fixtureJson } from '../unit/formats/helpers.ts';

let node: NodeApi;
beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
});
afterAll(() => node.close());

const PROMPT = { ids: [5, 6, 7] };

/** What is generated where config.json and generation_config.json say this of the end. */
async function generated(eos: unknown, generation?: unknown): Promise<{ ids: number[]; noEndOfText: string | undefined }> {
  const config = { ...fixtureJson('tiny-neox/config.json'), eos_token_id: eos };
  const file = (path: string, value: unknown) => ({ path, data: new Blob([JSON.stringify(value)]) });
  const files = [
    ...diskFiles(join(MODELS, 'tiny-neox'), ['model.safetensors']),
    file('tiny-neox/config.json', config),
    ...(generation === undefined ? [] : [file('tiny-neox/generation_config.json', { eos_token_id: generation })]),
  ];
  const { noEndOfText } = await node.api.models.load(files);
  const { ids } = await node.api.generate(PROMPT, { tokens: 8 });
  return { ids, noEndOfText };
}

test('generation ends at any of the tokens that end a text, and goes on where none is known', async () => {
  const free = await generated(null);
  expect(free.ids).toHaveLength(8);
  expect(free.noEndOfText).toMatch(/name no end-of-text token/);
  const last = free.ids[2];
  const before = free.ids.slice(0, free.ids.indexOf(last) + 1);
  const unused = [...Array(300).keys()].find((id) => !free.ids.includes(id))!;
  expect(await generated([unused, last])).toEqual({ ids: before, noEndOfText: undefined });
  expect((await generated(unused, [unused, last])).ids).toEqual(before);
  expect((await generated(last, unused)).ids).toEqual(free.ids);
});
