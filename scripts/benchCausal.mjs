/**
 * `npm run bench:causal [-- options]`: causal trees and prompt circuits in plain Node, beside one full forward pass for each
 * parent and context, in one run.
 *   --threads N    default all cores
 *   --sample N     full passes that are timed; the rest is scaled from them; default 60
 * docs/benchmarks.md holds the latest figures.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';
import prepare from './prepare.mjs';
import { RELAXED_FLAGS } from './relaxed.mjs';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    sample: { type: 'string', default: '60' },
    bundled: { type: 'string' },
  },
});

if (values.bundled) {
  const { bench } = await import(pathToFileURL(values.bundled).href);
  await bench({ threads: Number(values.threads), sample: Number(values.sample) });
  process.exit(0);
}
await prepare();
const path = await bundle('test/bench-causal/main.ts', {
  outDir: join(import.meta.dirname, '../node_modules/.cache/bundles/bench-causal'),
});
const command = [...RELAXED_FLAGS, import.meta.filename, ...process.argv.slice(2), '--bundled', path];
const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
process.exit(status ?? 1);
