/** Every published format: the numbers the real libraries gave, on every engine that runs in Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { listDictionaryFiles, openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { readDictionary } from '../../../src/core/formats/dictionaries/opened.ts';
import { createBlob } from '../../../src/core/formats/dictionaries/write.ts';
import { decode } from '../../../src/core/sae/decode.ts';
import type { Dictionary } from '../../../src/core/sae/dictionary.ts';
import { encode } from '../../../src/core/sae/encode.ts';
import { encodeBlocked } from '../../../src/core/sae/encodeBlocked.ts';
import { toDense } from '../../../src/core/sae/latents.ts';
import type { SaeEngine } from '../../../src/kernels/engine.ts';
import { createWasmEngine } from '../../helpers/kernels.ts';
import { bytesOf, dropFolder, FIXTURES, flatten, worstError, type Golden } from '../sae/helpers.ts';

interface Fixture {
  folder: string;
  golden: string;
  files: string[];
  format: string;
}

/** One golden file; learned_dicts.pt has one entry for each of its dictionaries. */
type GoldenFile = Golden & { dicts?: (Golden & { expected: Record<string, unknown> })[] };

const { fixtures } = JSON.parse(readFileSync(join(FIXTURES, 'index.json'), 'utf8')) as { fixtures: Fixture[] };
const readFile = ({ folder, golden }: Fixture) => JSON.parse(readFileSync(join(FIXTURES, folder, golden), 'utf8')) as GoldenFile;
const drop = ({ folder, files }: Fixture, at = `${folder.split('/').pop()}/`) =>
  files.map((name) => ({ path: at + name, data: createBlob(bytesOf(join(FIXTURES, folder, name))) }));

let engines: SaeEngine[];
beforeAll(async () => {
  engines = await Promise.all((['relaxed', 'simd'] as const).map((build) => createWasmEngine(build)));
});

async function expectNumbers(dictionary: Dictionary, x: Float32Array<ArrayBuffer>, f: number[][], xhat: number[][]): Promise<void> {
  for (const latents of [encode(dictionary, x), encodeBlocked(dictionary, x)]) {
    expect(worstError(toDense(latents), flatten(f))).toBeLessThanOrEqual(1);
    expect(worstError(decode(dictionary, latents, { x }), flatten(xhat))).toBeLessThanOrEqual(1);
  }
  for (const engine of engines) {
    const latents = await engine.encode(dictionary, x);
    expect(worstError(toDense(latents), flatten(f))).toBeLessThanOrEqual(1);
    expect(worstError(await engine.decode(dictionary, latents, { x }), flatten(xhat))).toBeLessThanOrEqual(1);
    engine.forget(dictionary);
  }
}

describe('every fixture gives the f and x̂ of the library that made it', () => {
  it('there are 42 of six formats', () => {
    expect(fixtures).toHaveLength(42);
    expect(new Set(fixtures.map(({ format }) => format)).size).toBe(7);
  });

  it.each(fixtures.map((fixture) => ({ name: join(fixture.folder, fixture.golden), fixture })))('$name', async ({ fixture }) => {
    const golden = readFile(fixture);
    const { dictionaries } = await openDictionaryFiles(drop(fixture));
    const wanted = golden.dicts ?? [golden];
    expect(dictionaries).toHaveLength(wanted.length);
    for (const [i, { f, xhat, expected }] of wanted.entries()) {
      const { config, format } = dictionaries[i];
      expect(format).toBe(fixture.format);
      for (const key of ['d_in', 'd_sae', 'dtype', 'k', 'model_name'] as const) {
        if (expected[key] !== undefined) expect(config[key], key).toBe(expected[key]);
      }
      await expectNumbers(await readDictionary(dictionaries[i]), flatten(golden.x), f, xhat);
    }
  });
});

