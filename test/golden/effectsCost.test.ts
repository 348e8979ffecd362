/**
 * What taking features out costs beside full passes that give the same numbers. FEATURESCOPE_EFFECTS=20000 prints the
 * processor's seconds for so many tokens; 20,000 are the default.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Edit } from '../../src/api/model.ts';
import { compareRows, probabilities } from '../../src/core/interp/effects.ts';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { run } from '../../src/engine/model/run.ts';
import { createEngine, createRuntime, openModelFolder } from '../../src/engine/node/engine.ts';
import { measureEffects } from '../../src/engine/study/effects.ts';
import { passStoreOf } from '../../src/engine/study/passStore.ts';
import { openShipped } from '../helpers/candidates.ts';

const PUBLIC = join(import.meta.dirname, '../../public');
const TOKENS = Number(process.env.FEATURESCOPE_EFFECTS ?? 0);
const LATENTS = [100, 937, 3, 500];
const engine = createEngine();

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; value: T }> {
  const started = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(started);
  return { seconds: (user + system) / 1e6, value };
}

/** Clean, ablated and two controls, all blocks at all positions, two windows at a time (one alone would use what others left). */
async function wholePasses(model: HookedModel, dictionaries: Map<string, Dictionary>, windows: number[][], latents: number[]) {
  const [name] = dictionaries.keys();
  const V = model.config.d_vocab;
  const p = new Float64Array(V);
  let kl = 0;
  for (let w = 0; w < windows.length; w += 2) {
    const rows = { ids: windows.slice(w, w + 2), isBatch: true };
    const clean = (await run(model, rows, { logits: 'all' })).logits!.data;
    const changed: Float32Array[] = [];
    for (const latent of latents) {
      const edits: Edit[] = [{ dictionary: name, latent, op: 'ablate' }];
      changed.push((await run(model, rows, { logits: 'all', edits, dictionaries, engine })).logits!.data);
    }
    for (let at = 0; at < clean.length; at += V) {
      const logits = clean.subarray(at, at + V);
      const logZ = probabilities(logits, p);
      for (const other of changed) kl += compareRows({ logits, p, logZ }, other.subarray(at, at + V)).kl;
    }
  }
  return kl;
}

it.skipIf(!(TOKENS > 0))(
  'costs less than full passes',
  async () => {
    const { model, tokenizer } = await openModelFolder(createRuntime(1), join(PUBLIC, 'models/bookworm-9m'));
    const text = readFileSync(join(PUBLIC, 'corpora/moby-dick.txt'), 'utf8').slice(0, 120_000);
    const tokens = tokenizer!.encode(text).slice(0, TOKENS);
    const windows = Array.from({ length: Math.ceil(TOKENS / 256) }, (_, i) => tokens.slice(256 * i, 256 * (i + 1)));
    const some = windows.slice(0, 10);
    for (const folder of ['resid_post_0_r4-a0.0025', 'resid_post_2_r4-a0.0025', 'resid_post_4_r4-a0.0025', 'resid_post_5_r4-a0.0025']) {
      const dictionaries = await openShipped(folder);
      const dictionary = dictionaries.get(folder)!;
      const store = passStoreOf(model);
      const lines: string[] = [];
      for (const latent of LATENTS) {
        const { seconds, value } = await timed(() =>
          measureEffects({ model, engine, dictionary, latent, texts: windows, store, dictionaryKey: folder }),
        );
        const share = value.deltas!.filter((delta) => delta !== 0).length / value.positions;
        lines.push(`${seconds.toFixed(1)} s (${(100 * share).toFixed(0)} % of positions change)`);
      }
      const { seconds } = await timed(() => wholePasses(model, dictionaries, some, LATENTS.slice(0, 3)));
      const whole = (seconds * windows.length) / some.length;
      const kept = (store.bytes / 2 ** 20).toFixed(0);
      process.stdout.write(`${folder}: ${lines.join(', ')}; four full passes ${whole.toFixed(1)} s; ${kept} MiB kept\n`);
      expect(whole).toBeGreaterThan(0);
    }
    await model.release();
  },
  3_600_000,
);
