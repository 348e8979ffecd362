/**
 * `npm run index -- --dictionary folder --out folder`: indices of features without a browser, on the engine of the page.
 * One pass of the corpus feeds all dictionaries that are named. Options:
 *   --dictionary FOLDER  a folder in SAELens's format; may be given several times
 *   --out FOLDER         gets NAME.index for each; while it runs, and for a shard, NAME.part: the same command goes on there
 *   --corpus NAME        a corpus that ships with the page, or a file (.u16 ids, .txt, .jsonl, …); may be given several times
 *   --tokens N           at most; default 100,000
 *   --shard I/N          windows I, I + N, … only (I from 0); `npm run index:merge` joins the N parts to the very bytes of the whole
 *   --model FOLDER       default public/models/bookworm-9m
 *   --device NAME        wasm (the default) or webgpu: a graphics card, through the npm package webgpu
 *   --threads N          default all cores; changes no number
 *   --short              fewer contexts, as in those that ship with the page
 *
 * `npm run index:merge -- --out NAME.index NAME.part-0-of-3 NAME.part-1-of-3 NAME.part-2-of-3`
 */
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { checkDevice, readOptions, refuse, runBundled, runToEnd } from './command.mjs';

const { values, positionals } = readOptions(import.meta.filename, {
  dictionary: { type: 'string', multiple: true, default: [] },
  out: { type: 'string' },
  corpus: { type: 'string', multiple: true, default: ['moby-dick'] },
  tokens: { type: 'string', default: '100000' },
  shard: { type: 'string', default: '0/1' },
  model: { type: 'string', default: 'public/models/bookworm-9m' },
  device: { type: 'string', default: 'wasm' },
  threads: { type: 'string', default: String(availableParallelism()) },
  short: { type: 'boolean', default: false },
  merge: { type: 'boolean', default: false },
  bundled: { type: 'string' },
});

if (!values.out) refuse('Usage: npm run index -- --dictionary folder --out folder');
if (!values.merge && values.dictionary.length === 0) refuse('Name at least one --dictionary, a folder in SAELens’s format.');
const device = checkDevice(values.device);
const shard = /^(\d+)\/(\d+)$/.exec(values.shard);
if (!shard) refuse(`--shard is written I/N, as 0/64; not ${values.shard}.`);
if (!values.bundled) await runBundled(import.meta.filename, 'src/engine/node/featureIndex.ts');

const { indexCorpus, mergeParts } = await import(pathToFileURL(/** @type {string} */ (values.bundled)).href);
await runToEnd(({ stop, log }) =>
  values.merge
    ? mergeParts({ parts: positionals, out: values.out, short: values.short, log })
    : indexCorpus({
        model: values.model,
        dictionaries: values.dictionary,
        corpus: values.corpus,
        tokens: Number(values.tokens),
        out: values.out,
        shard: { shard: Number(shard?.[1]), shards: Number(shard?.[2]) },
        short: values.short,
        device,
        threads: Number(values.threads),
        log,
        stop,
      }),
);
