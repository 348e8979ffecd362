/** The run engine on the model that ships: what it learns, and that an interruption leaves no trace. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TrainConfig } from '../../src/core/train/config.ts';
import { readDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import { writeDictionary } from '../../src/core/formats/dictionaries/write.ts';
import { createPlainTrainer } from '../../src/kernels/plainTrainer.ts';
import { createWasmTrainer } from '../../src/kernels/wasm/trainer.ts';
import { harvestBlock, scaleOf } from '../../src/engine/training/harvest.ts';
import { listBlocks } from '../../src/engine/training/blocks.ts';
import { resolvePlan } from '../../src/engine/training/plan.ts';
import { TrainingRun } from '../../src/engine/training/run.ts';
import type { RunParts } from '../../src/engine/training/types.ts';
import { run } from '../../src/engine/model/run.ts';
import { createEngine, createRuntime, openModelFolder, readKernels, type NodeModel } from '../../src/engine/node/engine.ts';

const MODEL = join(import.meta.dirname, '../../public/models/bookworm-9m');
const MOBY = join(import.meta.dirname, '../../public/corpora/moby-dick.txt');
const HOOK = 'blocks.2.hook_resid_post';

let opened: NodeModel;
let ids: Uint32Array;
let parts: RunParts;

beforeAll(async () => {
  opened = await openModelFolder(createRuntime(1), MODEL);
  ids = Uint32Array.from(opened.tokenizer!.encode(readFileSync(MOBY, 'utf8').slice(0, 60_000)));
  const module = readKernels('train-relaxed');
  parts = {
    model: opened.model,
    engine: createEngine(),
    ids,
    createTrainer: (settings, parameters, maxRows) => createWasmTrainer(module, 'relaxed', settings, parameters, maxRows),
  };
});
afterAll(() => opened.model.release());

function plan(config: Partial<TrainConfig> & Pick<TrainConfig, 'dictionaries'>) {
  const model = { id: opened.id, hash: opened.model.hash, config: opened.model.config };
  return resolvePlan({ tokens: 2560, batch: 256, ...config }, { model, corpus: { names: ['moby-dick'], ids, hash: 'of this test' } });
}

async function finish(training: TrainingRun): Promise<TrainingRun> {
  while (await training.advance());
  return training;
}

test('a block holds the rows of its text, scaled to mean norm √d, in the order of the seed', async () => {
  const p = plan({ dictionaries: { hook: [HOOK, 'blocks.0.mlp.hook_post'], ratio: 0.25 }, keep_first: false, tokens: 1024 });
  const [block] = listBlocks(p, ids);
  const raw = await harvestBlock(parts.model, p, ids, block, [1, 1]);
  const rows = raw.get(HOOK)!;
  const chunk = [...ids.subarray(block.chunks[0] * 256, (block.chunks[0] + 1) * 256)];
  const direct = (await run(parts.model, { ids: [chunk], isBatch: false }, { read: [HOOK] })).acts[HOOK].data;
  const third = direct.subarray(2 * 256, 3 * 256);
  const nearest = Math.min(
    ...Array.from({ length: rows.length / 256 }, (_, r) => Math.max(...third.map((v, i) => Math.abs(v - rows[r * 256 + i])))),
  );
  expect(nearest).toBeLessThan(1e-3);
  const first = direct.subarray(0, 256);
  const other = Math.min(
    ...Array.from({ length: rows.length / 256 }, (_, r) => Math.max(...first.map((v, i) => Math.abs(v - rows[r * 256 + i])))),
  );
  expect(other).toBeGreaterThan(0.1);
  const scale = scaleOf(rows, 256);
  const scaled = await harvestBlock(parts.model, p, ids, block, [scale, 1]);
  expect(scaleOf(scaled.get(HOOK)!, 256)).toBeCloseTo(1, 4);
});

describe.each(['tied', 'standard', 'topk'] as const)('%s', (architecture) => {
  // Resampling and a warm-up are on, so that what they depend on is in the checkpoint too.
  const config = {
    dictionaries: { hook: HOOK, architecture, d_sae: 96 },
    adam: { lr: 3e-3 },
    schedule: { warmup: 3, decay: 2, sparsityWarmup: 4 },
    resample_every: 4,
    dead_after: 600,
    evaluate_tokens: 256,
    evaluate_every: 5,
  };
  const withTwin = architecture === 'topk';
  const partsOf = (): RunParts => (withTwin ? { ...parts, createTrainer: async (s, p) => createPlainTrainer(s, p) } : parts);

  test('is resumed at any step to the same bytes as the uninterrupted run', async () => {
    const p = plan(config);
    const whole = await finish(await TrainingRun.begin(partsOf(), p));
    const expected = await whole.checkpoint();
    let broken = await TrainingRun.begin(partsOf(), p);
    for (const stopAt of [1, 4, 5, 9]) {
      while (broken.progress().step < stopAt) await broken.advance();
      // As IndexedDB would keep it.
      const kept = structuredClone(await broken.checkpoint());
      await broken.advance();
      broken.release();
      broken = await TrainingRun.resume(partsOf(), kept);
    }
    const found = await (await finish(broken)).checkpoint();
    expect(found.dictionaries).toEqual(expected.dictionaries);
    expect(found.history).toEqual(expected.history);
    expect(found.step).toBe(p.steps);
  });

  test('learns, and its files say what was measured', async () => {
    const p = plan({ ...config, tokens: 10_240, resample_every: 0 });
    const training = await finish(await TrainingRun.begin(partsOf(), p));
    const { points, evaluations } = training.history()[0];
    expect(points[points.length - 1].loss).toBeLessThan(0.8 * points[0].loss);
    const last = evaluations[evaluations.length - 1];
    expect(last.step).toBe(p.steps);
    expect(last.fvu).toBeLessThan(1);
    const files = writeDictionary(await training.dictionary(0), 'out').map(({ path, parts: pieces }) => ({
      path,
      data: new Blob(pieces as BlobPart[]),
    }));
    expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(['out/featurescope.json', 'out/sparsity.safetensors']));
    expect(last.ce_recovered).toBeLessThan(1.01);
  });
});

test('what is exported computes on raw activations what was measured', async () => {
  const training = await finish(await TrainingRun.begin(parts, plan({ dictionaries: { hook: HOOK, d_sae: 96 }, evaluate_tokens: 256 })));
  const packed = await training.dictionary(0);
  const dictionary = await readDictionary(packed);
  expect(dictionary.config).toMatchObject({ architecture: 'standard', hook_name: HOOK, model_name: 'bookworm-9m' });
  const { scales, dictionaries } = await training.checkpoint();
  const unit = dictionaries[0].parameters.W_dec!.subarray(0, 256);
  const norm = Math.hypot(...unit);
  expect(dictionary.tensors.W_dec![5]).toBeCloseTo(unit[5] / norm / scales[0], 4);
  expect(dictionary.tensors.W_enc![5 * 96]).toBeCloseTo((unit[5] / norm) * scales[0], 4);
});

test('a last batch of one row leaves a gap in the curve of FVU', async () => {
  const training = await finish(await TrainingRun.begin(parts, plan({ dictionaries: { hook: HOOK, d_sae: 32 }, tokens: 257 })));
  const [first, last] = training.history()[0].points;
  expect(first.fvu).toBeGreaterThan(0);
  expect(last).toMatchObject({ step: 2, tokens: 257, fvu: NaN });
  expect(last.loss).toBeGreaterThan(0);
  const record = JSON.parse(JSON.stringify((await training.dictionary(0)).record)) as { curves: Record<string, unknown[]> };
  expect(record.curves.fvu).toEqual([expect.any(Number), null]);
});

test('a loss that is no number stops the run with step and learning rate, and no checkpoint of it is made', async () => {
  const training = await TrainingRun.begin(
    parts,
    plan({ dictionaries: { hook: HOOK, architecture: 'standard', d_sae: 32 }, adam: { lr: 3e38 } }),
  );
  await expect(finish(training)).rejects.toThrow(/no number any more at step \d+ with learning rate 3e\+38/);
  await expect(training.checkpoint()).rejects.toThrow(/no number/);
});

test('a run goes on only with its own text and weights', async () => {
  const p = plan({ dictionaries: { hook: HOOK, d_sae: 32 } });
  const checkpoint = await (await TrainingRun.begin(parts, p)).checkpoint();
  await expect(TrainingRun.resume({ ...parts, ids: ids.slice(0, 4000) }, checkpoint)).rejects.toThrow(/begun on a text of/);
  const other = { ...checkpoint, plan: { ...p, model: { ...p.model, hash: 'x' } } };
  await expect(TrainingRun.resume(parts, other)).rejects.toThrow(/other weights/);
});
