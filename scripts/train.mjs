/**
 * `npm run train -- --config file.json --out folder`: trains dictionaries without a browser, on the engine of the
 * page. Options:
 *   --config FILE       settings, as `featurescope.train` takes them; `corpus` may name files (.u16 ids, .txt, .jsonl, …)
 *   --out FOLDER        gets a SAELens folder for each dictionary, run.json, and a checkpoint while it runs
 *   --model FOLDER      default public/models/bookworm-9m
 *   --resume            go on from the checkpoint in --out
 *   --threads N         of the language model and of the trainer, which take turns; default those of the settings, else all
 *                       cores; changes no number
 *   --device NAME       wasm (the processor, the default) or webgpu: the graphics card, through the npm package webgpu
 *   --evaluate FILE     .u16 ids to measure the finished dictionaries on
 *   --evaluate-tokens N default 51,200; cross-entropies on the first half
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { checkDevice, readOptions, refuse, runBundled, runToEnd } from './command.mjs';
import { nodeHelpers } from './threads.mjs';

const { values } = readOptions(import.meta.filename, {
  config: { type: 'string' },
  out: { type: 'string' },
  model: { type: 'string', default: 'public/models/bookworm-9m' },
  resume: { type: 'boolean', default: false },
  threads: { type: 'string' },
  device: { type: 'string', default: 'wasm' },
  evaluate: { type: 'string' },
  'evaluate-tokens': { type: 'string', default: '51200' },
  bundled: { type: 'string' },
});

if (!values.config || !values.out) refuse('Usage: npm run train -- --config settings.json --out folder');
const device = checkDevice(values.device);
if (!values.bundled) await runBundled(import.meta.filename, 'src/engine/node/train.ts');

const { train } = await import(pathToFileURL(/** @type {string} */ (values.bundled)).href);
await runToEnd(({ stop, log }) =>
  train({
    config: JSON.parse(readFileSync(/** @type {string} */ (values.config), 'utf8')),
    out: values.out,
    model: values.model,
    device,
    ...(values.threads !== undefined && { threads: Number(values.threads) }),
    helpersOf: nodeHelpers,
    resume: values.resume,
    ...(values.evaluate && { evaluate: { path: values.evaluate, tokens: Number(values['evaluate-tokens']) } }),
    log,
    stop,
  }),
);
