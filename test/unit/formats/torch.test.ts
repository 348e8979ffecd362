import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { isContiguous, isObject, readTorch, transpose, type TorchTensor } from '../../../src/core/formats/torch/index.ts';
import { widen } from '../../../src/core/lm/weightLayout.ts';
import { archive, blobOf, counting, DICTIONARIES, gather, listTensors, op, readBytesOf } from './torchHelpers.ts';
import { createRecorder, FIXTURES, refusal } from './helpers.ts';

interface GoldenTensor {
  dtype: string;
  shape: number[];
  stride?: number[];
  offset?: number;
  sum: number;
  first: number[];
}
interface Golden {
  tensors?: Record<string, GoldenTensor>;
  dicts?: { class: string; hyperparameters: Record<string, number>; tensors: Record<string, GoldenTensor> }[];
}

const DTYPES: Record<string, string> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16', float64: 'F64', int32: 'I32', int64: 'I64' };

async function numbersOf(tensor: TorchTensor): Promise<number[]> {
  const bytes = await gather(tensor);
  if (tensor.dtype === 'I64') return [...new BigInt64Array(bytes.buffer)].map(Number);
  if (tensor.dtype === 'I32') return [...new Int32Array(bytes.buffer)];
  if (tensor.dtype === 'F64') return [...new Float64Array(bytes.buffer)];
  const values = new Float32Array(tensor.shape.reduce((n, size) => n * size, 1));
  widen(bytes, tensor.dtype as 'F32' | 'F16' | 'BF16', values);
  return [...values];
}

async function expectGolden(tensor: TorchTensor | undefined, golden: GoldenTensor, name: string): Promise<void> {
  expect(tensor, name).toMatchObject({ dtype: DTYPES[golden.dtype], shape: golden.shape });
  if (golden.stride) expect(tensor!.strides, name).toEqual(golden.stride);
  if (golden.offset) expect(tensor!.offset, name).toBe(golden.offset);
  const values = await numbersOf(tensor!);
  expect(values.slice(0, golden.first.length), name).toEqual(golden.first);
  expect(Math.abs(values.reduce((a, b) => a + b, 0) - golden.sum), name).toBeLessThan(1e-9 * Math.max(1, Math.abs(golden.sum)));
}

const LIBRARY = [
  ...['AutoEncoder', 'AutoEncoder-legacy-container', 'AutoEncoder-normalize_activations', 'AutoEncoderNew', 'AutoEncoderTopK'],
  ...['BatchTopKSAE', 'BatchTopKSAE-threshold-unset', 'GatedAutoEncoder', 'JumpReluAutoEncoder', 'MatryoshkaBatchTopKSAE'],
].map((name): [string, string] => [`dictionary_learning/${name}/ae.pt`, `dictionary_learning/${name}/golden.json`]);
const SINGLE: [string, string][] = [
  ...LIBRARY,
  ['1L-sae/25.pt', '1L-sae/golden.json'],
  ...['relu', 'topk', 'topk-extra-keys'].map((name): [string, string] => [`openai/${name}.pt`, `openai/${name}.golden.json`]),
];
const golden = (path: string) => JSON.parse(readFileSync(join(DICTIONARIES, path), 'utf8')) as Golden;
const open = (path: string) => readTorch(blobOf(readBytesOf(DICTIONARIES, path)), path);

