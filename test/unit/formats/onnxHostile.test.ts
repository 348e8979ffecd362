import { describe, expect, test } from 'vitest';
import { readOnnxCheckpoint } from '../../../src/core/formats/onnx/checkpoint.ts';
import type { ModelConfig } from '../../../src/core/lm/config.ts';
import { createParameters } from '../../../src/core/lm/parameters.ts';
import { createRandom, createRecorder, fixtureConfig, outcome, readAll, readFixture, refusal } from './helpers.ts';
import { bytesField, intField, mapGraph, mapTensors, nodeField, readFields, textField, writeFields, type RawField } from './onnxBuilder.ts';

const config = fixtureConfig('tiny-neox');
const model = readFixture('tiny-neox/onnx/model.onnx');

const open = async (blob: Blob, with_: ModelConfig = config) => readAll(createParameters(with_, await readOnnxCheckpoint(blob, with_)));

describe('damaged ONNX files', () => {
  test('every truncation is refused in a sentence', async () => {
    const cuts = [
      1,
      2,
      3,
      5,
      8,
      13,
      50,
      100,
      1000,
      ...Array.from({ length: 150 }, (_, i) => Math.floor(((i + 1) * model.length) / 151)),
      model.length - 1,
    ];
    for (const cut of cuts) expect(await outcome(() => open(new Blob([model.subarray(0, cut)])))).toMatch(/ (is|are) .*\.$/);
    expect(await refusal(() => open(new Blob([])))).toBe('model.onnx is empty. Copy or download it again.');
    expect(await refusal(() => open(new Blob([model.subarray(0, model.length / 2)])))).toMatch(
      /^model\.onnx is not a readable ONNX file: at byte \d+ it announces \d+ bytes where \d+ are left\. It may be damaged or cut off/,
    );
  });

  test('mutated bytes give a result or a sentence, nothing else', async () => {
    const random = createRandom(1);
    const seen = new Set<string>();
    for (const [file, rounds] of [
      ['model_external', 100],
      ['model_floatdata', 80],
      ['decoder_model_merged', 25],
    ] as const) {
      const bytes = readFixture(`tiny-neox/onnx/${file}.onnx`);
      for (let round = 0; round < rounds; round++) {
        const copy = bytes.slice();
        for (let k = 0; k < 1 + round / 20; k++) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
        seen.add((await outcome(() => open(new Blob([copy])))).slice(0, 30));
      }
    }
    expect(seen.size).toBeGreaterThan(3);
  });

  test('noise and text are refused', async () => {
    const random = createRandom(2);
    for (let round = 0; round < 200; round++) {
      const noise = Uint8Array.from({ length: 1 + Math.floor(random() * 400) }, () => Math.floor(random() * 256));
      expect(await outcome(() => open(new Blob([noise])))).not.toBe('ok');
    }
    expect(await refusal(() => open(new Blob(['<!DOCTYPE html><title>404</title>'])))).toBe(
      'The server sent a web page where model.onnx should be. Check the address, or download the file again.',
    );
    expect(await refusal(() => open(new Blob(['version https://git-lfs.github.com/spec/v1\noid sha256:0'])))).toMatch(/Git LFS pointer/);
  });

  test('a length of 2^60 allocates nothing', async () => {
    const huge = Uint8Array.from([0x3a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 1, 2, 3]);
    const { blob, sizes } = createRecorder(new Blob([huge]));
    expect(await refusal(() => readOnnxCheckpoint(blob, config))).toMatch(/announces 1152921504606847000 bytes where 3 are left/);
    expect(Math.max(...sizes)).toBeLessThan(100);
  });
});

