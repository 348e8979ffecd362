/** Directions as dictionaries: exact edits and reconstructions, all engines, files there and back, exports. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { directionsDictionary, neuronDirections, randomDirections, type Directions } from '../../../src/core/baselines/directions.ts';
import type { BaselineForm, BaselineKind } from '../../../src/core/baselines/options.ts';
import { decode, decoderVector } from '../../../src/core/sae/decode.ts';
import type { Dictionary } from '../../../src/core/sae/dictionary.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { toDense } from '../../../src/core/sae/latents.ts';
import { exportDictionary, exportObstacle } from '../../../src/core/formats/dictionaries/export.ts';
import { openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { readDictionary } from '../../../src/core/formats/dictionaries/opened.ts';
import type { OutFile } from '../../../src/core/formats/dictionaries/files.ts';
import { packDictionary, writeDictionary } from '../../../src/core/formats/dictionaries/write.ts';
import { NODE_ENGINES } from '../../helpers/kernels.ts';
import { maxDifference } from '../../helpers/goldens.ts';
import { randomNormal } from '../sae/helpers.ts';

const D = 24;
const PLACE = { hook: 'blocks.1.hook_resid_post', model: 'test', n_ctx: 64, corpus: 'moby-dick' };
const x = randomNormal(createRandom(1), D * 7, 3).map((value) => value + 2);

/** An invertible map about a mean, as ICA gives. */
function independent(): Directions {
  const { encoder, decoder } = randomDirections(D, D, 5);
  return { d: D, encoder, decoder, mean: Float64Array.from({ length: D }, (_, i) => i / 5 - 2) };
}

const make = (kind: BaselineKind, form: BaselineForm, k?: number): Dictionary => {
  const directions = kind === 'neurons' ? neuronDirections(D) : kind === 'random' ? randomDirections(40, D, 5) : independent();
  return directionsDictionary(kind, form, directions, PLACE, k);
};

const EXACT: [BaselineKind, BaselineForm, number][] = [
  ['neurons', 'signed', 2 * D],
  ['pca', 'signed', D],
  ['pca', 'non_negative', 2 * D],
  ['ica', 'signed', D],
  ['ica', 'non_negative', 2 * D],
];
const ALL: [BaselineKind, BaselineForm, number | undefined][] = [
  ...EXACT.map(([kind, form]): [BaselineKind, BaselineForm, undefined] => [kind, form, undefined]),
  ['random', 'signed', undefined],
  ['pca', 'topk', 5],
  ['ica', 'topk', 5],
];

describe.each(EXACT)('%s, %s', (kind, form, d_sae) => {
  const dictionary = make(kind, form);

  it('gives back what it encoded', () => {
    const latents = encode(dictionary, x);
    expect(latents.d_sae).toBe(d_sae);
    expect(maxDifference(decode(dictionary, latents), x)).toBeLessThan(2e-4);
  });

  it('turns one row into another when all features get the values of that one', () => {
    const c = toDense(encode(dictionary, x));
    const [from, to] = [c.subarray(0, d_sae), c.subarray(d_sae, 2 * d_sae)];
    const moved = Float64Array.from(x.subarray(0, D));
    for (let j = 0; j < d_sae; j++) {
      const d = decoderVector(dictionary, j);
      for (let i = 0; i < D; i++) moved[i] += (to[j] - from[j]) * d[i];
    }
    expect(maxDifference(moved, x.subarray(D, 2 * D))).toBeLessThan(2e-4);
  });
});

describe('random directions', () => {
  it('have norm 1, repeat with their seed, and are undone by the pseudo-inverse', () => {
    const norms = (rows: Float64Array) =>
      Array.from({ length: rows.length / D }, (_, r) => Math.hypot(...rows.subarray(r * D, (r + 1) * D)));
    for (const n of [10, D, 40]) {
      const { encoder, decoder } = randomDirections(n, D, 3);
      norms(encoder).forEach((norm) => expect(norm).toBeCloseTo(1, 10));
      expect(randomDirections(n, D, 3).encoder).toEqual(encoder);
      expect(randomDirections(n, D, 4).encoder).not.toEqual(encoder);
      // A·A⁺·A = A, of which decoder is A⁺ turned.
      const times = (r: number, s: number) => encoder.subarray(r * D, (r + 1) * D).reduce((sum, v, i) => sum + v * decoder[s * D + i], 0);
      for (let i = 0; i < D; i++) {
        let sum = 0;
        for (let s = 0; s < n; s++) sum += times(0, s) * encoder[s * D + i];
        expect(sum).toBeCloseTo(encoder[i], 8);
      }
    }
  });

  it('keep what points their way', () => {
    const latents = encode(make('random', 'signed'), x);
    expect(latents.values.every((value) => value > 0)).toBe(true);
    expect(latents.values.length).toBeLessThan(7 * 40);
  });
});

