import { readFileSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { offline } from './scripts/offline.mjs';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

/** Cross-origin isolation, which buys threads and is never needed. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * transformers.js brings ONNX Runtime's WebGPU build with it. All sessions are ours, so it gets the bare types
 * (see src/engine/model/transformersRuntime.ts) and the bundle is spared a second runtime.
 */
function oneRuntime(): Plugin {
  return {
    name: 'featurescope:one-runtime',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (!source.startsWith('onnxruntime-web') || !importer?.includes('@xenova/transformers')) return null;
      return this.resolve('onnxruntime-common', importer, { skipSelf: true });
    },
  };
}

export default defineConfig({
  // A built page may lie in any folder of a server.
  base: './',
  plugins: [react(), oneRuntime(), offline()],
  define: { __VERSION__: JSON.stringify(version) },
  worker: { format: 'es', plugins: () => [oneRuntime()] },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    // What the first picture needs is one file: in pieces by who else needs them it is a fiftieth larger.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } },
  },
  // What the worker loads late would otherwise make the development server reload the page.
  optimizeDeps: {
    include: ['@xenova/transformers', 'onnxruntime-common', 'onnxruntime-web/wasm', 'onnxruntime-web/webgpu', 'fflate', 'idb-keyval'],
  },
  // A missing file must be a 404, never index.html.
  appType: 'mpa',
  server: { headers: ISOLATION },
  preview: { headers: ISOLATION },
});