describe('graphs that lie', () => {
  const isNode = (f: RawField) => f.number === 1;

  test('a cycle or a missing producer is refused', async () => {
    const cycle = mapGraph(model, (graph) => [nodeField('Add', ['b'], ['a']), nodeField('Add', ['a'], ['b']), ...graph]);
    expect(await refusal(() => open(cycle))).toBe('model.onnx is damaged: its Add node reads "b", which nothing before it produces.');
    const orphan = mapGraph(model, (graph) => [nodeField('Relu', ['nowhere'], ['x']), ...graph]);
    expect(await refusal(() => open(orphan))).toContain('reads "nowhere", which nothing before it produces');
    const reversed = mapGraph(model, (graph) => [...graph.filter(isNode).reverse(), ...graph.filter((f) => !isNode(f))]);
    expect(await refusal(() => open(reversed))).toContain('which nothing before it produces');
  });

  test('two values of one name are refused', async () => {
    const twice = mapGraph(model, (graph) => [...graph, nodeField('Relu', ['input_ids'], ['logits'])]);
    expect(await refusal(() => open(twice))).toBe('model.onnx is damaged: two of its nodes or weights are called "logits".');
  });

  test('a long chain of Identity nodes does no harm', async () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => nodeField('Identity', [i === 0 ? 'input_ids' : `c${i - 1}`], [`c${i}`]));
    expect(await outcome(() => open(mapGraph(model, (graph) => [...chain, ...graph])))).toBe('ok');
  });

  test('sub-graphs nested without end are refused', async () => {
    let inner = writeFields([]);
    for (let i = 0; i < 50; i++) {
      const attribute = writeFields([textField(1, 'then_branch'), bytesField(6, inner)]);
      inner = writeFields([bytesField(1, writeFields([textField(4, 'If'), bytesField(5, attribute)]))]);
    }
    const blob = new Blob([writeFields([bytesField(7, inner)]) as Uint8Array<ArrayBuffer>]);
    expect(await refusal(() => open(blob))).toContain('nested more than 8 deep');
  });

  test('a graph of millions of empty nodes is refused before it fills the memory', async () => {
    const blob = new Blob([
      writeFields([
        bytesField(
          7,
          new Uint8Array(2_000_000).map((_, i) => (i % 2 === 0 ? 0x0a : 0)),
        ),
      ]) as Uint8Array<ArrayBuffer>,
    ]);
    expect(await refusal(() => open(blob))).toContain('too large to be a language model');
  });

  test.each([
    ['a negative size', [-1, 32]],
    ['an absurd size', [2 ** 50, 2 ** 50]],
    ['another size', [31]],
    ['seventeen dimensions', Array<number>(17).fill(1)],
  ])('a weight with %s is refused', async (_, dims) => {
    const blob = mapTensors(model, (fields, name) =>
      name === 'gpt_neox.layers.1.input_layernorm.bias'
        ? [...dims.map((d) => intField(1, d)), ...fields.filter((f) => f.number !== 1)]
        : fields,
    );
    expect(await outcome(() => open(blob))).not.toBe('ok');
  });

  test('a weight whose bytes do not fit its shape is refused by name', async () => {
    const blob = mapTensors(model, (fields, name) =>
      name === 'gpt_neox.layers.1.input_layernorm.bias'
        ? fields.map((f) => (f.number === 9 ? bytesField(9, f.bytes.subarray(4)) : f))
        : fields,
    );
    expect(await refusal(() => open(blob))).toBe(
      'gpt_neox.layers.1.input_layernorm.bias has shape [32], which needs 128 bytes, but the file stores 124.',
    );
  });

  test('external locations outside the drop find nothing', async () => {
    const external = readFixture('tiny-neox/onnx/model_external.onnx');
    expect(readFields(external).length).toBeGreaterThan(0);
    const asked: string[] = [];
    const evil = mapTensors(external, (fields) => fields.map((f) => (f.number === 13 ? bytesField(13, rename(f.bytes)) : f)));
    const lookup = (location: string) => void asked.push(location);
    expect(await refusal(() => readOnnxCheckpoint(evil, config, 'model.onnx', lookup))).toContain(
      '"../../etc/passwd", which was not given',
    );
    expect(asked).toEqual(['../../etc/passwd']);
  });

  function rename(entry: Uint8Array): Uint8Array {
    const fields = readFields(entry);
    const key = new TextDecoder().decode(fields[0].bytes);
    return key === 'location' ? writeFields([fields[0], textField(2, '../../etc/passwd')]) : entry;
  }
});
