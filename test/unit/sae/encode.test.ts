import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { decode, vectors } from '../../../src/core/sae/decode.ts';
import {
  estimateActivationScale,
  isTied,
  type Architecture,
  type Dictionary,
  type Normalisation,
} from '../../../src/core/sae/dictionary.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { BLOCK_VALUES, encodeBlocked } from '../../../src/core/sae/encodeBlocked.ts';
import { foldTied } from '../../../src/core/sae/fold.ts';
import { toDense, type Latents } from '../../../src/core/sae/latents.ts';
import { SAELENS_FIXTURES, createDictionary, flatten, openFixture, randomNormal, readGolden, worstError } from './helpers.ts';

const ENGINES = { twin: encode, blocked: encodeBlocked };

describe.each(Object.entries(ENGINES))('encoding with the %s', (_, engine) => {
  it.each(SAELENS_FIXTURES)('gives the latents and the reconstruction that SAELens gave for %s', async (name) => {
    const golden = readGolden(name);
    const { dictionary } = await openFixture(name);
    const x = flatten(golden.x);
    const latents = engine(dictionary, x);
    expect(worstError(toDense(latents), golden.f.flat())).toBeLessThanOrEqual(1);
    expect(latents.values.length).toBe(golden.f.flat().filter((v) => v !== 0).length);
    expect(worstError(decode(dictionary, latents, { x }), golden.xhat.flat())).toBeLessThanOrEqual(1);
  });

  it.each(SAELENS_FIXTURES)('gives each row of %s the same alone as among others', async (name) => {
    const golden = readGolden(name);
    const { dictionary } = await openFixture(name);
    for (const [r, row] of golden.x.entries()) {
      expect(worstError(toDense(engine(dictionary, flatten([row]))), golden.f[r])).toBeLessThanOrEqual(1);
    }
  });

  it('gives no rows for no rows', () => {
    const dictionary = createDictionary({ architecture: 'standard' });
    expect(engine(dictionary, new Float32Array(0))).toMatchObject({ rows: new Uint32Array([0]), latents: new Uint32Array(0), d_sae: 64 });
    expect(decode(dictionary, engine(dictionary, new Float32Array(0)))).toHaveLength(0);
  });

  it('refuses rows of another width and numbers that are not finite', () => {
    const dictionary = createDictionary({ architecture: 'standard' });
    expect(() => engine(dictionary, new Float32Array(17))).toThrow(
      'The dictionary takes rows of 16 numbers; 17 is not a multiple of that.',
    );
    const x = new Float32Array(5 * 16);
    x[3 * 16 + 2] = NaN;
    expect(() => engine(dictionary, x)).toThrow('Row 3 of the activations holds a value that is not finite.');
    x[3 * 16 + 2] = -Infinity;
    expect(() => engine(dictionary, x)).toThrow('Row 3 of the activations holds a value that is not finite.');
  });

  it('keeps a zero row finite under every normalisation', () => {
    for (const normalize_activations of ['none', 'constant_norm_rescale', 'layer_norm', 'expected_average_only_in'] as const) {
      const dictionary = createDictionary({ architecture: 'standard', normalize_activations });
      const decoded = decode(dictionary, engine(dictionary, new Float32Array(16)));
      expect(decoded.every(Number.isFinite), normalize_activations).toBe(true);
    }
  });

  it('gives ties of topk to the lower latent and never keeps a latent that is not positive', () => {
    const dictionary = createDictionary({ architecture: 'topk', d_in: 1, d_out: 1, d_sae: 6, k: 3 });
    dictionary.tensors.W_enc = Float32Array.of(1, 2, 2, -1, 2, 2);
    dictionary.tensors.b_enc = new Float32Array(6);
    expect(toDense(engine(dictionary, Float32Array.of(1)))).toEqual(Float32Array.of(0, 2, 2, 0, 2, 0));
    expect(toDense(engine(dictionary, Float32Array.of(-1)))).toEqual(Float32Array.of(0, 0, 0, 1, 0, 0));
  });

  it('compares with thresholds strictly, and with 0 where a threshold is negative', () => {
    const dictionary = createDictionary({ architecture: 'jumprelu', d_in: 1, d_out: 1, d_sae: 4 });
    dictionary.tensors.W_enc = Float32Array.of(1, 1, 1, -1);
    dictionary.tensors.b_enc = new Float32Array(4);
    dictionary.tensors.threshold = Float32Array.of(0.5, 0.25, -3, -3);
    expect(toDense(engine(dictionary, Float32Array.of(0.5)))).toEqual(Float32Array.of(0, 0.5, 0.5, 0));
  });

  it('reads log_threshold as the logarithm of the threshold', () => {
    const dictionary = createDictionary({ architecture: 'jumprelu', d_in: 1, d_out: 1, d_sae: 2 });
    dictionary.tensors = {
      W_enc: Float32Array.of(1, 1),
      W_dec: Float32Array.of(1, 1),
      b_enc: new Float32Array(2),
      b_dec: new Float32Array(1),
      log_threshold: Float32Array.of(Math.log(0.4), Math.log(0.6)),
    };
    expect(toDense(engine(dictionary, Float32Array.of(0.5)))).toEqual(Float32Array.of(0.5, 0));
  });
});

