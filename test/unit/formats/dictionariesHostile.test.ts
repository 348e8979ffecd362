import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/array/random.ts';
import { FormatError, type BlobLike } from '../../../src/core/formats/bytes.ts';
import type { DictionaryFile } from '../../../src/core/formats/dictionaries/files.ts';
import { openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { readDictionary } from '../../../src/core/formats/dictionaries/opened.ts';
import { createBlob } from '../../../src/core/formats/dictionaries/write.ts';
import { FIXTURES, bytesOf, dropFolder } from '../sae/helpers.ts';

const EVIL = join(FIXTURES, 'evil');
const MANIFEST = JSON.parse(readFileSync(join(EVIL, 'manifest.json'), 'utf8')) as Record<string, string>;
const EITHER = JSON.parse(readFileSync(join(EVIL, 'either.json'), 'utf8')) as Record<string, string>;

/** Issue 3: within a second. */
const LIMIT_MS = 1000;

/** What the refusal of each file must say. */
const SENTENCES: Record<string, RegExp> = {
  'st-truncated-data': /its data ends at byte \d+, but the file has/,
  'st-truncated-header': /ends inside its header/,
  'st-length-2-60': /first eight bytes give a header of 11529215046068\d+ bytes/,
  'st-overlapping-offsets': /tensor W_enc overlaps another/,
  'st-offsets-past-end': /its data ends at byte/,
  'st-unknown-dtype': /the number format "F128" is unknown/,
  'st-duplicate-key': /names the tensor W_enc twice/,
  'st-negative-shape': /its shape is not a list of whole numbers/,
  'st-shape-range-mismatch': /needs \d+ bytes, but its offsets span/,
  'st-shape-product-overflow': /needs \S+ bytes, but its offsets span|shape is not a list of whole numbers/,
  'st-git-lfs-pointer': /is a Git LFS pointer, not the file itself/,
  'st-empty': /is empty/,
  'st-one-byte': /has only 1 bytes/,
  'st-five-bytes': /has only 5 bytes/,
  'st-eight-zero-bytes': /has only 8 bytes/,
  'st-nan': /W_enc holds a value that is not a number \(NaN\)/,
  'st-inf': /W_dec holds a value that is infinite/,
  'st-minus-inf': /b_dec holds a value that is infinite/,
  'st-nan-threshold': /threshold holds a value that is not a number/,
  'cfg-wrong-d_in': /but cfg\.json gives d_in \d+ and d_sae 64, which asks for/,
  'cfg-wrong-d_sae': /but cfg\.json gives d_in 16 and d_sae \d+, which asks for/,
  'st-transposed': /stores W_enc as \[64, 16\], the transpose of the \[16, 64\]/,
  'st-missing-tensor': /has no tensor W_dec, which the architecture standard needs/,
  'cfg-unknown-architecture': /asks for the architecture "standrad"/,
  'cfg-topk-k-too-large': /gives k as \d+; it must be a whole number from 1 to d_sae, 64/,
  'cfg-topk-k-zero': /gives k as 0;/,
  'cfg-topk-k-negative': /gives k as -\d+;/,
  'st-length-zero': /first eight bytes give a header of 0 bytes/,
  'st-length-one-past': /ends inside its header/,
  'st-length-2-gib': /first eight bytes give a header of 2147483647 bytes/,
  'st-begin-after-end': /data_offsets are not two rising whole numbers/,
  'st-negative-offset': /data_offsets are not two rising whole numbers/,
  'st-fractional-offset': /data_offsets are not two rising whole numbers/,
  'st-string-offset': /data_offsets are not two rising whole numbers/,
  'st-missing-dtype': /the number format missing is unknown/,
  'st-string-shape': /its shape is not a list of whole numbers/,
  'st-header-not-json': /not valid JSON|does not begin with/,
  'st-header-array': /does not begin with "\{"/,
  'st-header-bad-utf8': /holds a tensor "W_\ufffd/,
  'st-trailing-bytes': /64 bytes at its end belong to no tensor/,
  'st-hole': /64 bytes before tensor b_enc belong to no tensor/,
  'st-header-deep': /nested more than 100 levels deep/,
  'st-proto-name': /holds a tensor "__proto__", which no standard dictionary has/,
  'st-html-page': /a web page where .* should be/,
  'st-vector-wrong-length': /stores b_enc as \[63\]/,
  'cfg-d_in-negative': /gives d_in as -16; it must be a whole number/,
  'cfg-d_in-fraction': /gives d_in as 16\.5;/,
  'cfg-d_in-string': /gives d_in as "sixteen";/,
  'cfg-d_sae-huge': /gives d_sae as 1e\+300;/,
  'cfg-jumprelu-without-threshold': /has no tensor threshold, which the architecture jumprelu needs/,
  'cfg-gated-without-gate': /holds a tensor "b_enc", which no gated dictionary has|has no tensor b_gate/,
  'cfg-unknown-normalisation': /gives normalize_activations as "z_score"/,
  'cfg-html': /a web page where .*cfg\.json should be/,
  'cfg-not-json': /cfg\.json is not valid JSON/,
  'cfg-deep-nesting': /cfg\.json is nested more than 100 levels deep/,
  'cfg-deep-nesting-10-mb': /cfg\.json has \d+ bytes; at most 4194304 are read/,
  'cfg-empty': /cfg\.json is empty/,
  'cfg-truncated': /cfg\.json is not valid JSON/,
  'cfg-null': /cfg\.json is not a JSON object/,
  'pt-os-system': /asks for os\.system/,
  'pt-posix-system': /asks for posix\.system/,
  'pt-builtins-eval': /asks for builtins\.eval/,
  'pt-import-only': /asks for os\.system/,
  'pt-stack-global': /asks for os\.system/,
  'pt-inst-opcode': /uses the instruction INST/,
  'pt-obj-opcode': /asks for os\.system/,
  'pt-getattr-chain': /asks for builtins\.getattr/,
  'pt-memo-huge-index': /place 4294967280 of its memory/,
  'pt-memo-doubling': /repeats its parts/,
  'pt-string-length': /announces a text of 4294967295 bytes/,
  'pt-string8-length': /announces a text of 1152921504606847000 bytes/,
  'pt-deep-nesting': /nested more than 100 levels deep/,
  'pt-no-stop': /without STOP/,
  'pt-stack-underflow': /takes from an empty stack/,
  'pt-random-pickle': /does not begin as pickles do/,
  'pt-no-data-pkl': /holds no data\.pkl/,
  'pt-storage-short': /data\/1 holds 1024 numbers .* has 64 bytes/,
  'pt-storage-huge-count': /1152921504606846976 elements, which cannot be/,
  'pt-view-past-end': /reaches past the end of its storage/,
  'pt-negative-offset': /begins a tensor at element -4/,
  'pt-negative-stride': /strides \(-1\) that cannot be/,
  'pt-negative-size': /a shape \(-64\) that cannot be/,
  'pt-stride-zero-huge': /makes a tensor of 2251799813685248 numbers/,
  'pt-size-overflow': /makes a tensor of 18446744073709552000 numbers/,
  'pt-stride-huge': /reaches past the end of its storage/,
  'pt-missing-storage': /speaks of the storage data\/9, which is not in it/,
  'pt-storage-key-traversal': /names the storage \.\.\/\.\.\/\.\.\/secret/,
  'pt-unknown-storage-type': /asks for torch\.QUInt4x2Storage/,
  'pt-persistent-id-string': /outside itself that is no storage/,
  'pt-self-reference': /contains itself/,
  'pt-tensor-is-a-string': /holds text where the tensor encoder\.weight should be/,
  'pt-state-is-a-list': /is a tensor in place of a dictionary/,
  'pt-missing-key': /has no tensor decoder\.weight, which AutoEncoder needs/,
  'pt-shape-mismatch': /stores decoder\.weight as \[16, 63\], but config\.json asks for \[16, 64\]/,
  'pt-integer-encoder': /stores encoder\.bias as I64/,
  'pt-nan': /W_enc holds a value that is not a number/,
  'pt-config-class-mismatch': /gives dict_class as "JumpReluAutoEncoder", but the tensors are those of AutoEncoder/,
  'pt-config-size-mismatch': /gives dict_size as 256, but the encoder has 64/,
  'pt-empty': /is empty/,
  'pt-one-byte': /begins with neither a zip nor a pickle \(1 bytes in all\)/,
  'pt-numpy-object': /a NumPy object, and only PyTorch tensors are read/,
  'pt-legacy-os-system': /^pt-legacy-os-system\/ae\.pt .*\.$/,
  'zip-truncated': /has no end record/,
  'zip-cut-in-data': /has no end record/,
  'zip-only-magic': /the first 4 bytes of a zip and nothing else/,
  'zip-directory-past-end': /points outside itself/,
  'zip-traversal': /\.\.\/\.\.\/\.\.\/\.\.\/etc\/cron\.d\/evil, which leads outside/,
  'zip-absolute-names': /\/etc\/passwd, which leads outside/,
  'zip-bomb-one-entry': /would unpack to 157286400 bytes/,
  'zip-bomb-lying-size': /larger than the zip says/,
  'zip-declared-1-gib': /would unpack to 1073741824 bytes/,
  'zip-encrypted': /is encrypted/,
  'zip-method-bzip2': /packed in a way that is not read here/,
  'zip-two-pickles': /holds two files called archive\/data\.pkl/,
  'zip-is-a-spreadsheet': /an Office document/,
  'zip-torchscript': /a TorchScript program/,
  'sparsify-groupmax-indivisible': /cuts 64 features into 7 groups, which leaves a remainder/,
  'sparsify-unknown-activation': /asks for the activation "softmax"; known are topk and groupmax/,
  'sparsify-skip-missing': /says skip_connection, but sae\.safetensors beside it has no tensor W_skip/,
  'openai-unknown-activation': /asks for the activation "Softplus"; known are "ReLU" and "TopK"/,
  'openai-k-missing': /asks for TopK, but does not say how many features are kept/,
  'sparse_coding-os-system': /asks for os\.system/,
  'sparse_coding-other-module': /asks for autoencoders\.learned_dict2\.TiedSAE/,
  'sparse_coding-wrong-shapes': /stores encoder_bias as \[16\], but its encoder asks for \[64\]/,
};

/** A case as a person would drop it, with the packed configuration unpacked. */
function dropEvil(folder: string): DictionaryFile[] {
  return dropFolder(join(EVIL, folder), `${folder}/`).map((file) =>
    file.path.endsWith('cfg.json.gz')
      ? { path: file.path.slice(0, -3), data: createBlob(new Uint8Array(gunzipSync(bytesOf(join(EVIL, folder, 'cfg.json.gz'))))) }
      : file,
  );
}

/** Counts the bytes asked of a file. */
function countReads(file: DictionaryFile, counter: { bytes: number }): DictionaryFile {
  const watch = (blob: BlobLike): BlobLike => ({
    size: blob.size,
    slice: (start, end) => watch(blob.slice(start, end)),
    arrayBuffer: () => {
      counter.bytes += blob.size;
      return blob.arrayBuffer();
    },
  });
  return { ...file, data: watch(file.data) };
}

async function refusalOf(files: DictionaryFile[]): Promise<FormatError> {
  try {
    const { dictionaries } = await openDictionaryFiles(files);
    for (const dictionary of dictionaries) await readDictionary(dictionary);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('It was opened.');
}

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

describe('files an importer must refuse', () => {
  it.each(Object.entries(MANIFEST).map(([path, reason]) => ({ folder: dirname(path), reason })))('$folder: $reason', async ({ folder }) => {
    const counter = { bytes: 0 };
    const files = dropEvil(folder).map((file) => countReads(file, counter));
    const size = files.reduce((n, { data }) => n + data.size, 0);
    const start = performance.now();
    const { message } = await refusalOf(files);
    expect(performance.now() - start).toBeLessThan(LIMIT_MS);
    expect(counter.bytes).toBeLessThanOrEqual(4 * size + 1024);
    expect(message.length).toBeLessThan(400);
    expect(message).not.toMatch(/[\n\r]/);
    expect(message).toMatch(SENTENCES[folder]);
  });

  it('each have their own expectation', () => {
    expect(Object.keys(SENTENCES).sort()).toEqual(Object.keys(MANIFEST).map(dirname).sort());
  });
});

/** What must hold where refusing and opening are both right: here all but two are refused. */
const REFUSED_EITHER: Record<string, RegExp> = {
  'st-integer-weights': /stores W_enc as I8; weights must be F32, F16, BF16 or F64/,
  'zip-65535-entries': /says it has more than 4 GiB or 65,534 files/,
  'zip-crc-mismatch': /does not match its checksum/,
  'pt-whole-module': /a whole Python object in place of plain weights\. Save its state_dict\(\) instead/,
  'sparse_coding-unknown-class': /is a ReverseSAE, which is not read here/,
};

describe('files that may be refused or opened', () => {
  it.each(Object.entries(EITHER).map(([path, reason]) => ({ folder: dirname(path), reason })))('$folder: $reason', async ({ folder }) => {
    const files = dropEvil(folder);
    if (REFUSED_EITHER[folder]) {
      expect((await refusalOf(files)).message).toMatch(REFUSED_EITHER[folder]);
      return;
    }
    const { dictionaries } = await openDictionaryFiles(files);
    expect(dictionaries[0].config.d_sae).toBe(64);
    if (folder === 'cfg-script-in-names')
      expect(dictionaries[0].config.model_name).toBe("</script><script>document.title='pwned'</script>");
  });
});

describe('drops that are no dictionary', () => {
  const blob = (text: string) => createBlob(new Uint8Array(Buffer.from(text)));
  const standard = () => dropFolder(join(FIXTURES, 'saelens-v6/standard'), 'a/');
  it.each([
    ['nothing', [], 'Nothing was dropped.'],
    [
      'a picture',
      [{ path: 'cat.png', data: blob('x') }],
      'No dictionary was found (cfg.json with sae_weights.safetensors); found were cat.png.',
    ],
    [
      'weights alone',
      standard().filter(({ path }) => path.endsWith('weights.safetensors')),
      'a/sae_weights.safetensors comes without its cfg.json.',
    ],
    ['a configuration alone', standard().filter(({ path }) => path.endsWith('cfg.json')), 'a/cfg.json comes without its weights'],
    [
      'a language model',
      [
        { path: 'm/config.json', data: blob('{}') },
        { path: 'm/model.safetensors', data: blob('x') },
      ],
      'm looks like a language model, not a dictionary.',
    ],
    ['two files of one name', [...standard(), ...standard()], 'Two files are called a/cfg.json.'],
    ['a gzip', [{ path: 'a.tar.gz', data: createBlob(Uint8Array.of(0x1f, 0x8b, 8, 0)) }], 'a.tar.gz is compressed with gzip.'],
    [
      'a zip',
      [{ path: 'sae.zip', data: createBlob(zipHead('sae/cfg.json')) }],
      'sae.zip is a zip archive. Unpack it and drop the folder inside.',
    ],
  ] as [string, DictionaryFile[], string][])('%s is refused with what to do', async (_, files, sentence) => {
    expect((await refusalOf(files)).message).toContain(sentence);
  });

  it('a header of megabytes is refused unread', async () => {
    const header = Buffer.from(`{"__metadata__":{"a":"${'x'.repeat(3e6)}"}}`);
    const bytes = new Uint8Array(8 + header.length);
    new DataView(bytes.buffer).setUint32(0, header.length, true);
    bytes.set(header, 8);
    const files = standard().map((file) => (file.path.endsWith('weights.safetensors') ? { ...file, data: createBlob(bytes) } : file));
    const counter = { bytes: 0 };
    const { message } = await refusalOf(files.map((file) => countReads(file, counter)));
    expect(message).toContain('far more than a dictionary needs');
    expect(counter.bytes).toBeLessThan(10_000);
  });
});

function zipHead(name: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(30 + name.length + 20);
  bytes.set([0x50, 0x4b, 3, 4]);
  bytes[26] = name.length;
  bytes.set(Buffer.from(name), 30);
  return bytes;
}

describe('damaged copies of good files', () => {
  const good = dropFolder(join(FIXTURES, 'saelens-v6/jumprelu'), 'a/').filter(({ path }) => !path.endsWith('sparsity.safetensors'));
  const weights = bytesOf(join(FIXTURES, 'saelens-v6/jumprelu/sae_weights.safetensors'));
  const cfg = bytesOf(join(FIXTURES, 'saelens-v6/jumprelu/cfg.json'));
  const replace = (name: string, bytes: Uint8Array<ArrayBuffer>) =>
    good.map((file) => (file.path.endsWith(name) ? { ...file, data: createBlob(bytes) } : file));

  /** Opened or refused with a sentence; anything else fails the test. */
  async function settle(files: DictionaryFile[]): Promise<boolean> {
    try {
      const { dictionaries } = await openDictionaryFiles(files);
      const { config, tensors } = await readDictionary(dictionaries[0]);
      expect(tensors.W_enc).toHaveLength(config.d_in * config.d_sae);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      return false;
    }
  }

  it('the copy itself opens', async () => {
    expect(await settle(good)).toBe(true);
  });

  it('a file cut anywhere is refused', async () => {
    for (let length = 0; length < weights.length; length += length < 400 ? 1 : 97) {
      expect(await settle(replace('weights.safetensors', weights.slice(0, length))), `${length} bytes`).toBe(false);
    }
    for (let length = 0; length < cfg.length; length += 3)
      expect(await settle(replace('cfg.json', cfg.slice(0, length))), `${length}`).toBe(false);
  });

  it('changed header bytes give a sentence or a dictionary of the stated size, never anything else', async () => {
    const random = createRandom(1);
    let opened = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = weights.slice();
      for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--)
        bytes[Math.floor(random() * 340)] = Math.floor(random() * 256);
      if (await settle(replace('weights.safetensors', bytes))) opened++;
    }
    expect(opened).toBeLessThan(300);
  });

  it('changed configuration bytes give a sentence or a dictionary, never anything else', async () => {
    const random = createRandom(2);
    for (let i = 0; i < 3000; i++) {
      const bytes = cfg.slice();
      const at = Math.floor(random() * bytes.length);
      bytes[at] = random() < 0.5 ? Math.floor(random() * 256) : '0123456789-e{}[]",:'.charCodeAt(Math.floor(random() * 19));
      await settle(replace('cfg.json', bytes));
    }
  });

  it('any value in place of a setting gives a sentence or a dictionary, never anything else', async () => {
    const base = JSON.parse(Buffer.from(cfg).toString()) as Record<string, unknown>;
    const values = [null, true, false, 0, -1, 1.5, 1e308, '', 'x', [], [[]], {}, { k: 1 }, 2 ** 53];
    for (const key of [
      ...Object.keys(base),
      'k',
      'd_out',
      'activation_fn',
      'activation_fn_kwargs',
      'hook_point',
      'model_from_pretrained_kwargs',
    ]) {
      for (const value of values) {
        await settle(replace('cfg.json', new Uint8Array(Buffer.from(JSON.stringify({ ...base, [key]: value })))));
        await settle(replace('cfg.json', new Uint8Array(Buffer.from(JSON.stringify({ ...base, metadata: null, [key]: value })))));
      }
    }
  });
});

