/**
 * One folder with all that `npm run bench:gpu` needs, for machines with a graphics card and nothing but a Node binary:
 * big files are packed with brotli and unpacked beside themselves by the folder's run.mjs at its first start.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { bundle } from './bundle.mjs';

const ROOT = join(import.meta.dirname, '..');
const MOST_BYTES = 60e6;
/** Smaller files stay as they are. */
const PACKED_FROM = 100_000;
const ORT = 'node_modules/onnxruntime-web';
const MODEL = 'public/models/bookworm-9m';
/** Native, or with files of their own beside them; everything else is bundled: tfjs is no module that Node reads. */
const OUTSIDE = ['webgpu', 'onnxruntime-web'];

/** @param {string} [outDir] */
export function bundleGpu(outDir) {
  return bundle('test/bench-gpu/main.ts', { outside: OUTSIDE, ...(outDir && { outDir }) });
}

/** Of packages, what is loaded in Node; the rest of them is tens of megabytes for browsers. */
function filesOf() {
  const dawn = join(
    'node_modules/webgpu/dist',
    `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`,
    'dawn.node',
  );
  const ort = [
    'ort.node.min.mjs',
    'ort.webgpu.bundle.min.mjs',
    'ort-wasm-simd-threaded.mjs',
    'ort-wasm-simd-threaded.wasm',
    'ort-wasm-simd-threaded.asyncify.mjs',
    'ort-wasm-simd-threaded.asyncify.wasm',
  ];
  const built = readdirSync(join(ROOT, 'src/kernels/wasm/built')).filter((name) => name.endsWith('.wasm'));
  return [
    'scripts/gpuMeasure.mjs',
    'scripts/relaxed.mjs',
    'scripts/threads.mjs',
    'node_modules/webgpu/package.json',
    'node_modules/webgpu/index.js',
    dawn,
    `${ORT}/package.json`,
    ...modulesOf('node_modules/onnxruntime-common'),
    ...ort.map((name) => `${ORT}/dist/${name}`),
    ...built.map((name) => `src/kernels/wasm/built/${name}`),
    ...['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'].map((name) => `${MODEL}/${name}`),
  ];
}

/** A small package's own modules. @param {string} folder */
function modulesOf(folder) {
  const modules = readdirSync(join(ROOT, folder, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(js|mjs|json)$/.test(name),
  );
  return [`${folder}/package.json`, ...modules.map((name) => `${folder}/dist/${name}`)];
}

const RUN = `// Unpacks this folder at the first start, then measures: node run.mjs [--only …] [--most-ms N] [--tokens N]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { RELAXED_FLAGS } from './scripts/relaxed.mjs';
const root = import.meta.dirname;
for (const name of readdirSync(root, { recursive: true })) {
  const path = join(root, name);
  if (path.endsWith('.br') && !existsSync(path.slice(0, -3))) writeFileSync(path.slice(0, -3), brotliDecompressSync(readFileSync(path)));
}
const { status } = spawnSync(process.execPath, [...RELAXED_FLAGS, 'scripts/gpuMeasure.mjs', 'bench/main.mjs', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
`;

/** @param {string | undefined} folder made new @throws when it holds other things, or would be too large */
export async function packGpu(folder) {
  if (!folder) throw new Error('Usage: npm run bench:gpu -- --pack folder');
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, 'run.mjs'))) {
    throw new Error(`${folder} is there and is no pack of this benchmark: name another folder, or empty it.`);
  }
  rmSync(folder, { recursive: true, force: true });
  for (const path of filesOf()) put(folder, path);
  await bundleGpu(join(folder, 'bench'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n');
  writeFileSync(join(folder, 'run.mjs'), RUN);
  const bytes = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  if (bytes > MOST_BYTES) throw new Error(`The pack is ${(bytes / 1e6).toFixed(1)} MB, more than ${MOST_BYTES / 1e6}.`);
  console.log(`${folder}: ${(bytes / 1e6).toFixed(1)} MB. Copy it beside a Node binary (20.20 or later) and run: node ${folder}/run.mjs`);
}

/** @param {string} folder @param {string} path */
function put(folder, path) {
  const from = join(ROOT, path);
  const to = join(folder, path);
  mkdirSync(dirname(to), { recursive: true });
  if (statSync(from).size < PACKED_FROM) return cpSync(from, to);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 9,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: statSync(from).size,
  };
  writeFileSync(`${to}.br`, brotliCompressSync(readFileSync(from), { params }));
}
