/**
 * Exports for dictionary_learning and sparsify compute, in those libraries and by their formulas in PyTorch, what the
 * dictionary computes here. Which are skipped where: test/SKIPS.md.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { exportDictionary } from '../../../src/core/formats/dictionaries/export.ts';
import { packDictionary } from '../../../src/core/formats/dictionaries/write.ts';
import type { ExportFormat } from '../../../src/api/dictionaries.ts';
import { decode } from '../../../src/core/sae/decode.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { toDense } from '../../../src/core/sae/latents.ts';
import { createDictionary, randomNormal, worstError } from '../sae/helpers.ts';

const PYTHON = process.env.FEATURESCOPE_PYTHON ?? 'python3';
const canImport = (module: string) => spawnSync(PYTHON, ['-c', `import ${module}`], { timeout: 120_000 }).status === 0;
const HAS_TORCH = canImport('torch');
const folder = mkdtempSync(join(tmpdir(), 'featurescope-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Stated = Parameters<typeof createDictionary>[0];
const CASES: { format: ExportFormat; stated: Stated; /** The library rescales features by default. */ onlyXhat?: boolean }[] = [
  { format: 'dictionary_learning', stated: { architecture: 'standard', apply_b_dec_to_input: true }, onlyXhat: true },
  { format: 'dictionary_learning', stated: { architecture: 'standard' } },
  { format: 'dictionary_learning', stated: { architecture: 'tied', activation_scale: 0.3 } },
  { format: 'dictionary_learning', stated: { architecture: 'gated', apply_b_dec_to_input: true } },
  { format: 'dictionary_learning', stated: { architecture: 'jumprelu', apply_b_dec_to_input: true } },
  { format: 'dictionary_learning', stated: { architecture: 'topk', k: 7, rescale_acts_by_decoder_norm: true } },
  { format: 'dictionary_learning', stated: { architecture: 'batchtopk', k: 7, rescale_acts_by_decoder_norm: false } },
  { format: 'sparsify', stated: { architecture: 'topk', k: 7, apply_b_dec_to_input: true } },
  { format: 'sparsify', stated: { architecture: 'groupmax', k: 8 } },
  { format: 'sparsify', stated: { architecture: 'topk_transcoder', k: 7 } },
];

async function check(how: string, { format, stated, onlyXhat }: (typeof CASES)[number], at: number): Promise<void> {
  const dictionary = createDictionary({ ...stated, hook_name: null }, 7);
  if (dictionary.tensors.threshold) dictionary.tensors.threshold = dictionary.tensors.threshold.map(Math.abs);
  const into = join(folder, `${how}-${at}`);
  for (const { path, parts } of await exportDictionary(packDictionary(dictionary, 'test'), format)) {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    const pieces = parts.map(async (part) => (part instanceof Uint8Array ? part : new Uint8Array(await part.arrayBuffer())));
    writeFileSync(join(into, path), Buffer.concat(await Promise.all(pieces)));
  }
  const x = randomNormal(createRandom(8), 20 * 16);
  const files = ['x', 'f', 'xhat'].map((name) => join(into, `${name}.f32`));
  writeFileSync(files[0], x);
  const script = join(import.meta.dirname, '../../python/libraries.py');
  const run = spawnSync(PYTHON, [script, how, into, ...files, '16'], { encoding: 'utf8' });
  expect(run.status, run.stderr).toBe(0);
  const latents = encode(dictionary, x);
  expect(latents.values.length).toBeGreaterThan(20);
  const [f, xhat] = files.slice(1).map((file) => new Float32Array(Uint8Array.from(readFileSync(file)).buffer));
  // fp32 there, float64 here: a few times the rule of the fixtures.
  if (!onlyXhat || how === 'formulas') expect(worstError(f, toDense(latents))).toBeLessThan(3);
  expect(worstError(xhat, decode(dictionary, latents))).toBeLessThan(3);
}

const named = CASES.map((one, at) => ({ name: `${one.format} ${one.stated.architecture}`, one, at }));

describe.skipIf(!HAS_TORCH)("exports, read by PyTorch with the libraries' formulas", () => {
  it.each(named)('$name', ({ one, at }) => check('formulas', one, at), 120_000);
});

describe.each(['dictionary_learning', 'sparsify'])('exports, read by %s itself', (library) => {
  describe.skipIf(!canImport(library))('where Python has it', () => {
    it.each(named.filter(({ one }) => one.format === library))('$name', ({ one, at }) => check(library, one, at), 300_000);
  });
});
