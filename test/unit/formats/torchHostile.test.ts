/** Every hostile .pt of the fixtures, read with each of its tensors: the reader's own sentence, or a value that the importer must judge. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTorch } from '../../../src/core/formats/torch/index.ts';
import { archive, blobOf, DICTIONARIES, gather, listTensors, op, readBytesOf } from './torchHelpers.ts';
import { outcome } from './helpers.ts';

const EVIL = join(DICTIONARIES, 'evil');
const MANIFEST = JSON.parse(readFileSync(join(EVIL, 'manifest.json'), 'utf8')) as Record<string, string>;
const EITHER = JSON.parse(readFileSync(join(EVIL, 'either.json'), 'utf8')) as Record<string, string>;
const LIMIT_MS = 1000;

/** Good PyTorch files whose contents are wrong for a dictionary: the importer's to refuse. */
const WELL_FORMED = /^ok$/;

const SENTENCES: Record<string, RegExp> = {
  'pt-os-system': /asks for os\.system: code, .* Nothing of it was run/,
  'pt-posix-system': /asks for posix\.system: code/,
  'pt-builtins-eval': /asks for builtins\.eval: code/,
  'pt-import-only': /asks for os\.system: code/,
  'pt-stack-global': /asks for os\.system: code/,
  'pt-inst-opcode': /uses the instruction INST/,
  'pt-obj-opcode': /asks for os\.system: code/,
  'pt-getattr-chain': /asks for builtins\.getattr: code/,
  'pt-memo-huge-index': /puts something at place 4294967280 of its memory/,
  'pt-memo-doubling': /repeats its parts until there are more than/,
  'pt-string-length': /announces a text of 4294967295 bytes where \d+ are left/,
  'pt-string8-length': /announces a text of 1152921504606847000 bytes/,
  'pt-deep-nesting': /nested more than 100 levels deep/,
  'pt-no-stop': /or without STOP/,
  'pt-stack-underflow': /takes from an empty stack/,
  'pt-random-pickle': /does not begin as pickles do/,
  'pt-no-data-pkl': /is a zip, but not a PyTorch file: it holds no data\.pkl/,
  'pt-storage-short': /data\/1 holds 1024 numbers of F32 \(4096 bytes\), but it has 64 bytes/,
  'pt-storage-huge-count': /gives storage 1 1152921504606846976 elements, which cannot be/,
  'pt-view-past-end': /reaches past the end of its storage/,
  'pt-negative-offset': /begins a tensor at element -4 of storage 2/,
  'pt-negative-stride': /strides \(-1\) that cannot be/,
  'pt-negative-size': /a shape \(-64\) that cannot be/,
  'pt-stride-zero-huge': /a tensor of 2251799813685248 numbers .* from a storage of 1024/,
  'pt-size-overflow': /a tensor of 18446744073709552000 numbers/,
  'pt-stride-huge': /strides 1099511627776 × 1\) that reaches past/,
  'pt-missing-storage': /speaks of the storage data\/9, which is not in it/,
  'pt-storage-key-traversal': /names the storage \.\.\/\.\.\/\.\.\/secret; storages are called by numbers/,
  'pt-unknown-storage-type': /asks for torch\.QUInt4x2Storage: a kind of tensor that is not read/,
  'pt-persistent-id-string': /points to something outside itself that is no storage/,
  'pt-self-reference': /describes something that contains itself/,
  'pt-tensor-is-a-string': WELL_FORMED,
  'pt-state-is-a-list': WELL_FORMED,
  'pt-missing-key': WELL_FORMED,
  'pt-shape-mismatch': WELL_FORMED,
  'pt-integer-encoder': WELL_FORMED,
  'pt-nan': WELL_FORMED,
  'pt-config-class-mismatch': WELL_FORMED,
  'pt-config-size-mismatch': WELL_FORMED,
  'pt-empty': /ae\.pt is empty/,
  'pt-one-byte': /begins with neither a zip nor a pickle \(1 bytes in all\)/,
  'pt-numpy-object': /asks for numpy\.core\.multiarray\._reconstruct: a NumPy object/,
  'pt-legacy-os-system': /asks for os\.system: code/,
  'pt-whole-module': /asks for dictionary_learning\.dictionary\.AutoEncoder: a whole Python object .* state_dict\(\)/,
  'zip-truncated': /has no end record; it was probably cut off/,
  'zip-cut-in-data': /has no end record; it was probably cut off/,
  'zip-only-magic': /is the first 4 bytes of a zip and nothing else/,
  'zip-directory-past-end': /points outside itself/,
  'zip-traversal': /a file called \.\.\/\.\.\/\.\.\/\.\.\/etc\/cron\.d\/evil, which leads outside/,
  'zip-absolute-names': /a file called \/etc\/passwd, which leads outside/,
  'zip-bomb-one-entry': /would unpack to 157286400 bytes from a file of \d+/,
  'zip-bomb-lying-size': /is larger than the zip says \(4096 bytes\)/,
  'zip-declared-1-gib': /would unpack to 1073741824 bytes/,
  'zip-encrypted': /is encrypted/,
  'zip-method-bzip2': /is packed in a way that is not read here/,
  'zip-two-pickles': /holds two files called archive\/data\.pkl/,
  'zip-is-a-spreadsheet': /is an Office document/,
  'zip-torchscript': /is a TorchScript program/,
  'zip-65535-entries': /says it has more than 4 GiB or 65,534 files/,
  'zip-crc-mismatch': /does not match its checksum/,
  'sparse_coding-os-system': /asks for os\.system: code/,
  'sparse_coding-other-module': /asks for autoencoders\.learned_dict2\.TiedSAE: a whole Python object/,
  'sparse_coding-unknown-class': WELL_FORMED,
  'sparse_coding-wrong-shapes': WELL_FORMED,
};