describe('hooks are named from what the files or folders say, and left open otherwise', () => {
  const at = (folder: string, path: string) =>
    drop(
      fixtures.find((fixture) => fixture.folder === folder)!,
      path,
    );
  it.each([
    ['dictionary_learning/AutoEncoder', 'x/', 'blocks.3.hook_resid_post', null],
    ['dictionary_learning/backup-of-a-run', 'x/', 'blocks.3.hook_resid_post', null],
    ['sparsify/topk', 'run/layers.3/', 'blocks.3.hook_resid_post', null],
    ['sparsify/topk', 'run/embed_in/', 'hook_embed', null],
    ['sparsify/topk', 'x/', null, null],
    ['sparsify/groupmax', 'run/layers.3.mlp/', 'blocks.3.hook_mlp_out', null],
    ['sparsify/topk-bf16', 'run/layers.3.attention/', 'blocks.3.hook_attn_out', null],
    ['sparsify/skip-transcode', 'run/layers.3.mlp/', 'blocks.3.ln2.hook_normalized', 'blocks.3.hook_mlp_out'],
    ['openai', 'resid_post_mlp_v5_32k/autoencoders/', null, null],
    ['sparse_coding/untied', 'tied_residual_l2_r4/', 'blocks.2.hook_resid_post', null],
    ['1L-sae', 'x/', 'blocks.0.hook_mlp_out', null],
  ] as const)('%s in %s', async (folder, path, hook, out) => {
    const { dictionaries, warnings } = await openDictionaryFiles(at(folder, path));
    const { hook_name, hook_name_out } = dictionaries[0].config;
    expect([hook_name, hook_name_out]).toEqual([hook, out]);
    if (hook === null) expect(warnings.join(' ')).toMatch(/does not say which hook/);
  });

  it("sparse_coding's residual dictionaries get the mean of each row subtracted, and the report says so", async () => {
    const { dictionaries, warnings } = await openDictionaryFiles(at('sparse_coding/tied', 'tied_residual_l2_r4/'));
    expect(dictionaries.every(({ config }) => config.centred)).toBe(true);
    expect(warnings.join(' ')).toContain('the mean of each row of blocks.2.hook_resid_post is subtracted first and put back last');
    const mlp = await openDictionaryFiles(at('sparse_coding/tied', 'tied_mlp_l2_r4/'));
    expect(mlp.dictionaries[0].config).toMatchObject({ hook_name: 'blocks.2.mlp.hook_post' });
    expect(mlp.dictionaries[0].config.centred).toBeUndefined();
  });
});