describe('files of the real libraries', () => {
  it.each(SINGLE)('%s holds the golden tensors', async (path, goldenPath) => {
    const tensors = new Map(listTensors(await open(path)));
    const wanted = Object.entries(golden(goldenPath).tensors!);
    expect(wanted.length).toBeGreaterThan(3);
    for (const [name, values] of wanted) await expectGolden(tensors.get(name), values, name);
  });

  it('a backup of a run holds its settings and the weights below "ae"', async () => {
    const value = await open('dictionary_learning/backup-of-a-run/ae.pt');
    expect(value).toBeInstanceOf(Map);
    expect((value as Map<string, unknown>).get('step')).toBe(200);
    const tensors = new Map(listTensors(value));
    for (const [name, values] of Object.entries(golden('dictionary_learning/backup-of-a-run/golden.json').tensors!)) {
      await expectGolden(tensors.get(`ae.${name}`), values, name);
    }
  });

  it.each(['tied', 'tied-centred', 'untied'])('sparse_coding %s: every object with its attributes and settings', async (kind) => {
    const list = (await open(`sparse_coding/${kind}/learned_dicts.pt`)) as unknown[][];
    const { dicts } = golden(`sparse_coding/${kind}/golden.json`);
    expect(list.length).toBe(dicts!.length);
    for (const [i, wanted] of dicts!.entries()) {
      const [object, settings] = list[i] as [never, Map<string, unknown>];
      expect(isObject(object)).toBe(true);
      expect((object as { className: string }).className).toBe(wanted.class);
      for (const [key, value] of Object.entries(wanted.hyperparameters)) expect(settings.get(key), key).toEqual(value);
      const tensors = new Map(listTensors(object));
      for (const [name, values] of Object.entries(wanted.tensors)) await expectGolden(tensors.get(name), values, `${i} ${name}`);
    }
  });

  it.each(['pytorch_model.bin', 'pytorch_model_prezip.bin'])('%s: only its ends and short headers are read to open it', async (name) => {
    const { blob, sizes } = createRecorder(blobOf(readBytesOf(FIXTURES, 'tiny-neox', name)));
    const value = await readTorch(blob, name);
    const tensors = listTensors(value);
    expect(tensors.length).toBe(49);
    expect(tensors.some(([, { dtype }]) => dtype === 'U8')).toBe(true);
    // The old container does not say where its pickles end, so that one is read from the front.
    if (name === 'pytorch_model.bin') expect(Math.max(...sizes)).toBeLessThanOrEqual(22 + 65_535);
  });
});

