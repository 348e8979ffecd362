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
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';
import prepare from './prepare.mjs';
import { RELAXED_FLAGS } from './relaxed.mjs';
import { nodeHelpers } from './threads.mjs';

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    out: { type: 'string' },
    model: { type: 'string', default: 'public/models/bookworm-9m' },
    resume: { type: 'boolean', default: false },
    threads: { type: 'string' },
    device: { type: 'string', default: 'wasm' },
    evaluate: { type: 'string' },
    'evaluate-tokens': { type: 'string', default: '51200' },
    bundled: { type: 'string' },
  },
});

if (!values.bundled) {
  await prepare();
  const path = await bundle('src/engine/node/train.ts');
  const child = spawn(process.execPath, [...RELAXED_FLAGS, import.meta.filename, ...process.argv.slice(2), '--bundled', path], {
    stdio: 'inherit',
  });
  // A terminal interrupts both; either way the checkpoint is written before this ends.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [status] = await once(child, 'exit');
  process.exit(status ?? 1);
}

if (!values.config || !values.out) {
  console.error('Usage: npm run train -- --config settings.json --out folder');
  process.exit(2);
}
if (!['wasm', 'webgpu'].includes(values.device)) {
  console.error(`--device is wasm or webgpu, not ${values.device}.`);
  process.exit(2);
}
const { train } = await import(pathToFileURL(values.bundled).href);
const stop = { aborted: false };
process.on('SIGINT', () => (stop.aborted = true));
process.on('SIGTERM', () => (stop.aborted = true));
try {
  await train({
    config: JSON.parse(readFileSync(values.config, 'utf8')),
    out: values.out,
    model: values.model,
    device: values.device,
    ...(values.threads !== undefined && { threads: Number(values.threads) }),
    helpersOf: nodeHelpers,
    resume: values.resume,
    ...(values.evaluate && { evaluate: { path: values.evaluate, tokens: Number(values['evaluate-tokens']) } }),
    log: (/** @type {string} */ line) => console.log(line),
    stop,
  });
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
