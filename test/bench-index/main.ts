/** What `npm run bench:index` measures in plain Node; scripts/benchIndex.mjs starts it. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { openDictionaryFiles } from '../../src/core/formats/dictionaries/open.ts';
import { readDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import { writeIndex } from '../../src/core/interp/featureIndex/indexFile.ts';
import { buildParts, identityOf, planIndex, startPart, type IndexPlan } from '../../src/engine/study/indexBuild.ts';
import { openModelFolder, readCorpus, type NodeModel } from '../../src/engine/node/engine.ts';
import { openRuntime, type Machine } from '../../src/engine/node/machine.ts';
import { run } from '../../src/engine/model/run.ts';

export interface BenchIndex {
  tokens: number;
  /** Of the run whose memory is watched; 0: none. */
  long: number;
}

const DICTIONARIES = 'public/dictionaries/bookworm-9m';
/** Windows of one forward pass, as an index reads them. */
const AT_ONCE = 8;

export async function bench({ tokens, long }: BenchIndex): Promise<void> {
  const threads = cpus().length;
  const machine = await openRuntime({ device: 'wasm', threads });
  const opened = await openModelFolder(machine.runtime, 'public/models/bookworm-9m');
  const ids = await readCorpus(['moby-dick'], opened, () => {});
  const plan = planIndex({ name: 'moby-dick', ids, hash: '' }, opened.model, tokens);
  console.log(`${cpus()[0]?.model ?? 'unknown'}, ${threads} threads, Node ${process.version}; ${plan.total} tokens of moby-dick`);
  const names = readdirSync(DICTIONARIES).filter((name) => /^resid_post_\d_r4-a0\.004$/.test(name));
  // Once without being timed, so that nothing is compiled meanwhile.
  await forward(opened, { ...plan, windows: plan.windows.slice(0, 2 * AT_ONCE) });
  const alone = await timed(() => forward(opened, plan));
  print('forward pass to the last residual alone', alone, plan.total, '');
  for (const some of [names.slice(3, 4), names]) {
    const took = await indexed(machine, opened, plan, some);
    const what = some.length === 1 ? `index of one R 4 dictionary` : `index of all ${some.length} R 4 residual ones together`;
    print(
      what,
      took.ms,
      plan.total,
      `${(took.ms / alone).toFixed(2)} × its time; ${took.perLatent.toFixed(0)} bytes a latent, written in ${took.writeMs.toFixed(0)} ms`,
    );
  }
  if (long > 0) await watchMemory(machine, opened, { name: 'moby-dick', ids, hash: '' }, names[3], long);
}

async function forward({ model }: NodeModel, { windows, documents }: IndexPlan): Promise<void> {
  for (let at = 0; at < windows.length; at += AT_ONCE) {
    const batch = windows
      .slice(at, at + AT_ONCE)
      .map(({ document, start, length }) => [...documents[document].subarray(start, start + length)]);
    await run(model, { ids: batch, isBatch: true }, { read: ['blocks.5.hook_resid_post'] });
  }
}

async function subjectsOf({ model }: NodeModel, plan: IndexPlan, names: readonly string[]) {
  const subjects = [];
  for (const name of names) {
    const files = ['cfg.json', 'sae_weights.safetensors'].map((file) => ({
      path: `${name}/${file}`,
      data: new Blob([readFileSync(join(DICTIONARIES, name, file))]),
    }));
    const dictionary = await readDictionary((await openDictionaryFiles(files)).dictionaries[0]);
    subjects.push({ dictionary, part: startPart(plan, identityOf(plan, model, dictionary, name), dictionary) });
  }
  return subjects;
}

async function indexed({ engine }: Pick<Machine, 'engine'>, opened: NodeModel, plan: IndexPlan, names: readonly string[]) {
  const subjects = await subjectsOf(opened, plan, names);
  const ms = await timed(() => buildParts({ model: opened.model, engine, plan, subjects }));
  const [{ part }] = subjects;
  let bytes = 0;
  const writeMs = await timed(async () => void (bytes = writeIndex(part.identity, part.state).size));
  return { ms, writeMs, perLatent: bytes / part.state.sizes.d_sae };
}

/** What the process holds at a tenth of a long run and at its end. */
async function watchMemory(
  { engine }: Pick<Machine, 'engine'>,
  opened: NodeModel,
  text: IndexPlan['text'],
  name: string,
  long: number,
): Promise<void> {
  // The corpus over and over: what is kept of it may not grow with how often it is read.
  const ids = new Uint32Array(long);
  for (let i = 0; i < long; i++) ids[i] = text.ids[i % text.ids.length];
  const plan = planIndex({ ...text, ids }, opened.model, long);
  const subjects = await subjectsOf(opened, plan, [name]);
  const held = () => {
    const { rss, arrayBuffers } = process.memoryUsage();
    return `${(rss / 2 ** 20).toFixed(0)} MiB in all, ${(arrayBuffers / 2 ** 20).toFixed(0)} in arrays, ${subjects[0].part.state.table.size} pairs of feature and token`;
  };
  let next = long / 10;
  await buildParts({
    model: opened.model,
    engine,
    plan,
    subjects,
    onProgress(done) {
      if (done < next) return;
      console.log(`  memory at ${done} tokens: ${held()}`);
      next = done < long / 2 ? long / 2 : Infinity;
    },
  });
  console.log(`  memory at ${subjects[0].part.state.tokens} tokens, the end: ${held()}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function print(name: string, ms: number, tokens: number, rest: string): void {
  console.log(
    `  ${name.padEnd(46)} ${(ms / 1000).toFixed(1).padStart(6)} s  ${((1000 * tokens) / ms).toFixed(0).padStart(6)} tokens/s  ${rest}`,
  );
}
