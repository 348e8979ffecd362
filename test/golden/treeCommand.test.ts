/** `npm run tree` as a person runs it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tree } from '../../src/api/causal.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'featurescope-tree-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (...args: string[]) => spawnSync(process.execPath, ['scripts/tree.mjs', ...args], { encoding: 'utf8' });
const NAMES = ['--dictionaries', 'resid_post_0_r4-a0.0025,resid_post_1_r4-a0.0025', '--target', 'resid_post_1_r4-a0.0025/361'];

test('prints a tree down to the tokens and writes it', () => {
  const out = join(folder, 'tree.json');
  const { status, stdout, stderr } = command(...NAMES, '--contexts', 'top', '--count', '3', '--controls', '--out', out);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const tree = JSON.parse(readFileSync(out, 'utf8')) as Tree;
  expect(tree.target).toEqual({ dictionary: 'resid_post_1_r4-a0.0025', latent: 361 });
  expect(tree.contexts).toHaveLength(3);
  expect(tree.edges[0].controls).toHaveLength(2);
  expect(tree.edges.some(({ parent }) => parent.startsWith('token/'))).toBe(true);
  const [first] = tree.edges;
  expect(stdout).toContain('resid_post_1_r4-a0.0025/361\n');
  expect(stdout).toContain(`  ${first.parent}  ${(100 * first.effect).toFixed(1)} %`);
  expect(stdout).toContain('3 contexts, mode zero.');
  expect(stdout).toContain(`in place of ${tree.naive} full passes`);
});

test('watches a text, and says what is wrong in a sentence', () => {
  const text = command(...NAMES, '--text', 'He sat down (slowly) and rose.', '--expand', 'none');
  expect(text.stderr).toBe('');
  expect(text.stdout).toContain('1 context, mode zero.');
  const silent = command(...NAMES, '--text', 'boat');
  expect(silent.status).toBe(1);
  expect(silent.stderr).toContain('The feature does not fire in this text.');
  expect(silent.stderr).not.toContain('    at ');
});

test('answers what was mistyped with a sentence, and lists its options when asked', () => {
  expect(command('--dictionaries', 'a').stderr).toMatch(/^Usage: npm run tree/);
  expect(command(...NAMES, '--contexts', 'all').stderr).toMatch(/^--contexts is top or spread, not all/);
  const help = command('--help');
  expect(help.status).toBe(0);
  expect(help.stdout).toContain('--mode MODE          zero (the default), mean, resample or restore');
});
