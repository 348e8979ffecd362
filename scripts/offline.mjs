/**
 * Vite plugin: after a build, lists every file of it with its SHA-256 and bundles the service worker with that list
 * as sw.js, which therefore changes when any file does. docs/decisions/offline.md says why it is our own.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { build } from 'vite';

const ENTRY = resolve(import.meta.dirname, '../src/cache/offline/worker.ts');
const WORKER = 'sw.js';

/** Of the files of ONNX Runtime and tfjs those a device does not use are not fetched for it. */
const RUNTIMES = /** @type {const} */ ([
  ['webgpu', /^assets\/(ort-wasm-simd-threaded\.(asyncify|jsep|jspi)[\w.-]*\.wasm|tfjsWebgpu[\w-]*\.js)$/],
  ['wasm', /^assets\/((ort-wasm-simd-threaded|tfjs-backend-wasm)[\w.-]*\.wasm|tfjsWasm[\w-]*\.js)$/],
]);

/**
 * @param {string} path from the folder of index.html
 * @returns {import('../src/cache/offline/manifest.ts').FileGroup}
 */
export function groupOf(path) {
  const runtime = RUNTIMES.find(([, pattern]) => pattern.test(path));
  if (runtime) return runtime[0];
  if (/\.(html|js|mjs|css)$/.test(path) || /(^|\/)index\.json$/.test(path)) return 'core';
  return /^(dictionaries|corpora|indices)\//.test(path) ? 'choice' : 'data';
}

/**
 * Every file a page may ask for. Left out are texts for people, the worker itself, and what a host reads and does not
 * serve (_headers, .htaccess): a file that is listed and not served would never be kept.
 * @param {string} dir of the build
 * @returns {import('../src/cache/offline/manifest.ts').BuildFile[]} by path
 */
export function listFiles(dir) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== WORKER && !/\.(md|map)$|^[._]/.test(path))
    .sort()
    .map((path) => {
      const data = readFileSync(join(dir, path));
      return { path, hash: createHash('sha256').update(data).digest('hex'), bytes: data.length, group: groupOf(path) };
    });
}

/** @param {string} dir of a finished build; gets sw.js */
export async function writeServiceWorker(dir) {
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    define: { __FILES__: JSON.stringify(listFiles(dir)) },
    build: {
      outDir: dir,
      emptyOutDir: false,
      target: 'es2022',
      copyPublicDir: false,
      rollupOptions: { input: ENTRY, output: { format: 'iife', entryFileNames: WORKER } },
    },
  });
}

/** @returns {import('vite').Plugin} */
export function offline() {
  let dir = '';
  return {
    name: 'featurescope:offline',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      dir = resolve(config.root, config.build.outDir);
    },
    closeBundle: { sequential: true, order: 'post', handler: () => writeServiceWorker(dir) },
  };
}
