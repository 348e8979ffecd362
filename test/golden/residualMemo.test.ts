/** Passes that start at kept residuals give what a pass from the start gives, bit for bit, whatever came before. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Edit, RunResult } from '../../src/api/model.ts';
import type { FeaturescopeApi } from '../../src/api/featurescope.ts';
import { createRandom } from '../../src/core/array/random.ts';
import { listHooks } from '../../src/core/lm/hooks.ts';
import { MODELS } from '../helpers/goldens.ts';
import { createNodeApi, diskFiles, type NodeApi } from '../helpers/nodeEngine.ts';
import { fixtureConfig } from '../unit/formats/helpers.ts';

const FOLDER = 'tiny-neox';
const config = fixtureConfig(FOLDER);
const hooks = listHooks(config).filter(({ name }) => name !== 'hook_embed');
const editable = hooks.filter(({ editable, name }) => editable && !name.endsWith('hook_pattern'));

let node: NodeApi;
let api: FeaturescopeApi;

beforeAll(async () => {
  node = createNodeApi();
  api = node.api;
  await api.ready;
  await api.models.load(diskFiles(join(MODELS, FOLDER), ['config.json', 'model.safetensors']));
});
afterAll(() => node.close());

const random = createRandom(11);
const below = (n: number) => Math.floor(random() * n);
const randomText = () => Array.from({ length: 1 + below(9) }, () => below(config.d_vocab));

function randomEdit(): Edit {
  const hook = editable[below(editable.length)];
  return { hook: hook.name, op: 'scale', factor: 0.25 + random(), ...(random() < 0.5 && { positions: [0] }) };
}

interface Question {
  ids: number[];
  read: string[];
  edits: Edit[];
  logits: 'none' | 'last' | 'all';
}

function randomQuestion(texts: number[][]): Question {
  return {
    ids: texts[below(texts.length)],
    read: hooks.filter(() => random() < 0.15).map(({ name }) => name),
    edits: random() < 0.4 ? [randomEdit()] : [],
    logits: (['none', 'last', 'all'] as const)[below(3)],
  };
}

/** A start from a given residual goes by no memo. */
async function fresh({ ids, ...options }: Question): Promise<RunResult> {
  const { acts } = await api.run({ ids }, { read: ['hook_embed'] });
  return api.run({ ids }, { ...options, from: { layer: 0, resid: acts.hook_embed } });
}

describe('kept residuals', () => {
  it('change no bit of any answer, one after another', async () => {
    const texts = Array.from({ length: 4 }, randomText);
    for (let i = 0; i < 150; i++) {
      const question = randomQuestion(texts);
      const { ids, ...options } = question;
      const expected = await fresh(question);
      expect(await api.run({ ids }, options), JSON.stringify(question)).toEqual(expected);
    }
  });

  it('nor of answers asked for at once', async () => {
    const texts = [randomText(), randomText()];
    const questions = Array.from({ length: 40 }, () => randomQuestion(texts));
    const expected: RunResult[] = [];
    for (const question of questions) expected.push(await fresh(question));
    const more = [randomText(), randomText()];
    const changed = questions.map((q) => ({ ...q, ids: more[texts.indexOf(q.ids)] }));
    const answers = await Promise.all(changed.map(({ ids, ...options }) => api.run({ ids }, options)));
    for (let i = 0; i < changed.length; i++) expect(answers[i]).toEqual(await fresh(changed[i]));
    const again = await Promise.all(questions.map(({ ids, ...options }) => api.run({ ids }, options)));
    expect(again).toEqual(expected);
  });

  it('an answer is the caller’s own: changing it changes no later one', async () => {
    const ids = randomText();
    const read = hooks.filter(({ name }) => name.includes('resid')).map(({ name }) => name);
    const first = await api.run({ ids }, { read });
    const copy = structuredClone(first);
    for (const { data } of Object.values(first.acts)) data.fill(7);
    expect(await api.run({ ids }, { read })).toEqual(copy);
    const zero: Edit[] = read.map((hook) => ({ hook, op: 'scale', factor: 0 }));
    await api.run({ ids }, { read, edits: zero, logits: 'last' });
    expect(await api.run({ ids }, { read })).toEqual(copy);
  });

  it('an edit of the embedding reaches everything', async () => {
    const ids = randomText();
    const read = hooks.map(({ name }) => name);
    const { acts } = await api.run({ ids }, { read: ['hook_embed', ...read], logits: 'all' });
    const resid = { ...acts.hook_embed, data: acts.hook_embed.data.map((v) => v * 0.5) };
    const expected = await api.run({ ids }, { read, logits: 'all', from: { layer: 0, resid } });
    expect(await api.run({ ids }, { read, logits: 'all', edits: [{ hook: 'hook_embed', op: 'scale', factor: 0.5 }] })).toEqual(expected);
  });

  it('a stopped pass leaves the next one right', async () => {
    const question: Question = {
      ids: Array.from({ length: 9 }, () => below(config.d_vocab)),
      read: [hooks.at(-2)!.name],
      edits: [],
      logits: 'all',
    };
    const { ids, ...options } = question;
    const expected = await fresh(question);
    const stop = new AbortController();
    const stopped = api.run({ ids }, { ...options, signal: stop.signal });
    const waiting = api.run({ ids }, options);
    stop.abort();
    await stopped.catch(() => undefined);
    expect(await waiting).toEqual(expected);
  });

  it('predictions under an edit compare with the same unedited pass', async () => {
    const ids = [1, 2, 3, 4, 5];
    const edits = [{ hook: 'blocks.1.hook_resid_pre', op: 'scale', factor: 0 }] as Edit[];
    const before = await api.predict({ ids }, { k: 3 });
    const after = await api.predict({ ids }, { k: 3, edits });
    expect(after.comparison?.idsBefore).toEqual(before.topIds);
    expect(after.comparison?.probsBefore).toEqual(before.topProbs);
    expect(after.topProbs).not.toEqual(before.topProbs);
  });
});
