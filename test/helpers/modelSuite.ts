/**
 * One suite for a model file against its goldens, run on every engine: in Node, and through the built page in
 * Chromium on WASM and on WebGPU.
 */
import { join } from 'node:path';
import { describe, expect, it, beforeAll } from 'vitest';
import type { Array2, Edit, ModelInfo } from '../../src/api/model.ts';
import type { FeaturescopeApi } from '../../src/api/featurescope.ts';
import { MODELS, SITES, maxDifference, readGoldens, readJson, type Golden } from './goldens.ts';

interface Manifest {
  prompts: Record<string, { ids: number[] }>;
  batch: { ids: number[][]; attention_mask: number[][] } | null;
  interventions: Record<string, { site: string; layer: number; factor?: number }> & { patch: Patch[] };
  generation: { runs: { prompt_ids: number[]; intervention: string | null; new_ids: number[] }[] } | null;
}
interface Patch {
  id: string;
  target: string;
  source: string;
  layer: number;
  target_pos: number;
  source_pos: number;
}

/** An engine under test. `load` opens files of a fixtures folder. */
export interface Engine {
  api: FeaturescopeApi;
  load(folder: string, paths: readonly string[]): Promise<ModelInfo>;
}

export interface Tolerances {
  /** test/fixtures/models/README.md: 1e-4 on CPU and WASM, 5e-4 on a GPU. */
  values: number;
  /** 1e-4 everywhere. */
  pattern: number;
}
export const WASM: Tolerances = { values: 1e-4, pattern: 1e-4 };
export const WEBGPU: Tolerances = { values: 5e-4, pattern: 1e-4 };

export interface ModelCase {
  folder: string;
  paths: readonly string[];
  /** Weight set to compare with where the stored weights are rounded (README, Goldens). */
  weightSet?: 'fp16w' | 'bf16w';
}