describe('values', () => {
  const read = (body: number[], storages = {}) => readTorch(archive(op.whole(body), storages), 'a.pt');

  it('gives every kind of plain value', async () => {
    const float = [0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0];
    const long = (...bytes: number[]) => [0x8a, bytes.length, ...bytes];
    const value = await read(
      op
        .dict(
          ...[op.text('float'), float, op.text('none'), [0x4e], op.text('yes'), [0x88], op.text('no'), [0x89]],
          ...[op.text('minus'), op.int(-7), op.text('short'), [0x4d, 0xe8, 3], op.text('byte'), [0x4b, 200]],
          ...[op.text('long'), long(0, 0, 0, 0, 1), op.text('minusLong'), long(0xff), op.text('zero'), long()],
          ...[op.text('huge'), long(0, 0, 0, 0, 0, 0, 0, 0, 1), op.text('tuple'), op.tuple(op.int(1), op.text('größe'))],
          ...[op.text('dtype'), op.global('torch', 'bfloat16'), op.text('device')],
          op.bytes(op.global('torch', 'device'), op.tuple(op.text('cuda'), op.int(1)), 0x52),
          ...[
            op.text('size'),
            op.bytes(op.global('torch', 'Size'), op.tuple(op.tuple(op.int(3), op.int(4))), 0x52),
            op.int(5),
            op.text('five'),
          ],
        )
        .map((byte) => byte),
    );
    expect(Object.fromEntries(value as Map<string, unknown>)).toEqual({
      ...{ float: 1.5, none: null, yes: true, no: false, minus: -7, short: 1000, byte: 200 },
      ...{ long: 2 ** 32, minusLong: -1, zero: 0, huge: 2n ** 64n, tuple: [1, 'größe'] },
      ...{ dtype: 'torch.bfloat16', device: 'cuda:1', size: [3, 4], 5: 'five' },
    });
  });

  it('follows protocol 4 as well', async () => {
    const short = (value: string) => op.bytes(0x8c, value.length, value);
    const frame = [0x95, 9, 0, 0, 0, 0, 0, 0, 0];
    const orderedDict = op.bytes(short('collections'), 0x94, short('OrderedDict'), 0x94, 0x93, 0x94, 0x29, 0x52);
    const body = Uint8Array.from([0x80, 4, ...frame, ...orderedDict, 0x94, ...short('k'), 0x68, 0, 0x73, 0x2e]);
    expect(await readTorch(archive(body), 'a.pt')).toEqual(new Map([['k', 'collections']]));
  });

  it('shares one storage among views, and keeps parameters as tensors', async () => {
    const storage = op.storage('FloatStorage', '0', 12);
    const parameter = op.bytes(
      op.global('torch._utils', '_rebuild_parameter'),
      op.tuple(op.tensor(storage, 6, [2, 3], [3, 1]), [0x88], [0x4e]),
      0x52,
    );
    const value = await read(op.dict(op.text('a'), op.tensor(storage, 1, [2, 2], [2, 5]), op.text('b'), parameter), { 0: counting(12) });
    const tensors = new Map(listTensors(value));
    expect(await numbersOf(tensors.get('a')!)).toEqual([1, 6, 3, 8]);
    expect(await numbersOf(tensors.get('b')!)).toEqual([6, 7, 8, 9, 10, 11]);
    expect(await numbersOf(transpose(tensors.get('b')!))).toEqual([6, 9, 7, 10, 8, 11]);
    expect(isContiguous(tensors.get('a')!)).toBe(false);
    expect(isContiguous(tensors.get('b')!)).toBe(true);
  });

  it('ignores what an OrderedDict carries besides its entries', async () => {
    const dict = op.bytes(op.global('collections', 'OrderedDict'), 0x29, 0x52, 0x28, op.text('a'), op.int(1), 0x75);
    expect(await read(op.bytes(dict, op.dict(op.text('_metadata'), op.int(2)), 0x62))).toEqual(new Map([['a', 1]]));
  });

  it('unpacks deflated entries, and checks them', async () => {
    const body = op.whole(op.tensor(op.storage('FloatStorage', '0', 3000), 0, [3000], [1]));
    const value = await readTorch(archive(body, { 0: counting(3000) }, {}, 9), 'a.pt');
    expect((await numbersOf(value as TorchTensor)).slice(-2)).toEqual([2998, 2999]);
  });
});

describe('views', () => {
  it('any strides give what a plain walk gives, for every number size', async () => {
    const random = createRandom(5);
    const whole = (most: number) => Math.floor(random() * most);
    for (let round = 0; round < 60; round++) {
      const shape = Array.from({ length: 1 + whole(4) }, () => 1 + whole(5));
      const strides = shape.map(() => whole(40));
      const offset = whole(10);
      const reach = shape.reduce((at, size, i) => at + (size - 1) * strides[i], offset) + 1;
      const [dtype, bytes] = ([['F32', 4], ['F16', 2], ['U8', 1], ['F64', 8]] as const)[round % 4]; // prettier-ignore
      const data = Uint8Array.from({ length: reach * bytes }, () => whole(256));
      const tensor: TorchTensor = {
        ...{ kind: 'tensor', dtype, shape, strides, offset },
        storage: blobOf(data),
        verify: () => Promise.resolve(),
      };
      const wanted: number[] = [];
      const walk = (at: number, d: number): void => {
        if (d === shape.length) wanted.push(...data.subarray(at * bytes, (at + 1) * bytes));
        else for (let i = 0; i < shape[d]; i++) walk(at + i * strides[d], d + 1);
      };
      walk(offset, 0);
      expect([...(await gather(tensor))], `${dtype} [${shape.join()}] strides ${strides.join()}`).toEqual(wanted);
    }
  });

  it('puts a matrix of several slabs and blocks in order, in pieces', async () => {
    const [rows, columns] = [70_000, 130];
    const stored = new Float32Array(rows * columns).map((_, i) => i);
    const { blob, sizes } = createRecorder(new Blob([stored]));
    const tensor: TorchTensor = {
      ...{ kind: 'tensor', dtype: 'F32', shape: [rows, columns], strides: [1, rows], offset: 0 },
      storage: blob,
      verify: () => Promise.resolve(),
    };
    const values = new Float32Array((await gather(tensor)).buffer);
    let wrong = 0;
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) if (values[r * columns + c] !== stored[c * rows + r]) wrong++;
    expect(wrong).toBe(0);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(sizes.length).toBeGreaterThan(9);
  });

  it('a contiguous tensor is a slice: nothing of it is read', async () => {
    const tensor = listTensors(await open('dictionary_learning/AutoEncoderNew/ae.pt')).find(([name]) => name === 'decoder.weight')![1];
    const { blob, sizes } = createRecorder(tensor.storage);
    const { toPart } = await import('../../../src/core/formats/torch/index.ts');
    const part = await toPart(transpose({ ...tensor, storage: blob, verify: () => Promise.resolve() }), 'W_dec');
    expect(part).toMatchObject({ name: 'W_dec', dtype: 'F32', shape: [64, 16] });
    expect(part.data.size).toBe(64 * 16 * 4);
    expect(sizes.length === 0).toBe(isContiguous(transpose(tensor)));
  });
});

