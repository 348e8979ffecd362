/** The measuring process of `npm run bench:gpu`, and of what it packs: node scripts/gpuMeasure.mjs BUNDLE [options]. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeHelpers } from './threads.mjs';

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      'most-ms': { type: 'string', default: '5000' },
      tokens: { type: 'string', default: '1000000' },
    },
  });
  const { bench } = await import(pathToFileURL(resolve(positionals[0])).href);
  await bench({
    model: 'public/models/bookworm-9m',
    helpersOf: nodeHelpers,
    mostMs: Number(values['most-ms']),
    tokens: Number(values.tokens),
    ...(values.only && { only: values.only.split(',') }),
  });
  // Dawn keeps a process alive.
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