/** Setting of reference/sae-libraries.md A9, by its formulas. */
function createA9(architecture: Architecture, o: Partial<Dictionary['config']> = {}): Dictionary {
  const dictionary = createDictionary({ architecture, d_in: 4, d_out: 4, d_sae: 6, ...o });
  const W_enc = Float32Array.from({ length: 24 }, (_, at) => (((3 * Math.floor(at / 6) + 5 * (at % 6)) % 7) - 3) / 4);
  const W_dec = Float32Array.from({ length: 24 }, (_, at) => (((2 * Math.floor(at / 4) + 3 * (at % 4) + 1) % 7) - 3) / 4);
  const b_enc = Float32Array.from({ length: 6 }, (_, j) => ((j % 3) - 1) / 8);
  const b_dec = Float32Array.from({ length: 4 }, (_, i) => (2 * (i % 2) - 1) / 8);
  const threshold = Float32Array.of(0, 0.75, 0.5, 0.25, 0, 0.75);
  const turned = Float32Array.from({ length: 24 }, (_, at) => W_enc[(at % 4) * 6 + Math.floor(at / 4)]);
  if (architecture === 'tied') dictionary.tensors = { W_dec: turned, b_enc };
  else if (architecture === 'gated') {
    const r_mag = Float32Array.from([0, 1, 0, 1, 0, 1], (v) => v * Math.LN2);
    dictionary.tensors = { W_enc, W_dec, b_dec, b_gate: b_enc, b_mag: threshold.map((t) => t - 0.25), r_mag };
  } else dictionary.tensors = { W_enc, W_dec, b_enc, b_dec, ...(architecture === 'jumprelu' && { threshold }) };
  return dictionary;
}

const A9_X = Float32Array.from({ length: 8 }, (_, at) => (((2 * Math.floor(at / 4) + 3 * (at % 4) + 1) % 5) - 2) / 2);

