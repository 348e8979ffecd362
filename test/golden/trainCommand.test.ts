/** `npm run train` as a person runs it: a folder for each dictionary, broken off and resumed to the same bytes on other threads. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { afterAll, beforeAll, expect, test } from 'vitest';

const CONFIG = {
  dictionaries: { hook: ['blocks.0.hook_resid_post', 'blocks.0.hook_mlp_out'], d_sae: 128 },
  tokens: 4096,
  batch: 256,
  evaluate_every: 0,
  evaluate_tokens: 256,
};
const FOLDERS = ['resid_post_0_128_tied_alpha0.004_seed0', 'mlp_out_0_128_tied_alpha0.004_seed0'];

let folder: string;
let corpus: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'featurescope-train-'));
  corpus = join(folder, 'ids.u16');
  writeFileSync(corpus, Buffer.from(Uint16Array.from({ length: 256 * 24 }, (_, i) => (i * i + 7 * i) % 8000).buffer));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @param stopAt sends SIGTERM when the output holds this. */
async function command(args: string[], stopAt?: string): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ['scripts/train.mjs', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      const before = output;
      output += data.toString();
      if (stopAt && !before.includes(stopAt) && output.includes(stopAt)) child.kill('SIGTERM');
    });
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

const weights = (out: string, name: string) => readFileSync(join(folder, out, name, 'sae_weights.safetensors'));

test('trains, stops with a checkpoint, and goes on to the same bytes', async () => {
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify({ ...CONFIG, corpus }));
  const run = (out: string, ...more: string[]) => ['--config', config, '--out', join(folder, out), ...more];

  const whole = await command(run('whole', '--threads', '2', '--evaluate', corpus, '--evaluate-tokens', '512'));
  expect(whole).toMatchObject({ code: 0 });
  expect(whole.output).toContain('2 dictionaries, 16 steps of 256 rows');
  expect(existsSync(join(folder, 'whole', 'checkpoint.bin'))).toBe(false);
  const record = JSON.parse(readFileSync(join(folder, 'whole', FOLDERS[0], 'featurescope.json'), 'utf8')) as Record<string, unknown>;
  expect(record).toMatchObject({ tokens: 4096, measured_tokens: 512 });
  expect(Object.keys(record)).toEqual(expect.arrayContaining(['l0', 'fvu', 'ce_recovered', 'dead']));

  const stopped = await command(run('halves', '--threads', '1'), 'step 1 ');
  expect(stopped.code).toBe(1);
  expect(stopped.output).toMatch(/Stopped at step \d+; go on with --resume\./);
  cpSync(join(folder, 'halves'), join(folder, 'elsewhere'), { recursive: true });
  const resumed = await command(run('halves', '--threads', '2', '--resume'));
  expect(resumed).toMatchObject({ code: 0 });
  expect(resumed.output).not.toContain('other kernels');
  for (const name of FOLDERS) expect(weights('halves', name).equals(weights('whole', name))).toBe(true);

  const checkpoint = join(folder, 'elsewhere', 'checkpoint.bin');
  writeFileSync(checkpoint, serialize({ ...(deserialize(readFileSync(checkpoint)) as object), kernels: 'webgpu' }));
  const moved = await command(run('elsewhere', '--threads', '2', '--resume'), 'other kernels');
  expect(moved.output).toMatch(/at step \d+ with other kernels \(wasm-\w+ instead of webgpu\), so the numbers are not exactly those/);
});

test('says what is wrong in a sentence', async () => {
  const config = join(folder, 'wrong.json');
  writeFileSync(config, JSON.stringify({ ...CONFIG, corpus: 'no such text' }));
  const { code, output } = await command(['--config', config, '--out', join(folder, 'wrong')]);
  expect(code).toBe(1);
  expect(output).toContain('There is no corpus called no such text');
  expect(output).not.toContain('    at ');

  writeFileSync(config, JSON.stringify({ ...CONFIG, corpus: [corpus, corpus] }));
  const twice = await command(['--config', config, '--out', join(folder, 'wrong')]);
  expect(twice.code).toBe(1);
  expect(twice.output).toContain('`corpus` names a text twice');
});
