import { describe, expect, test } from 'vitest';
import type { TrainConfig } from '../../../src/core/train/config.ts';
import type { ModelConfig } from '../../../src/core/lm/config.ts';
import { heldOutContexts, listBlocks } from '../../../src/engine/training/blocks.ts';
import { resolvePlan, type Known } from '../../../src/engine/training/plan.ts';

const N_CTX = 8;
const model = { n_layers: 2, d_model: 16, n_heads: 2, d_head: 8, d_mlp: 64, d_vocab: 50, n_ctx: N_CTX, eos_token_id: 0 } as ModelConfig;

/** 40 contexts; every fifth token is the end of text. */
const ids = Uint16Array.from({ length: 40 * N_CTX + 3 }, (_, i) => (i % 5 === 0 ? 0 : 1 + ((i * i) % 49)));
const known: Known = { model: { id: 'toy', hash: 'h', config: model }, corpus: { names: ['a'], ids, hash: 'c' } };
const hook = 'blocks.1.hook_resid_post';
const plan = (config: Partial<TrainConfig>) => resolvePlan({ tokens: 128, batch: 16, dictionaries: { hook }, ...config }, known);

test('lists are crossed, and every dictionary gets the width of its hook', () => {
  const { dictionaries, hooks } = plan({
    dictionaries: [
      { hook: [hook, 'blocks.0.mlp.hook_post'], alpha: [0.001, 0.002], seed: [1, 2] },
      { hook, architecture: 'topk', d_sae: 24, k: 3 },
      { hook: 'blocks.0.attn.hook_z', architecture: 'standard', ratio: 0.5 },
    ],
  });
  expect(dictionaries).toHaveLength(10);
  expect(new Set(dictionaries.map(({ name }) => name)).size).toBe(10);
  expect(dictionaries[0].settings).toEqual({ architecture: 'tied', d_in: 16, d_sae: 64, alpha: 0.001 });
  expect(dictionaries[4].settings).toMatchObject({ d_in: 64, d_sae: 256 });
  expect(dictionaries[8].settings).toMatchObject({ architecture: 'topk', d_sae: 24, k: 3, aux_k_max: 8, aux_alpha: 1 / 32 });
  expect(dictionaries[9].settings).toMatchObject({ architecture: 'standard', d_in: 16, d_sae: 8, l1_coefficient: 1 });
  expect(hooks.map(({ d_in }) => d_in)).toEqual([16, 64, 16]);
});

describe('the blocks of a run', () => {
  test('end at the row count asked for, going through the text again where it is short', () => {
    const long = plan({ tokens: 1000, batch: 48, buffer_mib: 0.003 });
    const blocks = listBlocks(long, ids);
    expect(blocks.reduce((sum, { rows }) => sum + rows, 0)).toBe(1000);
    expect(blocks.reduce((sum, { steps }) => sum + steps, 0)).toBe(long.steps);
    expect(long.passes).toBeGreaterThan(3);
    blocks.forEach((block, i) => {
      expect(block.steps).toBe(Math.ceil(block.rows / 48));
      if (i > 0) expect(block.firstRow).toBe(blocks[i - 1].firstRow + blocks[i - 1].rows);
    });
  });

  test('hold what the buffer allows, in whole batches', () => {
    const bytes = (p: ReturnType<typeof plan>) => p.chunksPerBlock * N_CTX * 4 * 16;
    const small = plan({ buffer_mib: 5000 / 2 ** 20 });
    expect(bytes(small)).toBeLessThanOrEqual(5000);
    expect(small.chunksPerBlock % 2).toBe(0);
    expect(plan({ buffer_mib: 1 }).chunksPerBlock * N_CTX).toBe(128);
  });

  test('are short at first, so that training begins soon; those of a run begun before that are not', () => {
    const long = { ...known, model: { ...known.model, config: { ...model, n_ctx: 256 } } };
    const text = { ...long, corpus: { ...known.corpus, ids: new Uint16Array(256 * 400).fill(7) } };
    const config: TrainConfig = { tokens: 90_000, batch: 1024, dictionaries: { hook }, held_out: 0 };
    const chunksOf = (p: ReturnType<typeof plan>) => listBlocks(p, text.corpus.ids).map(({ chunks }) => chunks.length);
    expect(chunksOf(resolvePlan({ ...config, buffer_mib: 2 }, text)).slice(0, 6)).toEqual([8, 16, 32, 64, 128, 128].slice(0, 6));
    const old = resolvePlan({ ...config, buffer_mib: 2 }, text, false);
    expect(old.firstChunks).toBeUndefined();
    expect(chunksOf(old).slice(0, 2)).toEqual([128, 128]);
    expect(resolvePlan({ ...config, batch: 3072, buffer_mib: 2 }, text).firstChunks).toBe(12);
  });

  test('leave out the positions that are not wanted', () => {
    const without = plan({ keep_first: false, keep_end_of_text: false, tokens: 400 });
    const [block] = listBlocks(without, ids);
    const wanted = [...block.chunks].flatMap((chunk) =>
      Array.from({ length: N_CTX }, (_, i) => i).filter((i) => i > 0 && ids[chunk * N_CTX + i] !== 0),
    );
    expect(block.rows).toBe(Math.min(400, wanted.length));
  });
});

