/** A training run as `npm run train` makes it, reading the model's activations included, on the card and on the processor. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '../../src/core/array/random.ts';
import { train } from '../../src/engine/node/train.ts';
import type { BenchGpu } from './main.ts';

const HOOK = 'blocks.3.hook_resid_post';

interface Size {
  tokens: number;
  batch: number;
  /** Latents of the dictionaries, a run each. */
  sizes: readonly number[];
}

export async function measureRun({ model, helpersOf }: BenchGpu, { tokens, batch, sizes }: Size): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'featurescope-'));
  try {
    const corpus = join(folder, 'ids.u16');
    const random = createRandom(5);
    writeFileSync(corpus, Buffer.from(Uint16Array.from({ length: 2 * tokens }, () => Math.floor(random() * 8000)).buffer));
    for (const d_sae of sizes) {
      console.log(`whole run, ${tokens.toLocaleString('en')} tokens of ${HOOK}, n ${d_sae}, batch ${batch}, harvest included`);
      for (const device of ['webgpu', 'wasm'] as const) {
        const out = join(folder, `${device}-${d_sae}`);
        const config = {
          dictionaries: { hook: HOOK, d_sae, alpha: 0.004 },
          corpus,
          tokens,
          batch,
          evaluate_every: 0,
          evaluate_tokens: 1024,
        };
        await train({
          config,
          out,
          model,
          device,
          threads: cpus().length,
          helpersOf,
          resume: false,
          log: () => {},
          stop: { aborted: false },
        });
        const { seconds, history } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as RunRecord;
        const rate = Math.round(tokens / seconds).toLocaleString('en');
        const { l0, fvu } = history[0].points.at(-1)!;
        console.log(
          `  ${`ours, ${device === 'webgpu' ? 'WebGPU' : 'WASM'}`.padEnd(26)} ${seconds.toFixed(2).padStart(9)} s  ${rate.padStart(11)} tokens/s  L0 ${l0.toFixed(2)}, FVU ${fvu.toFixed(4)}`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface RunRecord {
  seconds: number;
  history: { points: { l0: number; fvu: number }[] }[];
}
