/** Lets Node run the product's TypeScript: one entry and all it imports become a module, packages stay outside. */
import { mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build } from 'vite';

const ROOT = join(import.meta.dirname, '..');
/** Below node_modules, so that git does not see it and packages are found from there. */
const OUT = join(ROOT, 'node_modules/.cache/bundles');

/**
 * The module lies elsewhere than its source: files are to be found by process.cwd() or by what a caller passes in,
 * not by import.meta.
 * @param {string} entry a TypeScript file, from the repository's root
 * @param {{ outDir?: string, outside?: string[] }} [o] another folder; the only packages that stay outside
 * @returns {Promise<string>} path of an .mjs with the same exports, made anew at every call
 */
export async function bundle(entry, { outDir: folder, outside } = {}) {
  const name = basename(entry).replace(/\.[^.]+$/, '');
  const outDir = folder ?? join(OUT, name);
  mkdirSync(outDir, { recursive: true });
  await build({
    root: ROOT,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    ...(outside && { ssr: { noExternal: true, external: outside } }),
    build: {
      ssr: resolve(ROOT, entry),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: `${name}.mjs`, chunkFileNames: '[name].mjs' } },
    },
  });
  return join(outDir, `${name}.mjs`);
}
