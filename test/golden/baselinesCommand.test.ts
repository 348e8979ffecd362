/** `npm run baselines` as a person runs it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDictionaryFiles } from '../../src/core/formats/dictionaries/open.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'featurescope-baselines-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (...args: string[]) => spawnSync(process.execPath, ['scripts/baselines.mjs', ...args], { encoding: 'utf8' });

test('writes a folder that the page opens', async () => {
  const corpus = join(folder, 'ids.u16');
  writeFileSync(corpus, Buffer.from(Uint16Array.from({ length: 700 }, (_, i) => (i * i + 7 * i) % 8000).buffer));
  const out = join(folder, 'pca');
  const args = [
    '--kind',
    'pca',
    '--hook',
    'blocks.3.hook_resid_post',
    '--corpus',
    corpus,
    '--components',
    '20',
    '--k',
    '6',
    '--sign-fixed',
  ];
  const { status, stdout, stderr } = command(...args, '--out', out);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toContain('TopK of PCA of blocks.3.hook_resid_post, k = 6, 700 tokens, 20 components, signs fixed: 40 features');
  const files = ['cfg.json', 'sae_weights.safetensors', 'featurescope.json'].map((name) => ({
    path: `pca/${name}`,
    data: new Blob([readFileSync(join(out, name))]),
  }));
  const { dictionaries, warnings } = await openDictionaryFiles(files);
  expect(warnings).toEqual([]);
  expect(dictionaries[0].config).toMatchObject({ architecture: 'pca_topk', k: 6, d_sae: 40, dataset_path: 'ids.u16' });
  expect(dictionaries[0].record).toMatchObject({ kind: 'pca', tokens: 700, components: 20, sign_fixed: true });
});

test('says what is wrong in a sentence', () => {
  const { status, stderr } = command(
    '--kind',
    'pca',
    '--hook',
    'blocks.3.hook_resid_post',
    '--tokens',
    '20',
    '--out',
    join(folder, 'none'),
  );
  expect(status).toBe(1);
  expect(stderr).toContain('PCA with 256 components needs at least 257 tokens; there are 20.');
  expect(stderr).not.toContain('    at ');
});

test('answers what was mistyped with a sentence, and lists its options when asked', () => {
  const wrong = command('--knid', 'pca');
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toMatch(/^Unknown option '--knid'.*--help lists the options/s);
  expect(wrong.stderr).not.toContain('    at ');
  const help = command('--help');
  expect(help.status).toBe(0);
  expect(help.stdout).toContain('--kind KIND         neurons, random, pca or ica');
});