describe('the worked example of the format reference', () => {
  const subtracts = { apply_b_dec_to_input: true };
  const norm = (normalize_activations: Normalisation) => ({ ...subtracts, normalize_activations });
  it.each([
    [
      'standard',
      createA9('standard', subtracts),
      [0.53125, 0.25, 0.1875, 0.1875, 0.125, 0, 0.28125, 1, 0, 0, 1.25, 0.65625],
      [-0.46875, 0.414062, -0.460938, 0.09375, -0.414062, 1.078125, -1.210938, 1.429688],
    ],
    [
      'standard without b_dec on the input',
      createA9('standard'),
      [0.5, 0, 0.375, 0.375, 0, 0, 0.25, 0.75, 0, 0, 1, 0.625],
      [-0.46875, 0.0625, -0.125, -0.25, -0.34375, 0.78125, -1, 1.21875],
    ],
    [
      'constant_norm_rescale',
      createA9('standard', norm('constant_norm_rescale')),
      [0.739583, 0.25, 0.270833, 0.354167, 0.083333, 0, 0.518622, 1.474745, 0, 0, 1.882993, 0.972747],
      [-0.484375, 0.302734, -0.337891, -0.015625, -0.374694, 0.963048, -1.117059, 1.263129],
    ],
    [
      'layer_norm',
      createA9('standard', norm('layer_norm')),
      [0.601571, 0.176808, 0.37665, 0.12665, 0.176808, 0, 0.584012, 1.605523, 0, 0, 1.605523, 0.834012],
      [-0.446626, 0.138072, -0.568722, -0.173283, -0.143678, 1.316618, -0.890691, 1.511722],
    ],
    [
      'jumprelu',
      createA9('jumprelu', subtracts),
      [0.53125, 0, 0, 0, 0.125, 0, 0.28125, 1, 0, 0, 1.25, 0],
      [-0.421875, 0.320312, -0.585938, 0.15625, -0.578125, 1.570312, -1.210938, 0.9375],
    ],
    [
      'topk',
      createA9('topk', { ...subtracts, k: 2 }),
      [0.53125, 0.25, 0, 0, 0, 0, 0, 1, 0, 0, 1.25, 0],
      [-0.390625, 0.445312, -0.585938, 0.25, -0.4375, 1.5, -1, 0.9375],
    ],
    [
      'topk in decoder norm units',
      createA9('topk', { ...subtracts, k: 2, rescale_acts_by_decoder_norm: true }),
      [0.496939, 0.233854, 0, 0, 0, 0, 0, 0.935414, 0, 0, 0.988212, 0],
      [-0.390625, 0.445312, -0.585938, 0.25, -0.4375, 1.5, -1, 0.9375],
    ],
    [
      'gated',
      createA9('gated', subtracts),
      [0.40625, 1, 0.3125, 0.625, 0, 0, 0.15625, 2.5, 0, 0, 1, 1.5625],
      [-0.640625, 0.820312, -0.132812, 0.234375, -0.0625, 1.367188, -1.367188, 2.796875],
    ],
    [
      'tied',
      createA9('tied'),
      [0.448539, 0, 0.392261, 0.409522, 0, 0, 0.219124, 0.707107, 0, 0, 0.942809, 0.583831],
      [-0.527605, 0.423958, -0.124479, 0.10677, 0.983129, -0.957376, 0.761922, -0.592895],
    ],
  ] as [string, Dictionary, number[], number[]][])('%s', (_, dictionary, f, xhat) => {
    for (const engine of Object.values(ENGINES)) {
      const latents = engine(dictionary, A9_X);
      expect(worstError(toDense(latents), f)).toBeLessThanOrEqual(1);
      expect(worstError(decode(dictionary, latents), xhat)).toBeLessThanOrEqual(1);
    }
  });
});

describe('the blocked encoder', () => {
  const shapes = [
    { d_in: 7, d_sae: 65, n: 9 },
    { d_in: 16, d_sae: 1, n: 3 },
    { d_in: 33, d_sae: 130, n: 67 },
    { d_in: 1, d_sae: 3, n: 2 },
  ];
  const architectures: Architecture[] = ['tied', 'standard', 'topk', 'jumprelu', 'gated', 'batchtopk'];
  it.each(architectures.flatMap((architecture) => shapes.map((shape) => ({ architecture, ...shape }))))(
    'agrees with the twin on $architecture $d_in × $d_sae, $n rows',
    ({ architecture, d_in, d_sae, n }) => {
      const dictionary = createDictionary({
        architecture,
        d_in,
        d_out: d_in,
        d_sae,
        k: Math.min(5, d_sae),
        rescale_acts_by_decoder_norm: true,
        apply_b_dec_to_input: architecture !== 'tied',
      });
      const x = randomNormal(createRandom(n), n * d_in);
      expectSameLatents(encodeBlocked(dictionary, x), encode(dictionary, x));
    },
  );

  it('agrees with the twin when a dictionary is too wide for its block', () => {
    const d_sae = BLOCK_VALUES / 2 + 3;
    const dictionary = createDictionary({ architecture: 'topk', d_in: 2, d_out: 2, d_sae, k: 7 });
    const x = randomNormal(createRandom(3), 2 * 6);
    expectSameLatents(encodeBlocked(dictionary, x), encode(dictionary, x));
  });
});

