/** `npm run tree`: causal trees without the page. scripts/tree.mjs reads the command line. */
import { existsSync, openAsBlob, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UsageError, type Stop } from '../../core/errors.ts';
import { chooseContexts } from '../../core/interp/causal/contexts.ts';
import { checkTreeSettings, wholeOf, type TreeSettings } from '../../core/interp/causal/options.ts';
import { openIndex } from '../../core/interp/featureIndex/indexFile.ts';
import type { Tree, TreeEdge } from '../../api/causal.ts';
import { corpusMeans } from '../study/causal/corpusMeans.ts';
import type { NamedDictionary } from '../study/causal/sources.ts';
import type { CorpusMeans, TreeContext } from '../study/causal/treeJob.ts';
import { cutWindows } from '../study/featureIndex.ts';
import { growTree } from '../study/tree.ts';
import { openModelFolder, readCorpus, type NodeModel } from './engine.ts';
import { openFolder } from './featureIndex.ts';
import { openRuntime, type Machine } from './machine.ts';

interface TreeCommand {
  /** Folders, or names of those that ship for the model. */
  dictionaries: string[];
  target: { dictionary: string; latent: number };
  on: { text: string; position?: number } | { kind: 'top' | 'spread'; count: number; index?: string };
  settings: Partial<TreeSettings>;
  corpus: string;
  out?: string;
  model: string;
  device: 'wasm' | 'webgpu';
  threads: number;
  log: (line: string) => void;
  stop: Stop;
}

const SHIPPED = 'public/dictionaries';
const INDICES = 'public/indices';
const MEAN_TOKENS = 10_000;
const LOG_MS = 5000;

/** @throws UsageError, FormatError, EngineError with a sentence; AbortedError, and then nothing is written */
export async function printTree(job: TreeCommand): Promise<void> {
  const { target, out, log, stop } = job;
  const settings = checkTreeSettings(job.settings);
  const machine = await openRuntime(job);
  const opened = await openModelFolder(machine.runtime, job.model);
  const dictionaries: NamedDictionary[] = [];
  for (const name of new Set([...job.dictionaries, target.dictionary])) dictionaries.push(await openNamed(name, opened.id));
  const contexts = await contextsOf(job, opened, settings.seed);
  const { model } = opened;
  const means = settings.mode === 'mean' && (await meansOf(job, machine, opened, dictionaries));
  let said = Date.now();
  const tree = await growTree({
    model,
    engine: machine.engine,
    target,
    dictionaries,
    contexts,
    settings,
    ...(means && { means }),
    stop,
    onProgress({ message, tree: { nodes } }) {
      if (Date.now() - said < LOG_MS) return;
      said = Date.now();
      log(`${message} ${nodes.length} nodes so far.`);
    },
  });
  linesOf(tree, opened).forEach(log);
  if (out !== undefined) {
    writeFileSync(out, `${JSON.stringify(tree, null, 1)}\n`);
    log(`Written: ${out}`);
  }
  await model.release();
  machine.release();
}

async function openNamed(name: string, model: string): Promise<NamedDictionary> {
  const found = [name, join(SHIPPED, model, name)].find((folder) => existsSync(join(folder, 'cfg.json')));
  if (!found) throw new UsageError(`There is no dictionary called ${name}: neither a folder nor one that ships for ${model}.`);
  const { dictionary, hash } = await openFolder(found);
  return { id: name, dictionary, key: hash };
}

async function contextsOf({ on, target }: TreeCommand, { id, model, tokenizer }: NodeModel, seed: number): Promise<TreeContext[]> {
  if ('text' in on) {
    if (!tokenizer) throw new UsageError('The model came without tokenizer.json, so a text cannot be read.');
    const ids = tokenizer.encode(on.text);
    const { position } = on;
    if (position === undefined) return [{ ids, peak: true }];
    if (!Number.isInteger(position) || position < 0 || position >= ids.length) {
      throw new UsageError(`--position must be that of a token; the text has ${ids.length}, counted from 0.`);
    }
    return [{ ids: ids.slice(0, position + 1) }];
  }
  const path = on.index ?? join(INDICES, id, `${basename(resolve(target.dictionary))}.index`);
  if (!existsSync(path)) {
    throw new UsageError(
      `There is no index at ${path} to take contexts from. Make one with \`npm run index\` and name it with --index, or give a --text.`,
    );
  }
  const index = await openIndex(await openAsBlob(path));
  const { summary } = index;
  if (summary.identity.model !== model.hash) throw new UsageError(`${path} was made on other weights than those of ${id}.`);
  if (!(target.latent < summary.density.length))
    throw new UsageError(`There is no feature ${target.latent}; the dictionary has ${summary.density.length}.`);
  const contexts = chooseContexts(await index.record(target.latent), on.kind, wholeOf('contexts', on.count), seed);
  if (contexts.length === 0) throw new UsageError('The index has no context in which the feature fires. Give a --text.');
  return contexts;
}

async function meansOf(
  { corpus, log, stop }: TreeCommand,
  { engine }: Pick<Machine, 'engine'>,
  opened: NodeModel,
  dictionaries: readonly NamedDictionary[],
): Promise<CorpusMeans> {
  const ids = await readCorpus([corpus], opened, log);
  const { model } = opened;
  const windows = cutWindows([ids], model.config.n_ctx, MEAN_TOKENS).map(({ start, length }) => [...ids.subarray(start, start + length)]);
  return { key: corpus, of: await corpusMeans({ model, engine, stop }, dictionaries, windows) };
}

/** A tree as text: each node under its child, a node that was printed before only named. */
function linesOf(tree: Tree, { tokenizer }: NodeModel): string[] {
  const lines: string[] = [];
  const printed = new Set<string>();
  const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
  const words = (id: string) => {
    const token = /^token\/(\d+)$/.exec(id);
    return token ? `token ${token[1]}${tokenizer ? ` ${JSON.stringify(tokenizer.token(Number(token[1])))}` : ''}` : id;
  };
  const edgeWords = ({ effect, interval, cosine, controls = [] }: TreeEdge) => {
    const beside = controls.map(
      ({ kind, latent, effect: of }) => `, ${kind === 'latent' ? `feature ${latent}` : 'a direction'} ${percent(of)}`,
    );
    return `${percent(effect)} (${interval.map(percent).join(' to ')}), cosine ${cosine.toFixed(2)}${beside.join('')}`;
  };
  const print = (id: string, indent: string, edge?: TreeEdge) => {
    const children = tree.edges.filter(({ child }) => child === id);
    const isAgain = printed.has(id) && children.length > 0;
    lines.push(`${indent}${words(id)}${edge ? `  ${edgeWords(edge)}` : ''}${isAgain ? ' (above)' : ''}`);
    if (isAgain) return;
    printed.add(id);
    for (const error of tree.error.filter(({ child }) => child === id)) {
      lines.push(`${indent}  error of ${error.dictionary}  ${percent(error.effect)}`);
    }
    for (const one of children) print(one.parent, `${indent}  `, one);
  };
  print(tree.nodes[0].id, '');
  const { inactive, below, beyond } = tree.left_out;
  const mib = (tree.bytes / 2 ** 20).toFixed(0);
  lines.push(
    `${tree.contexts.length} context${tree.contexts.length === 1 ? '' : 's'}, mode ${tree.mode}. Left out: ${inactive} silent, ${below} below the threshold, ${beyond} beyond the most that are drawn.`,
  );
  lines.push(`${tree.continuations} rows run in place of ${tree.naive} full passes, ${mib} MiB at most, ${tree.seconds.toFixed(1)} s.`);
  return lines;
}
