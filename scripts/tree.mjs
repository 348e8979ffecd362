/**
 * `npm run tree -- --dictionaries a,b --target b/965`: which earlier features make one fire, without the page, on its engine.
 * Prints the tree; effects are the share of the feature's activation that goes with the parent.
 *   --dictionaries LIST  folders in SAELens's format, or names of those that ship with the page, with commas between
 *   --target NAME/N      which feature: a dictionary as it is named there, and its number
 *   --text TEXT          watch the feature on this text, where it fires most, or at --position N (a token, counted from 0)
 *   --contexts KIND      or in its highest contexts (top, the default) or one from each of equal bins between half of its
 *                        maximum and the maximum (spread); both from the index that ships, or from --index
 *   --count N            contexts; default 20
 *   --index FILE         the .index of the target's dictionary, as `npm run index` makes it
 *   --mode MODE          zero (the default), mean, resample or restore
 *   --corpus NAME        whose means mode mean puts in; default moby-dick, 10,000 tokens of it
 *   --depth N            levels of parents; default down to the tokens
 *   --parents N          most drawn of a node; default 3
 *   --threshold X        effects below are left out; default 0.01
 *   --expand HOW         paper (the default), all or none
 *   --controls           beside each edge another feature of near-equal density and a random direction
 *   --positions          by position too, in the file
 *   --seed N             default 0
 *   --out FILE           gets the tree as JSON
 *   --model FOLDER       default public/models/bookworm-9m
 *   --device NAME        wasm (the default) or webgpu: a graphics card, through the npm package webgpu
 *   --threads N          default all cores
 */
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { checkDevice, readOptions, refuse, runBundled, runToEnd } from './command.mjs';

const { values } = readOptions(import.meta.filename, {
  dictionaries: { type: 'string' },
  target: { type: 'string' },
  text: { type: 'string' },
  position: { type: 'string' },
  contexts: { type: 'string', default: 'top' },
  count: { type: 'string', default: '20' },
  index: { type: 'string' },
  mode: { type: 'string' },
  corpus: { type: 'string', default: 'moby-dick' },
  depth: { type: 'string' },
  parents: { type: 'string' },
  threshold: { type: 'string' },
  expand: { type: 'string' },
  controls: { type: 'boolean' },
  positions: { type: 'boolean' },
  seed: { type: 'string' },
  out: { type: 'string' },
  model: { type: 'string', default: 'public/models/bookworm-9m' },
  device: { type: 'string', default: 'wasm' },
  threads: { type: 'string', default: String(availableParallelism()) },
  bundled: { type: 'string' },
});

const target = /^(.+)\/(\d+)$/.exec(values.target ?? '');
if (!values.dictionaries || !target) {
  refuse('Usage: npm run tree -- --dictionaries resid_post_2_r4-a0.0025,resid_post_3_r4-a0.0025 --target resid_post_3_r4-a0.0025/965');
}
if (values.contexts !== 'top' && values.contexts !== 'spread') refuse(`--contexts is top or spread, not ${values.contexts}.`);
const device = checkDevice(values.device);
if (!values.bundled) await runBundled(import.meta.filename, 'src/engine/node/tree.ts');

/** @param {'depth' | 'parents' | 'threshold' | 'seed'} name */
const number = (name) => (values[name] === undefined ? {} : { [name]: Number(values[name]) });

const { printTree } = await import(pathToFileURL(/** @type {string} */ (values.bundled)).href);
await runToEnd(({ stop, log }) =>
  printTree({
    dictionaries: values.dictionaries?.split(',').filter((name) => name !== ''),
    target: { dictionary: target?.[1], latent: Number(target?.[2]) },
    on:
      values.text === undefined
        ? { kind: values.contexts, count: Number(values.count), index: values.index }
        : { text: values.text, ...(values.position !== undefined && { position: Number(values.position) }) },
    settings: {
      ...(values.mode !== undefined && { mode: values.mode }),
      ...number('depth'),
      ...number('parents'),
      ...number('threshold'),
      ...number('seed'),
      ...(values.expand !== undefined && { expand: values.expand }),
      ...(values.controls && { controls: true }),
      ...(values.positions && { positions: true }),
    },
    corpus: values.corpus,
    out: values.out,
    model: values.model,
    device,
    threads: Number(values.threads),
    log,
    stop,
  }),
);
