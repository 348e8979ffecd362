/**
 * `npm test`: everything. Unit and golden tests in Node, then the built page in Chromium. Finds Chromium first,
 * so that a machine without one says so before minutes have passed.
 */
import { execFileSync } from 'node:child_process';
import { findChromium } from './chromium.mjs';

try {
  console.log(`Chromium: ${findChromium()}`);
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
  execFileSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
} catch (error) {
  // A child that failed has already said why.
  const failed = /** @type {{ status?: number }} */ (error).status;
  if (failed === undefined) console.error(error instanceof Error ? error.message : error);
  process.exit(failed ?? 1);
}
