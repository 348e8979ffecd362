/** `npm run index` and `npm run index:merge`: indices of features without the page. scripts/index.mjs reads the command line. */
import { existsSync, mkdirSync, openAsBlob, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { AbortedError, UsageError, type Stop } from '../../core/errors.ts';
import { openDictionaryFiles } from '../../core/formats/dictionaries/open.ts';
import { readDictionary } from '../../core/formats/dictionaries/opened.ts';
import type { BlobLike } from '../../core/formats/bytes.ts';
import { openPart, writeIndex, writePart, type IndexPart } from '../../core/interp/featureIndex/indexFile.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import { hashIds } from '../text/corpora.ts';
import { tensorHash } from '../dictionary/tensorHash.ts';
import { buildParts, continues, identityOf, planIndex, startPart } from '../study/indexBuild.ts';
import { openModelFolder, readCorpus } from './engine.ts';
import { openRuntime } from './machine.ts';

export interface IndexCommand {
  /** Folder of the model; folders of SAELens's format; names or paths of corpora. */
  model: string;
  dictionaries: string[];
  corpus: string[];
  tokens: number;
  /** Gets an index for each dictionary; of a shard, a part. */
  out: string;
  shard: { shard: number; shards: number };
  /** Fewer contexts, as those that ship. */
  short: boolean;
  device: 'wasm' | 'webgpu';
  threads: number;
  log: (line: string) => void;
  stop: Stop;
}

const SAVE_MS = 60_000;
const LOG_MS = 15_000;

/** Goes on from the parts in `out` where they are of the same. @throws UsageError, FormatError; AbortedError after parts were written */
export async function indexCorpus(job: IndexCommand): Promise<void> {
  const { out, log, stop } = job;
  const machine = await openRuntime(job);
  const opened = await openModelFolder(machine.runtime, job.model);
  const ids = await readCorpus(job.corpus, opened, log);
  const text = { name: job.corpus.map((name) => basename(name)).join(' + '), ids, hash: await hashIds(ids) };
  const plan = planIndex(text, opened.model, job.tokens, job.shard);
  log(
    `${opened.id} on ${machine.name}; ${plan.total.toLocaleString('en')} tokens of ${text.name}, shard ${plan.shard + 1} of ${plan.shards}`,
  );
  mkdirSync(out, { recursive: true });
  const subjects: { dictionary: Dictionary; path: string; folder: string; part: IndexPart }[] = [];
  for (const folder of job.dictionaries) {
    const { dictionary, hash } = await openFolder(folder);
    const identity = identityOf(plan, opened.model, dictionary, hash);
    const path = join(out, `${basename(resolve(folder))}.part${plan.shards > 1 ? `-${plan.shard}-of-${plan.shards}` : ''}`);
    const kept = existsSync(path) ? await openPart(await openAsBlob(path)).catch(() => undefined) : undefined;
    subjects.push({
      dictionary,
      path,
      folder,
      part: kept && continues(kept, plan, identity) ? kept : startPart(plan, identity, dictionary),
    });
  }
  const save = async () => {
    for (const { path, part } of subjects) await writeFile(path, writePart(part));
  };
  await count({ model: opened.model, engine: machine.engine, plan, subjects, stop }, save, log);
  if (plan.shards > 1) await save();
  else {
    for (const { folder, path, part } of subjects) {
      await finish(join(out, basename(resolve(folder))), part, job.short, log);
      rmSync(path, { force: true });
    }
  }
  await opened.model.release();
  machine.release();
}

async function count(job: Parameters<typeof buildParts>[0], save: () => Promise<void>, log: (line: string) => void): Promise<void> {
  let [saved, said] = [Date.now(), 0];
  const started = Date.now();
  try {
    await buildParts({
      ...job,
      onProgress(done, total) {
        if (Date.now() - said < LOG_MS && done < total) return;
        said = Date.now();
        log(`${done.toLocaleString('en')} of ${total.toLocaleString('en')} tokens, ${((Date.now() - started) / 1000).toFixed(0)} s`);
      },
      async onBatch() {
        if (Date.now() - saved < SAVE_MS) return;
        await save();
        saved = Date.now();
      },
    });
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error;
    await save();
    throw new AbortedError('Stopped. What was counted is kept; the same command goes on there.');
  }
}

/** Parts of one dictionary and corpus, all of them, as one index. @throws UsageError when one is missing, twice, or of another */
export async function mergeParts({
  parts,
  out,
  short,
  log,
}: {
  parts: string[];
  out: string;
  short: boolean;
  log: (line: string) => void;
}): Promise<void> {
  if (parts.length === 0) throw new UsageError('Name the parts to merge.');
  let merged: IndexPart | undefined;
  const seen = new Set<number>();
  for (const path of parts) {
    const part = await openPart(await openAsBlob(path));
    if (part.done < part.windows) throw new UsageError(`${path} is not finished: run its shard again, it goes on where it stopped.`);
    if (seen.has(part.shard)) throw new UsageError(`${path} is shard ${part.shard}, which was there already.`);
    seen.add(part.shard);
    if (!merged) merged = part;
    else {
      const same = JSON.stringify(part.identity) === JSON.stringify(merged.identity) && part.shards === merged.shards;
      if (!same) throw new UsageError(`${path} is of another dictionary, corpus or number of shards than ${parts[0]}.`);
      merged.state.merge(part.state);
    }
  }
  if (seen.size !== merged!.shards) throw new UsageError(`There are ${seen.size} of ${merged!.shards} shards; all are needed.`);
  await finish(out.replace(/\.index$/, ''), merged!, short, log);
}

async function finish(path: string, { identity, state }: IndexPart, short: boolean, log: (line: string) => void): Promise<void> {
  const file = writeIndex(identity, state, short);
  await writeFile(`${path}.index`, file);
  log(`${path}.index: ${state.tokens.toLocaleString('en')} tokens, ${(file.size / 1e6).toFixed(2)} MB`);
}

/** Whole or not at all. */
async function writeFile(path: string, file: BlobLike): Promise<void> {
  writeFileSync(`${path}.new`, new Uint8Array(await file.arrayBuffer()));
  renameSync(`${path}.new`, path);
}

/** @throws UsageError when there is none; FormatError */
export async function openFolder(folder: string): Promise<{ dictionary: Dictionary; hash: string }> {
  const names = ['cfg.json', 'sae_weights.safetensors'].filter((name) => existsSync(join(folder, name)));
  if (names.length < 2) throw new UsageError(`There is no dictionary in SAELens's format in ${folder}.`);
  const files = names.map((name) => ({ path: `${basename(resolve(folder))}/${name}`, data: new Blob([readFileSync(join(folder, name))]) }));
  const [opened] = (await openDictionaryFiles(files)).dictionaries;
  return { dictionary: await readDictionary(opened), hash: await tensorHash(opened) };
}
