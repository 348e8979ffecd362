/** Dictionaries and goldens of test/fixtures/dictionaries for the tests of the dictionary maths and formats. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createRandom } from '../../../src/core/array/random.ts';
import { createBlob } from '../../../src/core/formats/dictionaries/write.ts';
import type { DictionaryFile } from '../../../src/core/formats/dictionaries/files.ts';
import { openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { readDictionary, type OpenedDictionary } from '../../../src/core/formats/dictionaries/opened.ts';
import { listTensors, type Dictionary, type DictionaryConfig } from '../../../src/core/sae/dictionary.ts';

export const FIXTURES = join(import.meta.dirname, '../../fixtures/dictionaries');

export interface Golden {
  x: number[][];
  f: number[][];
  xhat: number[][];
  expected: Record<string, unknown>;
  files: Record<string, { bytes: number; sha256: string }>;
}

/** Every saelens fixture, "saelens-v6/standard" and so on. */
export const SAELENS_FIXTURES = ['saelens-v6', 'saelens-pre6'].flatMap((kind) =>
  readdirSync(join(FIXTURES, kind)).map((name) => `${kind}/${name}`),
);

export function readGolden(name: string): Golden {
  return JSON.parse(readFileSync(join(FIXTURES, name, 'golden.json'), 'utf8')) as Golden;
}

export function bytesOf(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path));
}

/** All files under a folder as a drop of that folder; golden files stay out. */
export function dropFolder(path: string, prefix = ''): DictionaryFile[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('golden.json') && statSync(join(path, name)).isFile())
    .map((name) => ({ path: prefix + relative(path, join(path, name)), data: createBlob(bytesOf(join(path, name))) }));
}

export async function openFixture(name: string): Promise<{ opened: OpenedDictionary; dictionary: Dictionary; warnings: string[] }> {
  const { dictionaries, warnings } = await openDictionaryFiles(dropFolder(join(FIXTURES, name), `${name.split('/')[1]}/`));
  return { opened: dictionaries[0], dictionary: await readDictionary(dictionaries[0]), warnings };
}

/** Largest |a − b| in units of the fixtures' rule, 1e-5 + 1e-5·|b|; above 1 fails, NaN gives NaN. */
export function worstError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return NaN;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i] - b[i]) / (1e-5 + 1e-5 * Math.abs(b[i]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

export function flatten(rows: number[][]): Float32Array<ArrayBuffer> {
  return Float32Array.from(rows.flat());
}

export function randomNormal(random: () => number, length: number, scale = 1): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()) * scale);
}

/** A dictionary with random tensors of every kind its architecture has. */
export function createDictionary(stated: Partial<DictionaryConfig> & Pick<DictionaryConfig, 'architecture'>, seed = 1): Dictionary {
  const d_in = stated.d_in ?? 16;
  const config: DictionaryConfig = {
    d_in,
    d_sae: 64,
    d_out: d_in,
    dtype: 'float32',
    apply_b_dec_to_input: false,
    normalize_activations: 'none',
    reshape_activations: 'none',
    hook_name: 'blocks.0.hook_resid_post',
    hook_name_out: null,
    model_name: 'test',
    sae_lens_version: '6.18.0',
    context_size: null,
    prepend_bos: null,
    dataset_path: null,
    training_checkpoint: false,
    ...stated,
  };
  const random = createRandom(seed);
  const tensors: Dictionary['tensors'] = {};
  for (const { name, shape, need } of listTensors(config)) {
    if (need === 'maybe' || name === 'log_threshold') continue;
    const length = shape.reduce((n, size) => n * size, 1);
    tensors[name] = randomNormal(random, length, name.startsWith('W_') ? 1 / Math.sqrt(d_in) : 0.3);
  }
  return { config, tensors };
}
