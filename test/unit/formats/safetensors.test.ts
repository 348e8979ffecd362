import { describe, expect, test } from 'vitest';
import { readSafetensors, readSafetensorsHeader } from '../../../src/core/formats/safetensors.ts';
import { createParameters } from '../../../src/core/lm/parameters.ts';
import {
  buildSafetensors,
  createRandom,
  createRecorder,
  fixtureBlob,
  fixtureConfig,
  outcome,
  readAll,
  readFixture,
  refusal,
} from './helpers.ts';

const config = fixtureConfig('tiny-neox');
const open = async (blob: Blob) => readAll(createParameters(config, await readSafetensors(blob)));
const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({ dtype, shape, data_offsets: [begin, end] });
const refuse = (header: unknown, bytes = 0) => refusal(() => readSafetensorsHeader(buildSafetensors(header, new Uint8Array(bytes))));

describe('the header', () => {
  test('lists every tensor with its place in the file', async () => {
    const entries = await readSafetensorsHeader(fixtureBlob('tiny-neox/model_unaligned.safetensors'));
    expect(entries).toHaveLength(41);
    expect(entries[0]).toMatchObject({ length: 1 });
    expect(entries.filter(({ dtype }) => dtype === 'F32').every(({ offset }) => offset % 2 === 1)).toBe(true);
    expect(entries.find(({ name }) => name === 'embed_out.weight')).toMatchObject({ dtype: 'F32', shape: [300, 32], length: 38_400 });
  });

  test('tensors that are no weights are listed, not refused', async () => {
    const { tensors, unusable } = await readSafetensors(fixtureBlob('tiny-neox/model_fp16.safetensors'));
    expect(unusable?.get('gpt_neox.layers.0.attention.bias')).toBe('U8');
    expect(tensors.get('gpt_neox.embed_in.weight')).toMatchObject({ dtype: 'F16', shape: [300, 32], transposed: false });
  });

  test('a name such as __proto__ is a name like any other', async () => {
    const header = `{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"constructor":{"dtype":"U8","shape":[],"data_offsets":[4,5]}}`;
    const { tensors, unusable } = await readSafetensors(buildSafetensors(header, new Uint8Array(5)));
    expect([...tensors.keys()]).toEqual(['__proto__']);
    expect(unusable?.get('constructor')).toBe('U8');
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  test('is not read where it is longer than the file or the cap', async () => {
    const lengths: [bigint, RegExp][] = [
      [2n ** 63n, /not a safetensors file: its first eight bytes give a header of/],
      [100_000_001n, /header of 100000001 bytes/],
      [99_999_999n, /ends inside its header/],
      [0n, /header of 0 bytes/],
    ];
    for (const [length, sentence] of lengths) {
      const bytes = new Uint8Array(64);
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      const { blob, sizes } = createRecorder(new Blob([bytes]));
      expect(await refusal(() => readSafetensorsHeader(blob))).toMatch(sentence);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(64);
    }
  });
});

describe('headers that lie', () => {
  test.each([
    ['a header that is a list', [1], /does not begin with "{"/],
    ['a header that is not JSON', '{"a":', /is not valid JSON/],
    ['an entry that is no object', { a: 3 }, /its entry is not a JSON object/],
    ['an unknown dtype', { a: entry('F31', [1], 0, 4) }, /number format "F31" is unknown/],
    ['a dtype from the prototype', { a: entry('toString', [1], 0, 4) }, /number format "toString" is unknown/],
    ['no dtype', { a: { shape: [1], data_offsets: [0, 4] } }, /number format missing is unknown/],
    ['a fractional shape', { a: entry('F32', [0.5, 2], 0, 4) }, /its shape is not a list of whole numbers/],
    ['a negative shape', { a: entry('F32', [-1, -1], 0, 4) }, /its shape is not a list of whole numbers/],
    ['a shape of text', { a: entry('F32', ['1'], 0, 4) }, /its shape is not a list of whole numbers/],
    ['a shape that overflows', { a: entry('F32', [2 ** 52, 2 ** 52], 0, 4) }, /needs \S+ bytes, but its offsets span 4/],
    ['a length that does not fit the shape', { a: entry('F32', [2], 0, 4) }, /shape \[2\] of F32 needs 8 bytes, but its offsets span 4/],
    ['falling offsets', { a: entry('F32', [1], 4, 0) }, /not two rising whole numbers/],
    ['three offsets', { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 4] } }, /not two rising whole numbers/],
    ['offsets past the end', { a: entry('F32', [2], 0, 8) }, /the file has \d+\. It was probably cut off/],
    ['overlap', { a: entry('F32', [1], 0, 4), b: entry('F32', [1], 0, 4) }, /tensor b overlaps another/],
    ['a gap', { a: entry('U8', [1], 0, 1), b: entry('U8', [1], 3, 4) }, /2 bytes before tensor b belong to no tensor/],
    ['bytes left over', { a: entry('U8', [1], 0, 1) }, /3 bytes at its end belong to no tensor/],
    [
      'a name given twice',
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
      /a name may be given twice/,
    ],
    ['deep nesting', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /nested more than 100 levels/],
  ])('%s is refused', async (_, header, sentence) => {
    const text = typeof header === 'string' ? header : JSON.stringify(header);
    expect(await refuse(text, 4)).toMatch(sentence);
  });

  test('a web page, an LFS pointer and nothing at all are recognised', async () => {
    expect(await refusal(() => readSafetensors(new Blob(['\n<!doctype html><html lang="en">'])))).toBe(
      'The server sent a web page where model.safetensors should be. Check the address, or download the file again.',
    );
    expect(await refusal(() => readSafetensors(new Blob(['version https://git-lfs.github.com/spec/v1\n'])))).toMatch(
      /is a Git LFS pointer/,
    );
    expect(await refusal(() => readSafetensors(new Blob([])))).toBe('model.safetensors is empty. Copy or download it again.');
    expect(await refusal(() => readSafetensors(new Blob(['abc'])))).toMatch(/has only 3 bytes/);
  });
});

describe('damaged files', () => {
  const bytes = readFixture('tiny-neox/model.safetensors');

  test('every truncation is refused in a sentence', async () => {
    const cuts = [
      0,
      1,
      7,
      8,
      9,
      10,
      100,
      ...Array.from({ length: 200 }, (_, i) => Math.floor(((i + 1) * bytes.length) / 201)),
      bytes.length - 1,
    ];
    for (const cut of cuts) expect(await outcome(() => open(new Blob([bytes.subarray(0, cut)])))).toMatch(/cut off|too few|is empty/);
  });

  test('mutated headers give a result or a sentence, nothing else', async () => {
    const random = createRandom(3);
    const headerEnd = 8 + new DataView(bytes.buffer).getUint32(0, true);
    const seen = new Set<string>();
    for (let round = 0; round < 400; round++) {
      const copy = bytes.slice();
      for (let k = 0; k <= round / 100; k++) {
        const at = round % 10 === 0 ? Math.floor(random() * 8) : Math.floor(random() * headerEnd);
        copy[at] = round % 2 ? Math.floor(random() * 256) : '0123456789"{}[],:-eF'.charCodeAt(Math.floor(random() * 20));
      }
      seen.add((await outcome(() => open(new Blob([copy])))).replace(/[\d ].*/, ''));
    }
    expect(seen.size).toBeGreaterThan(2);
  });
});