/** FEATURESCOPE_MUTATIONS runs thousands. */
const MUTATIONS = Number(process.env.FEATURESCOPE_MUTATIONS ?? 100);

describe('changed copies of files of other libraries', () => {
  const folders = ['sparsify/topk', 'sparsify/skip-transcode', 'dictionary_learning/AutoEncoderTopK', '1L-sae'];

  it.each(folders)(
    '%s: a sentence or a dictionary of the stated size within a second, never anything else',
    async (folder) => {
      const good = dropFolder(join(FIXTURES, folder), 'layers.3/');
      const random = createRandom(folder.length);
      const counts = { opened: 0, refused: 0 };
      for (let i = 0; i < MUTATIONS; i++) {
        const which = Math.floor(random() * good.length);
        const bytes = new Uint8Array(await good[which].data.arrayBuffer());
        const changed = mutate(bytes, random);
        const start = performance.now();
        const opened = await settles(good.map((file, f) => (f === which ? { ...file, data: createBlob(changed) } : file)));
        expect(performance.now() - start, `case ${i}`).toBeLessThan(LIMIT_MS);
        counts[opened ? 'opened' : 'refused']++;
      }
      // Numbers may change unseen, headers and settings hardly.
      expect(counts.refused).toBeGreaterThan(MUTATIONS / 10);
    },
    20_000 + 20 * MUTATIONS,
  );

  it.each(['activation', 'k', 'd_in', 'num_latents', 'expansion_factor', 'skip_connection', 'transcode', 'multi_topk', 'unknown'])(
    'any value of %s in a sparsify configuration gives a sentence or a dictionary',
    async (key) => {
      const good = dropFolder(join(FIXTURES, 'sparsify/topk'), 'layers.3/');
      const base = JSON.parse(Buffer.from(bytesOf(join(FIXTURES, 'sparsify/topk/cfg.json'))).toString()) as Record<string, unknown>;
      for (const value of [null, true, false, 0, -1, 1, 1.5, 65, 1e308, 2 ** 53, '', 'topk', 'x'.repeat(10_000), [], [[]], {}]) {
        const text = new Uint8Array(Buffer.from(JSON.stringify({ ...base, [key]: value })));
        await settles(good.map((file) => (file.path.endsWith('cfg.json') ? { ...file, data: createBlob(text) } : file)));
      }
    },
  );

  /** A few bytes changed, mostly near the beginning, where headers are; or a piece left out. */
  function mutate(bytes: Uint8Array<ArrayBuffer>, random: () => number): Uint8Array<ArrayBuffer> {
    if (random() < 0.15) return bytes.slice(0, Math.floor(random() * bytes.length));
    const copy = bytes.slice();
    for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
      const reach = random() < 0.7 ? Math.min(copy.length, 600) : copy.length;
      copy[Math.floor(random() * reach)] =
        random() < 0.5 ? Math.floor(random() * 256) : '0123456789-e{}[]",:'.charCodeAt(Math.floor(random() * 19));
    }
    return copy;
  }

  /** @returns whether it opened; anything but that or a sentence fails the test */
  async function settles(files: DictionaryFile[]): Promise<boolean> {
    try {
      const { dictionaries } = await openDictionaryFiles(files);
      const { config, tensors } = await readDictionary(dictionaries[0]);
      expect(tensors.W_enc).toHaveLength(config.d_in * config.d_sae);
      expect(tensors.W_dec).toHaveLength(config.d_sae * config.d_out);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      const { message } = error as FormatError;
      expect(message.length).toBeLessThan(500);
      expect(message).toMatch(/^[^\n\r]+\.$/);
      return false;
    }
  }
});
