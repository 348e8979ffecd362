import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { listFiles } from '../../../scripts/offline.mjs';

it('lists what a page may ask for, and not what is for people or for the host', () => {
  const dir = mkdtempSync(join(tmpdir(), 'featurescope-list-'));
  const listed = {
    'assets/_x.js': 'core',
    'assets/tfjs-backend-wasm-simd-a1.wasm': 'wasm',
    'assets/tfjsWasm-a1_b.js': 'wasm',
    'assets/tfjsWebgpu-c2.js': 'webgpu',
    'corpora/a.u16': 'choice',
    'index.html': 'core',
    'models/m/m.onnx': 'data',
  };
  try {
    for (const path of [...Object.keys(listed), '_headers', '.htaccess', '.nojekyll', 'sw.js', 'models/README.md']) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), path);
    }
    const files = listFiles(dir);
    expect(Object.fromEntries(files.map(({ path, group }) => [path, group]))).toEqual(listed);
    expect(files.find(({ path }) => path === 'index.html')).toMatchObject({
      bytes: 10,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
});
