/** A page on which a test runs candidate edits in batches and one by one (test/browser/candidates.test.ts). */
import { createRandom } from '../../src/core/array/random.ts';
import { openModelFiles } from '../../src/core/formats/modelFiles.ts';
import { createParameters } from '../../src/core/lm/parameters.ts';
import { createConfig } from '../../src/core/formats/dictionaries/convert.ts';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import { chooseDevice } from '../../src/gpu/device.ts';
import { loadHookedModel } from '../../src/engine/model/hookedModel.ts';
import { run } from '../../src/engine/model/run.ts';
import { runCandidates, type CandidatesCost } from '../../src/engine/study/candidates.ts';
import { createOrtRuntime, createSaeEngine } from '../../workers/browserPlatform.ts';

const HOOK = 'blocks.1.hook_resid_post';
const READ = 'blocks.2.hook_mlp_out';
const LATENTS = 64;

export interface Trial {
  kernels: string;
  cost: CandidatesCost;
  /** Largest difference to a run of its own, of hook values and logits. */
  worst: number;
  results: number;
  /** Device buffers held when idle, before and after. */
  buffers: [number, number];
}

/** Three texts and eight candidates on the model whose files these are. */
async function tryCandidates(device: 'webgpu' | 'wasm', files: Record<string, number[]>): Promise<Trial> {
  const choice = await chooseDevice(device);
  const runtime = await createOrtRuntime(choice);
  const engine = await createSaeEngine(runtime);
  const blobs = Object.entries(files).map(([path, bytes]) => ({ path: `m/${path}`, data: new Blob([Uint8Array.from(bytes)]) }));
  const { config, checkpoint } = await openModelFiles(blobs);
  const model = await loadHookedModel(runtime, config, createParameters(config, checkpoint));
  const dictionaries = new Map([['d', dictionaryFor(config.d_model)]]);
  const contexts = [12, 19, 12].map((length, r) => Array.from({ length }, (_, i) => (i * 37 + r * 101 + 5) % config.d_vocab));
  const ablations = [0, 9, 18, 27, 36].map((latent) => [{ dictionary: 'd', latent, op: 'ablate' as const, positions: [9, 11] }]);
  const values = { data: Float32Array.of(1, 0, 2), shape: [3] };
  const candidates = [
    ...ablations,
    [{ dictionary: 'd', op: 'patch' as const, latents: [3, 4, 50], values }],
    [{ hook: 'blocks.1.attn.hook_z', op: 'scale' as const, factor: 0, positions: [10] }],
    [{ dictionary: 'd', latent: 0, op: 'add' as const, value: 0 }],
  ];
  const buffers = runtime.live.buffers;
  const found: { candidate: number; context: number; act: Float32Array; logits: Float32Array }[] = [];
  const cost = await runCandidates({
    model,
    engine,
    dictionaries,
    contexts,
    candidates,
    read: [{ hook: READ, positions: 'last' }],
    logits: 'last',
    onResult: ({ candidate, context, acts, logits }) =>
      found.push({ candidate, context, act: acts[READ].data.slice(), logits: logits!.data.slice() }),
  });
  let worst = 0;
  for (const { candidate, context, act, logits } of found) {
    const ids = contexts[context];
    const options = { edits: candidates[candidate], read: [READ], logits: 'last' as const, dictionaries, engine };
    const own = await run(model, { ids: [ids], isBatch: false }, options);
    const last = own.acts[READ].data.subarray((ids.length - 1) * config.d_model);
    for (const [a, b] of [
      [act, last],
      [logits, own.logits!.data],
    ])
      a.forEach((x, i) => (worst = Math.max(worst, Math.abs(x - b[i]))));
  }
  const result: Trial = { kernels: engine.kernels, cost, worst, results: found.length, buffers: [buffers, runtime.live.buffers] };
  await model.release();
  return result;
}

/** Random directions, several of which fire at every token. */
function dictionaryFor(d: number): Dictionary {
  const random = createRandom(4);
  const normal = () => random() + random() + random() - 1.5;
  return {
    config: createConfig({ architecture: 'tied', d_in: d, d_sae: LATENTS, hook_name: HOOK }),
    tensors: { W_dec: Float32Array.from({ length: LATENTS * d }, normal), b_enc: new Float32Array(LATENTS) },
  };
}

const offered = { tryCandidates };
declare global {
  interface Window {
    candidates: typeof offered;
  }
}
window.candidates = offered;