describe('several at once', () => {
  it('a learned_dicts.pt lists what is in it, and those chosen are opened', async () => {
    const files = dropFolder(join(FIXTURES, 'sparse_coding/tied'), 'sweep/');
    const { found } = await listDictionaryFiles(files);
    expect(found.map(({ name }) => name)).toEqual(
      [0, 1, 2, 3, 4].map((i) => expect.stringMatching(new RegExp(`^sweep ${i} \\(l1_alpha`)) as string),
    );
    const { dictionaries } = await openDictionaryFiles(files, { pick: [3, 1] });
    expect(dictionaries.map(({ name }) => name)).toEqual([found[3].name, found[1].name]);
    await expect(openDictionaryFiles(files, { pick: [5] })).rejects.toThrow('There is no dictionary number 5; 5 were found');
  });

  it('a whole sparsify run opens hookpoint by hookpoint, without the optimiser beside them', async () => {
    const text = (path: string, content: string) => ({ path, data: createBlob(new Uint8Array(Buffer.from(content))) });
    const run = [
      text('run/config.json', '{"sae":{"expansion_factor":4,"k":6},"batch_size":32}'),
      text('run/state.pt', 'x'),
      text('run/optimizer_0.pt', 'x'),
      text('run/lr_scheduler_0.pt', 'x'),
      ...dropFolder(join(FIXTURES, 'sparsify/topk'), 'run/layers.10/'),
      ...dropFolder(join(FIXTURES, 'sparsify/groupmax'), 'run/layers.2.mlp/'),
    ];
    const { dictionaries, warnings } = await openDictionaryFiles(run);
    expect(dictionaries.map(({ config }) => config.hook_name)).toEqual(['blocks.2.hook_mlp_out', 'blocks.10.hook_resid_post']);
    expect(warnings).toEqual(['Not used: run/config.json, run/state.pt, run/optimizer_0.pt, run/lr_scheduler_0.pt.']);
  });

  it('a dictionary_learning run opens its step saves with the settings above them', async () => {
    const [ae, config] = drop(
      fixtures.find(({ folder }) => folder === 'dictionary_learning/AutoEncoderTopK')!,
      '',
    );
    const run = [
      { ...ae, path: 'run/trainer_0/ae.pt' },
      { ...config, path: 'run/trainer_0/config.json' },
      { ...ae, path: 'run/trainer_0/checkpoints/ae_100.pt' },
    ];
    const { dictionaries } = await openDictionaryFiles(run);
    expect(dictionaries.map(({ name, config: { hook_name } }) => [name, hook_name])).toEqual([
      ['run trainer_0', 'blocks.3.hook_resid_post'],
      ['run trainer_0 ae_100', 'blocks.3.hook_resid_post'],
    ]);
  });

  it('files of one folder are read one by one, and a bad one is a warning', async () => {
    const openai = dropFolder(join(FIXTURES, 'openai'), 'o/');
    const bad = dropFolder(join(FIXTURES, 'evil/openai-k-missing'), 'o/');
    const { dictionaries, warnings } = await openDictionaryFiles([...openai, ...bad]);
    expect(dictionaries).toHaveLength(3);
    expect(warnings.join(' ')).toContain('o/1.pt asks for TopK, but does not say how many');
  });
});

describe('what the files leave unclear is said', () => {
  const open = (folder: string) => openDictionaryFiles(dropFolder(join(FIXTURES, folder), 'x/'));
  it.each([
    ['dictionary_learning/AutoEncoder', /Features are in stored units/],
    ['dictionary_learning/AutoEncoderNew', /b_dec is not subtracted/],
    ['dictionary_learning/AutoEncoderTopK', /The 8 largest features are kept; its stored threshold is not used/],
    ['dictionary_learning/BatchTopKSAE-threshold-unset', /never estimated \(−1\)/],
    ['dictionary_learning/backup-of-a-run', /A backup from the middle of a run/],
    ['sparsify/topk-bf16', /multi_topk was on in training; at inference 6 features are kept/],
    ['openai', /b_dec is subtracted/],
    ['sparse_coding/tied-centred', /centring \(shift, rotation, scale\) is folded into the weights/],
  ])('%s', async (folder, words) => {
    expect((await open(folder)).dictionaries[0].notes!.join(' ')).toMatch(words);
  });

  it('the wrong class name that one trainer writes costs a warning, any other the file', async () => {
    const [ae, config] = drop(
      fixtures.find(({ folder }) => folder === 'dictionary_learning/AutoEncoderNew')!,
      'x/',
    );
    const said = (dict_class: string) => {
      const text = Buffer.from(new Uint8Array(bytesOf(join(FIXTURES, 'dictionary_learning/AutoEncoderNew/config.json')))).toString();
      return { ...config, data: createBlob(new Uint8Array(Buffer.from(text.replace('"AutoEncoderNew"', JSON.stringify(dict_class))))) };
    };
    const { dictionaries, warnings } = await openDictionaryFiles([ae, said('AutoEncoder')]);
    expect(dictionaries[0].config.apply_b_dec_to_input).toBe(false);
    expect(warnings.join(' ')).toContain('says AutoEncoder, but the tensors are those of AutoEncoderNew; they count');
    await expect(openDictionaryFiles([ae, said('GatedAutoEncoder')])).rejects.toThrow('gives dict_class as "GatedAutoEncoder"');
  });
});