describe('scales and shifts', () => {
  it('takes the same latents and reconstruction from scaled rows as expected_average_only_in states', () => {
    const plain = createDictionary({ architecture: 'standard', apply_b_dec_to_input: true });
    const scaled: Dictionary = {
      ...plain,
      config: { ...plain.config, normalize_activations: 'expected_average_only_in', activation_scale: 0.25 },
    };
    const x = randomNormal(createRandom(5), 3 * 16, 4);
    const quarter = x.map((v) => v / 4);
    expect(toDense(encode(scaled, x))).toEqual(toDense(encode(plain, quarter)));
    expect(
      worstError(
        decode(scaled, encode(scaled, x)),
        decode(plain, encode(plain, quarter)).map((v) => v * 4),
      ),
    ).toBeLessThanOrEqual(1);
  });

  it('estimates the scale as √d over the mean norm', () => {
    expect(estimateActivationScale(Float32Array.of(3, 4, 0, 5, 0, 0), 2)).toBeCloseTo(Math.SQRT2 / (10 / 3), 12);
    expect(estimateActivationScale(new Float32Array(4), 2)).toBe(1);
  });

  it('removes the mean of each row and puts it back for a dictionary of a centred stream', () => {
    const plain = createDictionary({ architecture: 'standard', apply_b_dec_to_input: true });
    const centred: Dictionary = { ...plain, config: { ...plain.config, centred: true } };
    const x = randomNormal(createRandom(6), 4 * 16);
    const means = Array.from({ length: 4 }, (_, r) => x.subarray(r * 16, r * 16 + 16).reduce((a, b) => a + b) / 16);
    const moved = x.map((v, at) => v - means[Math.floor(at / 16)]);
    const latents = encode(centred, x);
    expect(worstError(toDense(latents), toDense(encode(plain, moved)))).toBeLessThanOrEqual(1);
    const expected = decode(plain, encode(plain, moved)).map((v, at) => v + means[Math.floor(at / 16)]);
    expect(worstError(decode(centred, latents), expected)).toBeLessThanOrEqual(1);
  });

  it('multiplies decoder rows by scaling_factor, as old fine-tuned files ask', () => {
    const plain = createDictionary({ architecture: 'standard' });
    const tuned: Dictionary = { ...plain, tensors: { ...plain.tensors, scaling_factor: new Float32Array(64).fill(2) } };
    const x = randomNormal(createRandom(7), 16);
    const latents = encode(plain, x);
    expect(toDense(encode(tuned, x))).toEqual(toDense(latents));
    const b = plain.tensors.b_dec!;
    const expected = decode(plain, latents).map((v, i) => b[i] + 2 * (v - b[i]));
    expect(worstError(decode(tuned, latents), expected)).toBeLessThanOrEqual(1);
  });
});

describe('the tied form', () => {
  it('computes the same however long its rows are', () => {
    const dictionary = createDictionary({ architecture: 'tied' });
    const longer: Dictionary = { ...dictionary, tensors: { ...dictionary.tensors, W_dec: dictionary.tensors.W_dec!.map((v) => v * 3) } };
    const x = randomNormal(createRandom(8), 5 * 16);
    const latents = encode(dictionary, x);
    expect(worstError(toDense(encode(longer, x)), toDense(latents))).toBeLessThanOrEqual(1);
    expect(worstError(decode(longer, latents), decode(dictionary, latents))).toBeLessThanOrEqual(1);
  });

  it('computes the same once folded to the standard form, its scale included, and is still known as tied', () => {
    const dictionary = createDictionary({ architecture: 'tied', activation_scale: 0.06 });
    const folded = foldTied(dictionary);
    const x = randomNormal(createRandom(9), 5 * 16, 20);
    const latents = encode(dictionary, x);
    expect(worstError(toDense(encode(folded, x)), toDense(latents))).toBeLessThanOrEqual(1);
    expect(worstError(decode(folded, latents), decode(dictionary, latents))).toBeLessThanOrEqual(1);
    expect([isTied(dictionary), isTied(folded)]).toEqual([true, true]);
    expect(isTied(createDictionary({ architecture: 'standard' }))).toBe(false);
  });

  it('reads 0 for a latent whose c·d was subtracted', () => {
    const dictionary = createDictionary({ architecture: 'tied', activation_scale: 0.5 });
    const x = randomNormal(createRandom(10), 16, 3);
    const { latents, values } = encode(dictionary, x);
    expect(latents.length).toBeGreaterThan(5);
    for (const [e, latent] of latents.entries()) {
      const { dec } = vectors(dictionary, latent);
      const bias = dictionary.tensors.b_enc![latent];
      const after = toDense(
        encode(
          dictionary,
          x.map((v, i) => v - values[e] * dec[i]),
        ),
      );
      // p becomes exactly 0; rounding may leave a little above it.
      expect(Math.abs(after[latent]), `latent ${latent}, bias ${bias}`).toBeLessThan(1e-6);
    }
  });
});

