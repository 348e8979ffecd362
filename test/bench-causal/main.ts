/** What `npm run bench:causal` measures; scripts/benchCausal.mjs starts it. */
import { openAsBlob, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { openDictionaryFiles } from '../../src/core/formats/dictionaries/open.ts';
import { readDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import { columnOf } from '../../src/core/sae/latents.ts';
import { BEFORE } from '../../src/core/interp/featureIndex/sizes.ts';
import { openIndex } from '../../src/core/interp/featureIndex/indexFile.ts';
import { run } from '../../src/engine/model/run.ts';
import { openModelFolder, readCorpus, type NodeModel } from '../../src/engine/node/engine.ts';
import { openRuntime } from '../../src/engine/node/machine.ts';
import type { NamedDictionary } from '../../src/engine/study/causal/sources.ts';
import type { TreeJob } from '../../src/engine/study/causal/treeJob.ts';
import { findCircuit } from '../../src/engine/study/circuit.ts';
import { growTree } from '../../src/engine/study/tree.ts';

type Machine = Awaited<ReturnType<typeof openRuntime>>;

export interface BenchCausal {
  threads: number;
  /** Full passes that are timed. */
  sample: number;
}

const DICTIONARIES = 'public/dictionaries/bookworm-9m';
const TARGET = 'resid_post_5_r4-a0.0025';
const TEXT = readFileSync('public/corpora/moby-dick.txt', 'utf8').slice(20_000, 20_400);

export async function bench({ threads, sample }: BenchCausal): Promise<void> {
  const machine = await openRuntime({ device: 'wasm', threads });
  const opened = await openModelFolder(machine.runtime, 'public/models/bookworm-9m');
  console.log(`${cpus()[0]?.model ?? 'unknown'}, ${threads} threads, Node ${process.version}; bookworm-9m, six residual dictionaries`);
  const dictionaries = await Promise.all([0, 1, 2, 3, 4, 5].map((layer) => open(`resid_post_${layer}_r4-a0.0025`)));
  await benchTrees(machine, opened, dictionaries, sample);
  await benchText(machine, opened, dictionaries);
  await benchCircuit(machine, opened, dictionaries, sample);
}

async function open(name: string): Promise<NamedDictionary> {
  const files = ['cfg.json', 'sae_weights.safetensors'].map((file) => ({
    path: `${name}/${file}`,
    data: new Blob([readFileSync(join(DICTIONARIES, name, file))]),
  }));
  return { id: name, key: name, dictionary: await readDictionary((await openDictionaryFiles(files)).dictionaries[0]) };
}

/** A feature that fires often, on more than one token, and its 20 highest contexts, as an index of one's own would keep them. */
async function targetOf(
  { engine }: Machine,
  opened: NodeModel,
  dictionaries: NamedDictionary[],
): Promise<{ latent: number; contexts: number[][] }> {
  const { dictionary } = dictionaries.find(({ id }) => id === TARGET)!;
  const ids = await readCorpus(['moby-dick'], opened, () => {});
  const windows = Array.from({ length: 40 }, (_, i) => [...ids.subarray(256 * i, 256 * (i + 1))]);
  const index = await openIndex(await openAsBlob(`public/indices/bookworm-9m/${TARGET}.index`));
  const { density, share } = index.summary;
  const latent = density.findIndex((d, j) => d > 0.01 && d < 0.03 && share[j] < 0.5);
  const firings: { value: number; ids: number[] }[] = [];
  for (const window of windows) {
    const { acts } = await run(opened.model, { ids: [window], isBatch: false }, { read: [dictionary.config.hook_name!] });
    const values = columnOf(await engine.encode(dictionary, acts[dictionary.config.hook_name!].data), latent);
    values.forEach((value, p) => value > 0 && p >= BEFORE && firings.push({ value, ids: window.slice(p - BEFORE, p + 1) }));
  }
  return {
    latent,
    contexts: firings
      .sort((a, b) => b.value - a.value)
      .slice(0, 20)
      .map((one) => one.ids),
  };
}

/** A tree of depth 5 from block 5, with and without each of the cuts. */
async function benchTrees(machine: Machine, opened: NodeModel, dictionaries: NamedDictionary[], sample: number): Promise<void> {
  const { model } = opened;
  const { latent, contexts } = await targetOf(machine, opened, dictionaries);
  const job: TreeJob = {
    model,
    engine: machine.engine,
    target: { dictionary: TARGET, latent },
    dictionaries,
    contexts: contexts.map((ids) => ({ ids })),
    settings: { depth: 5 },
  };
  const lengths = contexts.map(({ length }) => length);
  console.log(
    `tree of depth 5 from ${TARGET}/${latent}, ${contexts.length} contexts of ${Math.min(...lengths)} to ${Math.max(...lengths)} tokens`,
  );
  await growTree({ ...job, settings: { depth: 1 } });
  const tree = await growTree(job);
  const each = await fullPass(model, contexts, sample);
  const naive = tree.naive * each;
  const expanded = new Set(tree.edges.map(({ child }) => child)).size;
  console.log(
    `  ${tree.seconds.toFixed(1)} s; ${expanded} nodes expanded, ${tree.nodes.length} drawn; ${tree.continuations} rows in place of ${tree.naive} full passes of ${(1000 * each).toFixed(1)} ms, which would take ${naive.toFixed(0)} s (${sample} timed): ${(naive / tree.seconds).toFixed(0)} × as fast; ${(tree.bytes / 2 ** 20).toFixed(1)} MiB at most by count`,
  );
  await benchCuts(job, tree.naive, tree.continuations);
}

/** Each cut alone, by what a tree without it takes. */
async function benchCuts(job: TreeJob, naive: number, rows: number): Promise<void> {
  const one = { ...job, settings: { expand: 'none' as const } };
  const root = await growTree(one);
  const wide = await growTree({ ...one, sharePrefix: false });
  console.log(
    `  one node alone: ${root.seconds.toFixed(2)} s, ${root.continuations} rows of ${root.naive} (the rest is silent in its context)`,
  );
  console.log(`  the same with keys and values of all positions made anew: ${wide.seconds.toFixed(2)} s`);
  console.log(`  nodes of one hook together: ${rows} rows for ${naive} effects, ${(naive / rows).toFixed(1)} each`);
}

/** Seconds of one full forward pass of a context with one latent taken out, reading the residual behind the last block. */
async function fullPass(model: NodeModel['model'], contexts: readonly number[][], sample: number): Promise<number> {
  const vector = new Float32Array(model.config.d_model).fill(0.1);
  // Another vector each time, so that nothing is remembered.
  const pass = (i: number) => {
    vector[0] = i;
    const edits = [{ hook: 'hook_embed', op: 'add' as const, vector: vector.slice() }];
    return run(model, { ids: [contexts[i % contexts.length]], isBatch: false }, { edits, read: ['blocks.5.hook_resid_post'] });
  };
  for (let i = 0; i < 5; i++) await pass(i);
  const started = performance.now();
  for (let i = 0; i < sample; i++) await pass(i);
  return (performance.now() - started) / 1000 / sample;
}

/** The text on screen: the first level, then the whole tree. */
async function benchText(machine: Machine, { model, tokenizer }: NodeModel, dictionaries: NamedDictionary[]): Promise<void> {
  const ids = tokenizer!.encode(TEXT).slice(0, 40);
  const { latent } = await livelyAt(machine, model, ids, dictionaries);
  const base = { model, engine: machine.engine, target: { dictionary: TARGET, latent }, dictionaries, contexts: [{ ids }] };
  for (const [what, settings] of [
    ['first level', { expand: 'none' as const }],
    ['whole tree, down to the tokens', {}],
  ] as const) {
    const tree = await growTree({ ...base, settings });
    console.log(
      `text of 40 tokens, ${what}: ${tree.seconds.toFixed(2)} s, ${tree.continuations} rows, ${tree.nodes.length} nodes, ${(tree.bytes / 2 ** 20).toFixed(1)} MiB`,
    );
  }
}

/** The feature that fires most at the last token. */
async function livelyAt({ engine }: Machine, model: NodeModel['model'], ids: number[], dictionaries: NamedDictionary[]) {
  const { dictionary } = dictionaries.find(({ id }) => id === TARGET)!;
  const { acts } = await run(model, { ids: [ids], isBatch: false }, { read: [dictionary.config.hook_name!] });
  const codes = await engine.encode(dictionary, acts[dictionary.config.hook_name!].data);
  const [from, to] = codes.rows.subarray(ids.length - 1);
  const own = codes.values.subarray(from, to);
  return { latent: codes.latents[from + own.indexOf(Math.max(...own))] };
}

async function benchCircuit(
  machine: Machine,
  { model, tokenizer }: NodeModel,
  dictionaries: NamedDictionary[],
  sample: number,
): Promise<void> {
  const ids = tokenizer!.encode(TEXT).slice(0, 20);
  const asked = { model, engine: machine.engine, ids, plus: ids[3], minus: ids[7], dictionaries };
  const circuit = await findCircuit(asked);
  const each = await fullPass(model, [ids], sample);
  console.log(
    `prompt circuit of 20 tokens, six residual dictionaries: ${circuit.seconds.toFixed(1)} s; ${circuit.continuations} rows in place of ${circuit.naive} full passes of ${(1000 * each).toFixed(1)} ms (${((circuit.naive * each) / circuit.seconds).toFixed(1)} ×), ${(circuit.bytes / 2 ** 20).toFixed(1)} MiB`,
  );
}