describe('refusals', () => {
  const say = (body: number[], storages = {}, more = {}) => refusal(() => readTorch(archive(op.whole(body), storages, more), 'a.pt'));
  const storage = op.storage('FloatStorage', '0', 12);
  const twelve = { 0: counting(12) };

  it.each<[string, number[], RegExp]>([
    [
      'a class used as a function',
      op.bytes(op.global('autoencoders.learned_dict', 'TiedSAE'), 0x29, 0x52),
      /uses TiedSAE in a way that is not known/,
    ],
    ['a function used as a class', op.bytes(op.global('torch._utils', '_rebuild_parameter'), 0x29, 0x81), /no class on the list/],
    ['a storage called', op.bytes(op.global('torch', 'FloatStorage'), op.tuple(op.int(9)), 0x52), /uses FloatStorage in a way/],
    ['a name left as a value', op.global('collections', 'OrderedDict'), /leaves a name or a storage where a value should be/],
    ['a storage left as a value', op.dict(op.text('a'), storage), /leaves a name or a storage/],
    [
      'a name inside a class name',
      op.global('autoencoders.learned_dict', 'TiedSAE.__init__'),
      /asks for autoencoders\.learned_dict\.TiedSAE\.__init__/,
    ],
    ['a tuple that is appended to', op.bytes(op.tuple(op.int(1)), op.int(2), 0x61), /appends to something that is no list/],
    ['a list with entries set', op.bytes(0x5d, op.int(2), op.int(3), 0x73), /sets entries of something that is no dict/],
    ['a key given twice', op.dict(op.text('a'), op.int(1), op.text('a'), op.int(2)), /names a twice/],
    ['a key that is a list', op.dict([0x5d], op.int(1)), /dict key that is neither text nor number/],
    ['a memo place never filled', [0x68, 7], /asks for place 7 of its memory/],
    ['two values', op.bytes(op.int(1), op.int(2)), /leaves 1 things over/],
    ['an open group', op.bytes(op.int(1), 0x28), /takes the beginning of a group for a value/],
    ['a group closed twice', op.bytes(op.tuple(op.int(1)), 0x74), /closes a group that was not opened/],
    ['attributes on a number', op.bytes(op.int(1), op.dict(), 0x62), /sets attributes on something that has none/],
    ['a storage in two ways', op.dict(op.text('a'), op.tensor(storage, 0, [1], [1]), op.text('b'), op.tensor(op.storage('HalfStorage', '0', 12), 0, [1], [1])), /describes storage 0 in two ways/], // prettier-ignore
    ['a shape that is a list', op.bytes(op.global('torch._utils', '_rebuild_tensor_v2'), op.tuple(storage, op.int(0), [0x5d], op.tuple()), 0x52), /gives a tensor a shape/], // prettier-ignore
    ['as many strides as it likes', op.tensor(storage, 0, [2], [1, 1]), /gives a tensor strides/],
    [
      'more dimensions than any tensor',
      op.tensor(storage, 0, new Array<number>(17).fill(1), new Array<number>(17).fill(1)),
      /gives a tensor a shape/,
    ],
    ['one element too many', op.tensor(storage, 11, [2], [1]), /reaches past the end of its storage/],
    ['an unknown instruction', [0xfe], /unknown instruction 0xfe at byte 2/],
    ['set instructions', [0x8f], /uses the instruction EMPTY_SET/],
  ])('%s', async (_, body, sentence) => {
    expect(await say(body, twelve)).toMatch(sentence);
  });

  it('a list inside itself ever so deep does not reach the sentences', async () => {
    const deep = op.bytes(...Array.from({ length: 50_000 }, () => 0x5d), ...Array.from({ length: 49_999 }, () => 0x61));
    expect(await say(op.bytes(op.global('torch', 'device'), deep, 0x85, 0x52))).toMatch(/uses device in a way|is nested/);
    expect(await say(op.tensor(op.bytes(op.tuple(op.text('storage'), op.global('torch', 'FloatStorage'), deep, op.text(''), deep), 0x51), 0, [], []))).toMatch(/names the storage something/); // prettier-ignore
  });

  it('byte order: little is read, big is named, others are not guessed', async () => {
    const order = (text: string) => ({ 'archive/byteorder': new TextEncoder().encode(text) });
    const body = op.tensor(storage, 0, [12], [1]);
    await expect(readTorch(archive(op.whole(body), twelve, order('little')), 'a.pt')).resolves.toBeDefined();
    expect(await say(body, twelve, order('big'))).toMatch(/saved on a big-endian machine/);
    expect(await say(body, twelve, order('middle'))).toMatch(/byte order as "middle"/);
    const legacy = readBytesOf(DICTIONARIES, 'dictionary_learning/AutoEncoder-legacy-container/ae.pt');
    const at = Buffer.from(legacy).indexOf('little_endian') + 'little_endian'.length;
    legacy[legacy.indexOf(0x88, at)] = 0x89;
    expect(await refusal(() => readTorch(blobOf(legacy), 'ae.pt'))).toMatch(/big-endian machine/);
  });

  it('a storage that does not match its checksum, once its numbers are wanted', async () => {
    const bytes = new Uint8Array(await archive(op.whole(op.tensor(storage, 0, [12], [1])), twelve).arrayBuffer());
    const at = Buffer.from(bytes).indexOf(Buffer.from(counting(12)));
    bytes[at + 20] ^= 1;
    const value = (await readTorch(blobOf(bytes), 'a.pt')) as TorchTensor;
    expect(await refusal(() => gather(value))).toBe(
      'archive/data/0 in a.pt does not match its checksum: the file was damaged while being copied. Copy or download it again.',
    );
  });

  it.each(['AutoEncoder', 'AutoEncoder-legacy-container'])('every cut of %s', async (name) => {
    const whole = readBytesOf(DICTIONARIES, 'dictionary_learning', name, 'ae.pt');
    for (let length = 0; length < whole.length; length += length < 64 ? 1 : 131) {
      expect(await refusal(() => readTorch(blobOf(whole.subarray(0, length)), 'ae.pt')), `${length}`).toMatch(/\.$/);
    }
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n', /is a Git LFS pointer/],
    ['a web page', '<!doctype html><title>Sign in</title>', /web page where ae\.pt should be/],
    ['nothing', '', /is empty/],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), /compressed with gzip/],
    ['another pickle', Uint8Array.of(0x80, 4, 0x4e, 0x2e), /is a Python pickle, but not one that PyTorch's save wrote/],
    ['a NumPy archive', readBytesOf(import.meta.dirname, '../../fixtures/npz/numpy.npz'), /is a NumPy archive/],
  ])('%s in its place', async (_, content, sentence) => {
    expect(await refusal(() => readTorch(new Blob([content as Uint8Array<ArrayBuffer>]), 'ae.pt'))).toMatch(sentence);
  });
});