test('held-out contexts are never trained on', () => {
  const p = plan({ held_out: 0.2, evaluate_tokens: 40, tokens: 3000 });
  const contexts = heldOutContexts(p, ids);
  expect(contexts).toHaveLength(5);
  const trained = new Set(listBlocks(p, ids).flatMap(({ chunks }) => [...chunks]));
  expect(trained.size).toBe(32);
  const textOf = (chunk: number) => ids.subarray(chunk * N_CTX, (chunk + 1) * N_CTX).join();
  const all = Array.from({ length: 40 }, (_, chunk) => textOf(chunk));
  // Every context of this text is another one, so its words tell where it was.
  expect(new Set(all).size).toBe(40);
  for (const context of contexts) expect([...trained].map(textOf)).not.toContain(context.join());
});

test.each<[string, Partial<TrainConfig>, RegExp]>([
  ['an unknown field', { alpha: 1 } as never, /no setting called "alpha"/],
  ['an unknown field of a dictionary', { dictionaries: { hook, l1: 1 } as never }, /no setting called "l1"/],
  ['an architecture that cannot be trained', { dictionaries: { hook, architecture: 'gated' as never } }, /"gated" is no architecture/],
  ['a weight of another architecture', { dictionaries: { hook, k: 3 } }, /`k` does not belong to the architecture "tied"/],
  ['a hook that is not there', { dictionaries: { hook: 'blocks.7.hook_resid_post' } }, /layer 7/],
  ['attention patterns', { dictionaries: { hook: 'blocks.0.attn.hook_pattern' } }, /no vectors of fixed length/],
  ['no dictionary', { dictionaries: [] }, /empty/],
  ['a batch of no rows', { batch: 0 }, /`batch`/],
  ['fewer tokens than a batch', { tokens: 3 }, /`tokens`/],
  ['a negative alpha', { dictionaries: { hook, alpha: -1 } }, /`alpha`/],
  ['more k than latents', { dictionaries: { hook, architecture: 'topk', d_sae: 4, k: 5 } }, /`k`/],
  ['all held out', { held_out: 1 }, /`held_out`/],
  ['warm-up longer than the run', { schedule: { warmup: 99 } }, /fewer than warm-up/],
  ['a warm-up before the run', { schedule: { warmup: -1 } }, /`schedule\.warmup` must be a whole number from 0 .* it is -1/],
  ['half a step of warm-up', { schedule: { warmup: 0.5 } }, /`schedule\.warmup` must be a whole number/],
  ['warm-up and decay longer than the run together', { schedule: { warmup: 5, decay: 4 } }, /8 steps, fewer than warm-up \(5\)/],
  ['a learning rate of nothing', { adam: { lr: 0 } }, /adam\.lr/],
  ['an unknown field of adam', { adam: { learning_rate: 1e-4 } as never }, /`adam` has no setting called "learning_rate"/],
  ['adam that is no object', { adam: [1e-4] as never }, /`adam` is described by an object/],
  [
    'an unknown field of the schedule',
    { schedule: { sparsity_warmup: 500 } as never },
    /`schedule` has no setting called "sparsity_warmup"/,
  ],
  ['a schedule that is no object', { schedule: null as never }, /`schedule` is described by an object/],
  ['a flag in quotes', { keep_first: 'false' as never }, /`keep_first` must be true or false; it is "false"/],
  ['a flag that is a number', { keep_end_of_text: 0 as never }, /`keep_end_of_text` must be true or false; it is 0/],
  ['a name that is no text', { name: 5 as never }, /`name` must be text; it is 5/],
  ['a size that is nothing', { dictionaries: { hook, d_sae: null as never } }, /`d_sae` .* it is null/],
  ['a number in quotes', { batch: '16' as never }, /`batch` .* it is "16"/],
  ['more dictionaries than one run takes', { dictionaries: { hook, seed: Array.from({ length: 65 }, (_, i) => i) } }, /at most 64/],
])('%s is refused by a sentence', (_, config, sentence) => {
  expect(() => plan(config)).toThrow(sentence);
});

test('lists that cross to billions are refused before anything is made of them', () => {
  const many = Array.from({ length: 2000 }, (_, i) => i + 1);
  const began = performance.now();
  expect(() => plan({ dictionaries: { hook, d_sae: many, alpha: many, seed: many } })).toThrow('8000000000 dictionaries');
  expect(performance.now() - began).toBeLessThan(1000);
});

test('warm-up and decay may fill the run, and sparsity may warm up for longer', () => {
  const { schedule } = plan({ schedule: { warmup: 4, decay: 4, sparsityWarmup: 99 } });
  expect(schedule).toEqual({ warmup: 4, decay: 4, sparsityWarmup: 99 });
});

test('what is given of adam, schedule and flags is taken, and the rest is the paper’s', () => {
  const given = plan({ adam: { lr: 2e-3 }, schedule: { warmup: 2 }, keep_first: false, name: '  mine ' });
  expect(given.adam).toEqual({ lr: 2e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 });
  expect(given.schedule).toEqual({ warmup: 2, decay: 0, sparsityWarmup: 0 });
  expect(given).toMatchObject({ keepFirst: false, keepEndOfText: true, name: 'mine' });
});
