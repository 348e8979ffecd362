/** A model of Pythia-70M's real dimensions: right numbers at full width, from a 282 MB file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MODELS, maxDifference, readGoldens, readJson } from '../helpers/goldens.ts';
import { createNodeApi, type NodeApi } from '../helpers/nodeEngine.ts';

const FOLDER = join(MODELS, 'pythia-70m-shape');
/** The folder's README: fp32 on CPU or WASM. */
const TOLERANCE = 1e-4;

interface Manifest {
  prompt_ids: number[];
  positions_of_resid_post: number[];
  positions_of_mlp_post: number[];
  top10_at_last: [number, number][];
}

let node: NodeApi;

beforeAll(async () => {
  node = createNodeApi();
  await node.api.ready;
  const weights = gunzipSync(readFileSync(join(FOLDER, 'model.onnx.gz')));
  const info = await node.api.models.load([
    { path: 'config.json', data: readFileSync(join(FOLDER, 'config.json')) },
    { path: 'model.onnx', data: weights },
  ]);
  expect(info.parameters).toBe(70_426_624);
});
afterAll(() => node.close());

it('gives the residual stream, MLP, final norm and logits of a 70M model', async () => {
  const manifest = readJson<Manifest>(join(FOLDER, 'golden.json'));
  const goldens = readGoldens(join(FOLDER, 'golden.safetensors'));
  const layers = [0, 1, 2, 3, 4, 5];
  const read = [...layers.flatMap((i) => [`blocks.${i}.hook_resid_post`, `blocks.${i}.mlp.hook_post`]), 'ln_final.hook_normalized'];
  const { acts, logits } = await node.api.run({ ids: manifest.prompt_ids }, { read, logits: 'last' });
  const rows = (hook: string, positions: number[]) => {
    const { data, shape } = acts[hook];
    const width = shape[1];
    return positions.flatMap((p) => [...data.subarray(p * width, (p + 1) * width)]);
  };
  const last = manifest.prompt_ids.length - 1;
  for (const i of layers) {
    const resid = rows(`blocks.${i}.hook_resid_post`, manifest.positions_of_resid_post);
    expect(maxDifference(resid, goldens.get(`resid_post.${i}`)!.data), `resid_post.${i}`).toBeLessThanOrEqual(TOLERANCE);
    const post = rows(`blocks.${i}.mlp.hook_post`, manifest.positions_of_mlp_post);
    expect(maxDifference(post, goldens.get(`mlp_post.${i}`)!.data), `mlp_post.${i}`).toBeLessThanOrEqual(TOLERANCE);
  }
  expect(maxDifference(rows('ln_final.hook_normalized', [last]), goldens.get('ln_final')!.data)).toBeLessThanOrEqual(TOLERANCE);
  expect(maxDifference(logits!.data, goldens.get('logits_last')!.data)).toBeLessThanOrEqual(TOLERANCE);
  const predictions = await node.api.predict({ ids: manifest.prompt_ids }, { k: 10 });
  expect([...predictions.topIds.slice(-10)]).toEqual(manifest.top10_at_last.map(([id]) => id));
});
