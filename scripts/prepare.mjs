/**
 * What a build, the tests and `npm run dev` need and git does not hold: the WASM kernels, compiled from AssemblyScript.
 * Does nothing for what is newer than its sources. Run alone: node scripts/prepare.mjs
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..');
const ASSEMBLY = join(ROOT, 'src/kernels/wasm/assembly');
const ASC = join(ROOT, 'node_modules/assemblyscript/bin/asc.js');
const BUILT = join(ROOT, 'src/kernels/wasm/built');

/** Nothing of AssemblyScript's runtime: addresses come from outside, the memory too. */
const FLAGS = ['--runtime', 'stub', '--importMemory', '--initialMemory', '1', '--noAssert', '--use', 'abort=', '-O3', '--converge'];

/** Modules and what goes into each: dictionaries of any kind, and the steps of training. */
/** @type {Record<string, string[]>} */
const MODULES = { '': ['sae.ts'], 'train-': ['train.ts', 'sae.ts'] };

/** @type {Record<string, string[]>} */
const BUILDS = { simd: ['--enable', 'simd'], relaxed: ['--enable', 'simd', '--enable', 'relaxed-simd'] };

/** @param {string} file @param {string[]} sources */
function isFresh(file, sources) {
  return existsSync(file) && sources.every((source) => statSync(source).mtimeMs < statSync(file).mtimeMs);
}

/** Builds are relaxed and plain; a build with shared memory for threads would be two entries more. */
export async function buildKernels() {
  mkdirSync(BUILT, { recursive: true });
  for (const [prefix, names] of Object.entries(MODULES)) {
    const sources = names.map((name) => join(ASSEMBLY, name));
    for (const [build, flags] of Object.entries(BUILDS)) {
      const out = join(BUILT, `${prefix}${build}.wasm`);
      if (!isFresh(out, [...sources, import.meta.filename])) compile(sources[0], out, flags);
    }
  }
}

/** @param {string} source @param {string} out @param {string[]} flags */
function compile(source, out, flags) {
  if (!existsSync(ASC)) throw new Error('The WASM kernels are compiled by assemblyscript, which is not installed. Run `npm install`.');
  // As a program: importing it would bring its own ideas of Array into our types.
  execFileSync(process.execPath, [ASC, relative(ROOT, source), '--outFile', relative(ROOT, out), ...FLAGS, ...flags], {
    cwd: ROOT,
    stdio: 'inherit',
  });
}

/** For vitest's globalSetup too. */
export default async function prepare() {
  await buildKernels();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await prepare();