const CASES = readdirSync(EVIL).flatMap((folder) => {
  const name = ['ae.pt', 'learned_dicts.pt'].find((file) => existsSync(join(EVIL, folder, file)));
  return name ? [{ folder, name }] : [];
});

describe('the hostile PyTorch files', () => {
  it('are all of the manifest’s, each with a sentence here', () => {
    const listed = [...Object.keys(MANIFEST), ...Object.keys(EITHER)].filter((path) => /\/(ae|learned_dicts)\.pt$/.test(path));
    expect(CASES.map(({ folder, name }) => `${folder}/${name}`).sort()).toEqual(expect.arrayContaining(listed.sort()));
    expect(CASES.map(({ folder }) => folder).sort()).toEqual(Object.keys(SENTENCES).sort());
  });

  it.each(CASES)('$folder', async ({ folder, name }) => {
    const file = blobOf(readBytesOf(EVIL, folder, name));
    const start = performance.now();
    const said = await outcome(async () => {
      for (const [, tensor] of listTensors(await readTorch(file, name))) await gather(tensor);
    });
    expect(performance.now() - start).toBeLessThan(LIMIT_MS);
    expect(said).toMatch(SENTENCES[folder]);
    expect(said.length).toBeLessThan(320);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('instructions that copy what others wrote', () => {
  const many = (count: number, part: number[]) => Array.from({ length: count }, () => part).flat();
  /** Small numbers of the memo's places. */
  const [put, get] = [(at: number) => [0x71, at], (at: number) => [0x68, at]];
  const refused = async (body: number[]) => {
    const start = performance.now();
    const said = await outcome(() => readTorch(archive(op.whole(body)), 'copies.pt'));
    expect(performance.now() - start).toBeLessThan(LIMIT_MS);
    return said;
  };

  it('dicts made of one list, again and again', async () => {
    const pairs = Array.from({ length: 4000 }, (_, i) => [...op.int(i), ...op.int(0), 0x86]).flat();
    const list = [0x5d, 0x28, ...pairs, 0x65, ...put(0), 0x30];
    const call = op.global('collections', 'OrderedDict');
    const body = [...list, ...call, ...put(1), 0x30, 0x5d, 0x28, ...many(4000, [...get(1), ...get(0), 0x85, 0x52]), 0x65];
    expect(await refused(body)).toMatch(/copies more than 1000000 entries/);
  });

  it('attributes of one object set again and again', async () => {
    const entries = Array.from({ length: 4000 }, (_, i) => [...op.text(`a${i}`), ...op.int(0)]);
    const made = op.bytes(op.global('autoencoders.learned_dict', 'TiedSAE'), 0x29, 0x81, put(0), op.dict(...entries), put(1), 0x62);
    expect(await refused([...made, ...many(4000, [...get(1), 0x62])])).toMatch(/sets the attributes of one object twice/);
  });

  it('many objects, each given the same attributes', async () => {
    const entries = Array.from({ length: 4000 }, (_, i) => [...op.text(`a${i}`), ...op.int(0)]);
    const one = op.bytes(op.global('autoencoders.learned_dict', 'TiedSAE'), 0x29, 0x81, get(1), 0x62);
    expect(await refused([...op.dict(...entries), ...put(1), 0x30, 0x5d, 0x28, ...many(4000, one), 0x65])).toMatch(/copies more than/);
  });
});
