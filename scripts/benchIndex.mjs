/**
 * `npm run bench:index [-- options]`: indexing features beside the forward pass alone, in one run in plain Node; then the page
 * of a feature and the switch of an edit, in the built page.
 *   --tokens N   default 40,000
 *   --long N     tokens of the run whose memory is watched; default 1,000,000; 0: none
 *   --page       only the page
 * docs/benchmarks.md holds the latest figures.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { benchFeature } from './benchFeature.mjs';
import { bundle } from './bundle.mjs';
import { readOptions } from './command.mjs';
import prepare from './prepare.mjs';
import { RELAXED_FLAGS } from './relaxed.mjs';

const { values } = readOptions(import.meta.filename, {
  tokens: { type: 'string', default: '40000' },
  long: { type: 'string', default: '1000000' },
  page: { type: 'boolean' },
  bundled: { type: 'string' },
});

if (values.bundled) {
  const { bench } = await import(pathToFileURL(values.bundled).href);
  await bench({ tokens: Number(values.tokens), long: Number(values.long) });
  process.exit(0);
}
if (values.page) {
  await benchFeature();
  process.exit(0);
}
await prepare();
const path = await bundle('test/bench-index/main.ts', { outDir: join(import.meta.dirname, '../node_modules/.cache/bundles/bench-index') });
const command = [...RELAXED_FLAGS, import.meta.filename, ...process.argv.slice(2), '--bundled', path];
const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
if (status === 0) await benchFeature();
process.exit(status ?? 1);
