/**
 * `npm run baselines -- --kind pca --hook blocks.3.hook_resid_post --out folder`: neurons, random directions, PCA or ICA of a
 * hook as a dictionary, without a browser. Options:
 *   --kind KIND         neurons, random, pca or ica
 *   --hook HOOK         a hook of the model
 *   --out FOLDER        gets cfg.json, sae_weights.safetensors and featurescope.json
 *   --sign-fixed        each sign by the sum of the 20 scores of largest size
 *   --non-negative      both signs stacked, each through a ReLU
 *   --k K               both signs stacked, the K largest of a token kept
 *   --components N      default the hook's width
 *   --corpus NAME       a text that ships with the page, or a file (.u16 ids, .txt, .jsonl, …); default moby-dick
 *   --tokens N          default 32,768
 *   --seed N            default 0
 *   --model FOLDER      default public/models/bookworm-9m
 *   --threads N         of the language model; default all cores
 *   --device NAME       wasm (the processor, the default) or webgpu: the graphics card, through the npm package webgpu
 */
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';
import { checkDevice, readOptions, refuse, runToEnd } from './command.mjs';
import prepare from './prepare.mjs';

const { values } = readOptions(import.meta.filename, {
  kind: { type: 'string' },
  hook: { type: 'string' },
  out: { type: 'string' },
  'sign-fixed': { type: 'boolean' },
  'non-negative': { type: 'boolean' },
  k: { type: 'string' },
  components: { type: 'string' },
  corpus: { type: 'string' },
  tokens: { type: 'string' },
  seed: { type: 'string' },
  model: { type: 'string', default: 'public/models/bookworm-9m' },
  threads: { type: 'string' },
  device: { type: 'string', default: 'wasm' },
});

if (!values.kind || !values.hook || !values.out)
  refuse('Usage: npm run baselines -- --kind pca --hook blocks.3.hook_resid_post --out folder');
const device = checkDevice(values.device);

/** @param {'k' | 'components' | 'tokens' | 'seed'} name */
const number = (name) => (values[name] === undefined ? {} : { [name]: Number(values[name]) });

await prepare();
const { makeBaselines } = await import(pathToFileURL(await bundle('src/engine/node/baselines.ts')).href);
await runToEnd(({ stop, log }) =>
  makeBaselines({
    options: {
      kind: values.kind,
      hook: values.hook,
      ...(values['sign-fixed'] && { sign_fixed: true }),
      ...(values['non-negative'] && { non_negative: true }),
      ...number('k'),
      ...number('components'),
      ...(values.corpus && { corpus: values.corpus }),
      ...number('tokens'),
      ...number('seed'),
    },
    out: values.out,
    model: values.model,
    device,
    ...(values.threads !== undefined && { threads: Number(values.threads) }),
    log,
    stop,
  }),
);