/** Every file that Must hold 1 of issue 2 names. */
export const MODEL_CASES: readonly ModelCase[] = [
  { folder: 'tiny-neox', paths: ['config.json', 'model.safetensors'] },
  { folder: 'tiny-neox', paths: ['config.json', 'model_fp16.safetensors'], weightSet: 'fp16w' },
  { folder: 'tiny-neox', paths: ['config.json', 'model_bf16.safetensors'], weightSet: 'bf16w' },
  { folder: 'tiny-neox', paths: ['config.json', 'model_unaligned.safetensors'] },
  {
    folder: 'tiny-neox/sharded',
    paths: ['config.json', 'model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
  },
  { folder: 'tiny-neox', paths: ['config.json', 'pytorch_model.bin'], weightSet: 'fp16w' },
  { folder: 'tiny-neox', paths: ['config.json', 'pytorch_model_prezip.bin'], weightSet: 'fp16w' },
  { folder: 'tiny-neox', paths: ['config.json', 'onnx/model.onnx'] },
  { folder: 'tiny-neox', paths: ['config.json', 'onnx/model_with_past.onnx'] },
  { folder: 'tiny-neox', paths: ['config.json', 'onnx/model_fp16_storage.onnx'], weightSet: 'fp16w' },
  ...['rot8', 'tied', 'nobias-gelunew', 'gelufast'].flatMap((variant): ModelCase[] =>
    ['model.safetensors', 'onnx/model.onnx', 'onnx/model_with_past.onnx'].map((file) => ({
      folder: `tiny-neox-${variant}`,
      paths: ['config.json', file],
    })),
  ),
];

/** One file of each kind of block: where another way to read the same weights would only be computed with again, slowly. */
export const FEW_CASES: readonly ModelCase[] = [
  { folder: 'tiny-neox', paths: ['config.json', 'model.safetensors'] },
  ...['rot8', 'tied', 'nobias-gelunew', 'gelufast'].map((variant) => ({
    folder: `tiny-neox-${variant}`,
    paths: ['config.json', 'onnx/model.onnx'],
  })),
];

export function describeModels(cases: readonly ModelCase[], engine: () => Engine, tolerances: Tolerances): void {
  describe.each(cases.map((c) => ({ ...c, file: c.paths[1] })))('$folder/$file', ({ folder, paths, weightSet }) => {
    const root = folder.replace('/sharded', '');
    const goldens = readGoldens(join(MODELS, root, 'golden.safetensors'));
    const manifest = readJson<Manifest>(join(MODELS, root, 'golden.json'));
    const api = () => engine().api;

    beforeAll(async () => {
      await engine().load(folder, paths);
    });

    if (weightSet) {
      it(`gives the residual stream and logits of the ${weightSet} weights`, async () => {
        for (const prompt of ['p1', 'p2']) await checkPrompt(api(), manifest, goldens, `${weightSet}/${prompt}`, prompt, tolerances);
      });
      return;
    }
    it('gives every hook and the logits of every prompt', async () => {
      for (const prompt of Object.keys(manifest.prompts)) await checkPrompt(api(), manifest, goldens, prompt, prompt, tolerances);
    });
    if (manifest.batch) {
      it('gives a right-padded batch, 0 where padded', () => checkBatch(api(), manifest.batch!, goldens, tolerances));
    }
    it('gives every intervention', () => checkInterventions(api(), manifest, goldens, tolerances));
    if (manifest.generation) {
      it('generates the same ids, plain and edited', async () => {
        for (const run of manifest.generation!.runs) {
          const edits = run.intervention ? [intervention(manifest, goldens, run.intervention)] : [];
          const { ids } = await api().generate({ ids: run.prompt_ids }, { tokens: run.new_ids.length, edits });
          expect(ids).toEqual(run.new_ids);
        }
      });
    }
  });
}

function hookOf(key: string): string {
  const [site, layer] = key.split('/').at(-1)!.split('.') as [string, string];
  return site === 'ln_final' ? 'ln_final.hook_normalized' : `blocks.${layer}.${SITES[site]}`;
}

/** Golden keys under a prefix that are hook values; q and k after rotary are no hooks of ours. */
function hookKeys(goldens: Map<string, Golden>, prefix: string): string[] {
  return [...goldens.keys()].filter(
    (key) => key.startsWith(`${prefix}/`) && !/\/(q|k)\.\d+$|\/logits$|\/vector$|\/direction$|\/bias$/.test(key),
  );
}

function expectClose(actual: Array2 | undefined, golden: Golden, tolerance: number, what: string): void {
  expect(actual?.shape, what).toEqual(golden.shape);
  expect(maxDifference(actual!.data, golden.data), what).toBeLessThanOrEqual(tolerance);
}

async function checkPrompt(
  api: FeaturescopeApi,
  manifest: Manifest,
  goldens: Map<string, Golden>,
  prefix: string,
  prompt: string,
  tolerances: Tolerances,
): Promise<void> {
  const keys = hookKeys(goldens, prefix);
  expect(keys.length).toBeGreaterThan(2);
  const result = await api.run({ ids: manifest.prompts[prompt].ids }, { read: keys.map(hookOf), logits: 'all' });
  for (const key of keys) {
    const tolerance = key.includes('pattern') ? tolerances.pattern : tolerances.values;
    expectClose(result.acts[hookOf(key)], goldens.get(key)!, tolerance, key);
  }
  expectClose(result.logits, goldens.get(`${prefix}/logits`)!, tolerances.values, `${prefix}/logits`);
}

async function checkBatch(
  api: FeaturescopeApi,
  batch: NonNullable<Manifest['batch']>,
  goldens: Map<string, Golden>,
  tolerances: Tolerances,
): Promise<void> {
  const rows = batch.ids.map((ids, r) => ids.filter((_, p) => batch.attention_mask[r][p] === 1));
  const keys = hookKeys(goldens, 'batch');
  const result = await api.run({ batch: rows }, { read: keys.map(hookOf), logits: 'all' });
  expect(result.lengths).toEqual(rows.map((ids) => ids.length));
  const real = (golden: Golden, isPattern: boolean): Golden => ({ shape: golden.shape, data: zeroPadding(golden, rows, isPattern) });
  for (const key of keys) {
    const isPattern = key.includes('pattern');
    expectClose(result.acts[hookOf(key)], real(goldens.get(key)!, isPattern), isPattern ? tolerances.pattern : tolerances.values, key);
  }
  expectClose(result.logits, real(goldens.get('batch/logits')!, false), tolerances.values, 'batch/logits');
}

/** The golden with 0 at padded positions, which is what we promise there. */
function zeroPadding({ shape, data }: Golden, rows: number[][], isPattern: boolean): Float32Array {
  const out = new Float32Array(data);
  const inner = isPattern ? shape[3] : shape.slice(2).reduce((a, b) => a * b, 1);
  const pos = isPattern ? shape[2] : shape[1];
  const outer = isPattern ? shape[1] : 1;
  rows.forEach((ids, r) => {
    for (let o = 0; o < outer; o++) {
      for (let p = ids.length; p < pos; p++) out.fill(0, ((r * outer + o) * pos + p) * inner, ((r * outer + o) * pos + p + 1) * inner);
    }
  });
  return out;
}

function intervention(manifest: Manifest, goldens: Map<string, Golden>, id: string): Edit {
  const { site, layer, factor } = manifest.interventions[id];
  const hook = `blocks.${layer}.${SITES[site]}`;
  const numbers = (name: string) => goldens.get(`iv/${id}/${name}`)!.data as Float32Array;
  if (id === 'a') return { hook, op: 'add', vector: numbers('vector') };
  if (id === 'b') return { hook, op: 'project_out', direction: numbers('direction'), bias: numbers('bias')[0] };
  return { hook, op: 'scale', factor: factor! };
}

async function checkInterventions(
  api: FeaturescopeApi,
  manifest: Manifest,
  goldens: Map<string, Golden>,
  tolerances: Tolerances,
): Promise<void> {
  const check = async (prompt: string, edits: Edit[], prefix: string) => {
    const keys = hookKeys(goldens, prefix);
    if (keys.length === 0) return;
    const result = await api.run({ ids: manifest.prompts[prompt].ids }, { read: keys.map(hookOf), edits, logits: 'all' });
    for (const key of keys) expectClose(result.acts[hookOf(key)], goldens.get(key)!, tolerances.values, key);
    expectClose(result.logits, goldens.get(`${prefix}/logits`)!, tolerances.values, `${prefix}/logits`);
  };
  for (const id of ['a', 'b', 'c']) {
    for (const prompt of Object.keys(manifest.prompts)) await check(prompt, [intervention(manifest, goldens, id)], `iv/${id}/${prompt}`);
  }
  for (const patch of manifest.interventions.patch) {
    const { shape, data } = goldens.get(`${patch.source}/resid_post.${patch.layer}`)!;
    const D = shape[1];
    const value = { data: new Float32Array(data.slice(patch.source_pos * D, (patch.source_pos + 1) * D)), shape: [1, D] };
    const edit: Edit = { hook: `blocks.${patch.layer}.hook_resid_post`, op: 'set', value, positions: [patch.target_pos] };
    await check(patch.target, [edit], `iv/${patch.id}`);
  }
}