describe('decoding', () => {
  it('asks a skip transcoder for the raw rows and adds their linear map', () => {
    const dictionary = createDictionary({ architecture: 'skip_transcoder', d_out: 5 });
    const x = randomNormal(createRandom(11), 2 * 16);
    const latents = encode(dictionary, x);
    expect(() => decode(dictionary, latents)).toThrow('A skip transcoder adds a linear map of its input: give the raw rows as x.');
    expect(() => decode(dictionary, latents, { x: x.subarray(1) })).toThrow(
      'x must hold the 2 rows of 16 numbers that were encoded, 32 in all; it has 31.',
    );
    const { W_skip, ...others } = dictionary.tensors;
    const without = decode({ config: { ...dictionary.config, architecture: 'transcoder' }, tensors: others }, latents);
    const skip = Float32Array.from({ length: 10 }, (_, at) => {
      const [r, o] = [Math.floor(at / 5), at % 5];
      return Array.from({ length: 16 }, (_, i) => W_skip![o * 16 + i] * x[r * 16 + i]).reduce((a, b) => a + b);
    });
    expect(
      worstError(
        decode(dictionary, latents, { x }),
        without.map((v, at) => v + skip[at]),
      ),
    ).toBeLessThanOrEqual(1);
  });

  it('is the sum of value times dec over active latents plus what no latents give', () => {
    for (const architecture of ['tied', 'standard', 'topk', 'gated', 'batchtopk'] as const) {
      const dictionary = createDictionary({
        architecture,
        k: 9,
        rescale_acts_by_decoder_norm: true,
        ...(architecture === 'tied' && { activation_scale: 2 }),
      });
      const latents = encode(dictionary, randomNormal(createRandom(12), 16));
      const sum = Float64Array.from(
        decode(dictionary, { ...latents, rows: Uint32Array.of(0, 0), latents: new Uint32Array(0), values: new Float32Array(0) }),
      );
      for (const [e, latent] of latents.latents.entries())
        vectors(dictionary, latent).dec.forEach((v, i) => (sum[i] += v * latents.values[e]));
      expect(worstError(decode(dictionary, latents), sum), architecture).toBeLessThanOrEqual(1);
    }
  });

  it('gives enc and b_enc from which a value can be computed by hand', () => {
    for (const architecture of ['tied', 'standard', 'topk', 'gated'] as const) {
      const dictionary = createDictionary({
        architecture,
        k: 64,
        rescale_acts_by_decoder_norm: true,
        ...(architecture === 'tied' && { activation_scale: 2 }),
      });
      const x = randomNormal(createRandom(13), 16);
      const dense = toDense(encode(dictionary, x));
      for (const [latent, value] of dense.entries()) {
        if (value === 0) continue;
        const { enc, b_enc } = vectors(dictionary, latent);
        expect(worstError([x.reduce((sum, v, i) => sum + v * enc[i], b_enc)], [value]), `${architecture} ${latent}`).toBeLessThanOrEqual(1);
      }
    }
  });

  it('refuses latents that do not fit', () => {
    const dictionary = createDictionary({ architecture: 'standard' });
    const latents = encode(dictionary, randomNormal(createRandom(14), 2 * 16));
    const wrong = (change: Partial<Latents>) => () => decode(dictionary, { ...latents, ...change });
    expect(wrong({ d_sae: 65 })).toThrow('These latents belong to a dictionary of 65 latents; this one has 64.');
    expect(wrong({ rows: Uint32Array.of(0, 3) })).toThrow('rows must begin with 0 and end with the length');
    expect(wrong({ rows: Uint32Array.of(0, latents.values.length + 1, latents.values.length) })).toThrow('rows falls after entry 1');
    expect(wrong({ latents: latents.latents.map(() => 64) })).toThrow('There is no latent 64; the dictionary has 64.');
    expect(wrong({ scale: new Float32Array(1) })).toThrow('2 rows, but 1 values in scale or shift');
    expect(() => vectors(dictionary, 64)).toThrow('There is no latent 64; the dictionary has 64, counted from 0.');
    expect(() => vectors(dictionary, 1.5)).toThrow('There is no latent 1.5');
  });
});

function expectSameLatents(a: Latents, b: Latents): void {
  expect(a.rows).toEqual(b.rows);
  expect(a.latents).toEqual(b.latents);
  expect(worstError(a.values, b.values)).toBeLessThanOrEqual(1);
}
