/**
 * Seeded mutations of good PyTorch files (both containers, stored and deflated), NumPy archives and pickles. Whatever comes
 * out is a value or a sentence, soon, from small reads; and a zip that opens in spite of a change holds what it held before,
 * since its checksums cover every byte that counts. FEATURESCOPE_MUTATIONS=5000 runs more than the 100 of every day.
 */
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { FormatError, type BlobLike } from '../../../src/core/formats/bytes.ts';
import { updateCrc32 } from '../../../src/core/formats/crc32.ts';
import { readNpz } from '../../../src/core/formats/npz.ts';
import { isObject, isTensor, readTorch, type TorchValue } from '../../../src/core/formats/torch/index.ts';
import { createRecorder, FIXTURES } from './helpers.ts';
import { blobOf, DICTIONARIES, gather, listTensors, readBytesOf } from './torchHelpers.ts';

const CASES = Number(process.env.FEATURESCOPE_MUTATIONS ?? 100);
const SEED = Number(process.env.FEATURESCOPE_SEED ?? 1);
const LIMIT_MS = 1000;
/** A pickle is read at once, a storage in slices of 4 MiB. */
const MOST_READ = 8 * 2 ** 20;

interface Subject {
  name: string;
  bytes: Uint8Array;
  read: (file: BlobLike) => Promise<TorchValue>;
  /** Whether checksums cover all that counts. */
  isSummed: boolean;
}

const torch = (file: BlobLike) => readTorch(file, 'a.pt');
const npz = async (file: BlobLike): Promise<TorchValue> => new Map(await readNpz(file, 'a.npz'));
const NPZ = join(import.meta.dirname, '../../fixtures/npz');
const packed = (bytes: Uint8Array) => zipSync(unzipSync(bytes), { level: 6 });

function listSubjects(): Subject[] {
  const ae = readBytesOf(DICTIONARIES, 'dictionary_learning/AutoEncoder/ae.pt');
  const learned = readBytesOf(DICTIONARIES, 'sparse_coding/tied/learned_dicts.pt');
  const legacy = readBytesOf(DICTIONARIES, 'dictionary_learning/AutoEncoder-legacy-container/ae.pt');
  const model = readBytesOf(FIXTURES, 'tiny-neox/pytorch_model_prezip.bin');
  return [
    { name: 'ae.pt', bytes: ae, read: torch, isSummed: true },
    { name: 'ae.pt, deflated', bytes: packed(ae), read: torch, isSummed: true },
    { name: 'learned_dicts.pt', bytes: learned, read: torch, isSummed: true },
    { name: 'ae.pt of the old container', bytes: legacy, read: torch, isSummed: false },
    { name: 'pytorch_model_prezip.bin', bytes: model, read: torch, isSummed: false },
    { name: 'numpy.npz', bytes: readBytesOf(NPZ, 'numpy.npz'), read: npz, isSummed: true },
    { name: 'compressed.npz', bytes: readBytesOf(NPZ, 'compressed.npz'), read: npz, isSummed: true },
  ];
}

/** Every value, with a checksum in place of a tensor's numbers. */
async function fingerprint(value: TorchValue): Promise<unknown> {
  if (isTensor(value)) return [value.dtype, value.shape, updateCrc32(0, await gather(value))];
  if (isObject(value)) return [value.className, await fingerprint(value.state)];
  if (value instanceof Map) return Promise.all([...value].map(async ([key, child]) => [key, await fingerprint(child)]));
  if (Array.isArray(value)) return Promise.all((value as TorchValue[]).map(fingerprint));
  return typeof value === 'bigint' ? String(value) : value;
}

type Random = () => number;
const whole = (random: Random, most: number) => Math.floor(random() * most);

/** Instructions of pickles, more often than chance would write them. */
const OPCODES = [...Uint8Array.from('(.0tabcde\x51Rsuqrhj}])XKMJNGio'.split('').map((c) => c.charCodeAt(0)))].concat(
  [0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x93, 0x94, 0x95], // prettier-ignore
);
/** Numbers at the edges of what fields hold. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

function join3(a: Uint8Array, b: Uint8Array, c: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length + c.length);
  out.set(a);
  out.set(b, a.length);
  out.set(c, a.length + b.length);
  return out;
}

const MUTATIONS: Record<string, (bytes: Uint8Array, other: Uint8Array, random: Random) => Uint8Array> = {
  flip(bytes, _, random) {
    const out = bytes.slice();
    for (let n = 1 + whole(random, 4); n > 0; n--) out[whole(random, out.length)] ^= 1 << whole(random, 8);
    return out;
  },
  opcode(bytes, _, random) {
    const out = bytes.slice();
    for (let n = 1 + whole(random, 3); n > 0; n--) out[whole(random, out.length)] = OPCODES[whole(random, OPCODES.length)];
    return out;
  },
  edge(bytes, _, random) {
    const out = bytes.slice();
    const value = EDGES[whole(random, EDGES.length)];
    const size = [1, 2, 4][whole(random, 3)];
    const at = whole(random, out.length - size);
    for (let i = 0; i < size; i++) out[at + i] = value >>> (8 * i);
    return out;
  },
  cut: (bytes, _, random) => bytes.slice(0, whole(random, bytes.length)),
  remove(bytes, _, random) {
    const at = whole(random, bytes.length);
    return join3(bytes.subarray(0, at), bytes.subarray(at + 1 + whole(random, 40)), new Uint8Array(0));
  },
  insert(bytes, _, random) {
    const at = whole(random, bytes.length);
    const extra = Uint8Array.from({ length: 1 + whole(random, 20) }, () => whole(random, 256));
    return join3(bytes.subarray(0, at), extra, bytes.subarray(at));
  },
  splice(bytes, other, random) {
    const from = whole(random, other.length);
    const piece = other.subarray(from, from + 1 + whole(random, 300));
    const at = whole(random, bytes.length);
    return join3(bytes.subarray(0, at), piece, bytes.subarray(random() < 0.5 ? at : at + piece.length));
  },
  repeat(bytes, _, random) {
    const from = whole(random, bytes.length);
    const piece = bytes.subarray(from, from + 1 + whole(random, 100));
    const at = whole(random, bytes.length);
    return join3(bytes.subarray(0, at), piece, bytes.subarray(at));
  },
};

/** Opens a mutant with all its tensors. */
async function tryOut(bytes: Uint8Array, read: Subject['read'], label: string): Promise<unknown> {
  const { blob, sizes } = createRecorder(blobOf(bytes));
  const start = performance.now();
  let found: unknown;
  try {
    const value = await read(blob);
    const size = listTensors(value).reduce((most, [, tensor]) => Math.max(most, tensor.storage.size), 0);
    expect(size, label).toBeLessThanOrEqual(8 * bytes.length + 16 * 2 ** 20);
    found = await fingerprint(value);
  } catch (error) {
    if (!(error instanceof FormatError)) throw new Error(`${label}: ${String(error)}`, { cause: error });
    expect(error.message, label).toMatch(/\.$/);
    expect(error.message.length, label).toBeLessThan(500);
  }
  expect(performance.now() - start, label).toBeLessThan(LIMIT_MS);
  expect(Math.max(0, ...sizes), label).toBeLessThanOrEqual(Math.min(MOST_READ, bytes.length));
  return found;
}