describe.each(Object.entries(NODE_ENGINES))('%s', (_, createEngine) => {
  it.each(ALL)('agrees with the twin on %s, %s', async (kind, form, k) => {
    const dictionary = make(kind, form, k);
    const engine = createEngine();
    const [mine, twin] = [await engine.encode(dictionary, x), encode(dictionary, x)];
    expect(maxDifference(toDense(mine), toDense(twin))).toBeLessThan(1e-4);
    // A signed one has all values, those below 0 too.
    if (form === 'signed' && kind !== 'neurons' && kind !== 'random') {
      expect(mine.values).toHaveLength(7 * D);
      expect(mine.values.some((value) => value < 0)).toBe(true);
    }
    if (k !== undefined) expect(mine.values.length).toBeLessThanOrEqual(7 * k);
    expect(maxDifference(await engine.decode(dictionary, mine), decode(dictionary, mine))).toBeLessThan(1e-4);
  });
});

async function reopen(files: OutFile[]) {
  const blobs = await Promise.all(
    files.map(async ({ path, parts }) => {
      const pieces = await Promise.all(parts.map((part) => (part instanceof Uint8Array ? Promise.resolve(part) : part.arrayBuffer())));
      return { path, data: new Blob(pieces) };
    }),
  );
  const { dictionaries, warnings } = await openDictionaryFiles(blobs);
  return { opened: dictionaries[0], dictionary: await readDictionary(dictionaries[0]), warnings };
}

describe('files', () => {
  it.each(ALL)('of %s, %s come back as they were', async (kind, form, k) => {
    const dictionary = make(kind, form, k);
    const packed = packDictionary(dictionary, 'PCA of a hook, 7 tokens', {}, { kind, seed: 5 });
    const { opened, dictionary: again, warnings } = await reopen(writeDictionary(packed, packed.name));
    expect(warnings).toEqual([]);
    expect(opened).toMatchObject({ name: 'PCA of a hook, 7 tokens', record: { kind, seed: 5 } });
    expect(again.config).toMatchObject({ architecture: dictionary.config.architecture, hook_name: PLACE.hook, dataset_path: 'moby-dick' });
    expect(encode(again, x)).toEqual(encode(dictionary, x));
    const isSigned = form === 'signed' && (kind === 'pca' || kind === 'ica');
    expect((opened.notes ?? []).some((note) => note.includes('both signs on every token'))).toBe(isSigned);
  });

  it.each(ALL.filter(([kind, form]) => form !== 'signed' || kind === 'neurons' || kind === 'random'))(
    'of %s, %s are exported under a name that SAELens has, with the same values',
    async (kind, form, k) => {
      const dictionary = make(kind, form, k);
      const packed = packDictionary(dictionary, 'mine');
      const { dictionary: exported } = await reopen(await exportDictionary(packed, 'saelens', 'mine'));
      expect(exported.config.architecture).toBe(form === 'topk' ? 'topk' : 'standard');
      expect(encode(exported, x)).toEqual(encode(dictionary, x));
      const others = form === 'topk' ? (['dictionary_learning', 'sparsify'] as const) : (['dictionary_learning'] as const);
      for (const format of others) {
        const { dictionary: there } = await reopen(await exportDictionary(packed, format, 'mine'));
        expect(maxDifference(toDense(encode(there, x)), toDense(encode(dictionary, x)))).toBeLessThan(1e-4);
      }
    },
  );

  it('of signed scores are refused by every other library, with what to do', async () => {
    const packed = packDictionary(make('ica', 'signed'), 'mine');
    for (const format of ['saelens', 'dictionary_learning', 'sparsify'] as const) {
      expect(exportObstacle(packed.config, format)).toMatch(/keeps no values below 0.*non_negative/);
      await expect(exportDictionary(packed, format)).rejects.toThrow('keeps no values below 0');
    }
  });
});