describe('mutants', () => {
  const subjects = listSubjects();
  const kinds = Object.keys(MUTATIONS);
  let originals: unknown[];
  let accepted = 0;

  beforeAll(async () => {
    originals = await Promise.all(subjects.map(async ({ bytes, read }) => fingerprint(await read(blobOf(bytes)))));
    for (const original of originals) expect(JSON.stringify(original).length).toBeGreaterThan(50);
  });

  it(
    `of whole files, ${CASES}`,
    async () => {
      const random = createRandom(SEED);
      for (let i = 0; i < CASES; i++) {
        const at = i % subjects.length;
        const { name, bytes, read, isSummed } = subjects[at];
        const kind = kinds[whole(random, kinds.length)];
        const changed = MUTATIONS[kind](bytes, subjects[whole(random, subjects.length)].bytes, random);
        const found = await tryOut(changed, read, `${name}, ${kind}, case ${i}`);
        if (found === undefined) continue;
        accepted++;
        if (isSummed) expect(found, `${name}, ${kind}, case ${i}`).toEqual(originals[at]);
      }
      // Times, comments and padding count for nothing; a test that never met one would not have looked at them.
      if (CASES >= 100) expect(accepted).toBeGreaterThan(0);
    },
    20_000 + 100 * CASES,
  );

  it(
    `of pickles whose checksum is right, ${CASES}`,
    async () => {
      const random = createRandom(SEED + 1);
      const zips = subjects.filter(({ name }) => name.endsWith('.pt')).map(({ bytes }) => unzipSync(bytes));
      for (let i = 0; i < CASES; i++) {
        const files = zips[i % zips.length];
        const path = Object.keys(files).find((name) => name.endsWith('data.pkl'))!;
        const other = zips[whole(random, zips.length)];
        const kind = kinds[whole(random, kinds.length)];
        const pickle = MUTATIONS[kind](files[path], Object.values(other)[0], random);
        await tryOut(zipSync({ ...files, [path]: pickle }, { level: 0 }), torch, `pickle, ${kind}, case ${i}`);
      }
    },
    20_000 + 100 * CASES,
  );

  it(
    `of the pickles in front of the old container, ${CASES}`,
    async () => {
      const random = createRandom(SEED + 2);
      const { bytes } = subjects[3];
      // Behind them lie 4 storages: 64 × 16 numbers twice, 64, 16, each with its count.
      const front = bytes.length - 4 * (2 * 64 * 16 + 64 + 16) - 4 * 8;
      for (let i = 0; i < CASES; i++) {
        const kind = kinds[whole(random, kinds.length)];
        const changed = MUTATIONS[kind](bytes.subarray(0, front), bytes.subarray(0, front), random);
        await tryOut(join3(changed, bytes.subarray(front), new Uint8Array(0)), torch, `old pickles, ${kind}, case ${i}`);
      }
    },
    20_000 + 100 * CASES,
  );

  it(
    `of the directory of a zip, ${CASES}`,
    async () => {
      const random = createRandom(SEED + 3);
      for (let i = 0; i < CASES; i++) {
        const at = [0, 1, 5, 6][i % 4];
        const { bytes, read, name } = subjects[at];
        const from = Buffer.from(bytes).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
        const kind = kinds[whole(random, kinds.length)];
        const changed = MUTATIONS[kind](bytes.subarray(from), bytes, random);
        const found = await tryOut(
          join3(bytes.subarray(0, from), changed, new Uint8Array(0)),
          read,
          `directory of ${name}, ${kind}, case ${i}`,
        );
        if (found !== undefined) expect(found, `directory of ${name}, ${kind}, case ${i}`).toEqual(originals[at]);
      }
    },
    20_000 + 100 * CASES,
  );
});
