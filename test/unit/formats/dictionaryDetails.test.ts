/** What files of other libraries leave open, and what is made of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { exportDictionary } from '../../../src/core/formats/dictionaries/export.ts';
import { openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { createBlob } from '../../../src/core/formats/dictionaries/write.ts';
import { dropFolder, FIXTURES } from '../sae/helpers.ts';
import { archive, counting, op } from './torchHelpers.ts';

const json = (value: unknown) => createBlob(new TextEncoder().encode(JSON.stringify(value)));
const settingsOf = (...path: string[]) =>
  JSON.parse(readFileSync(join(FIXTURES, ...path), 'utf8')) as Record<string, Record<string, unknown>>;

describe('dictionary_learning', () => {
  it('a file that may be TopK or BatchTopK is said to be so, unless its config.json says which', async () => {
    const files = dropFolder(join(FIXTURES, 'dictionary_learning/BatchTopKSAE'), 'mine/');
    const alone = await openDictionaryFiles(files.filter(({ path }) => path.endsWith('.pt')));
    expect(alone.dictionaries[0].config.architecture).toBe('topk');
    expect(alone.warnings.join(' ')).toMatch(/may be a TopK or a BatchTopK dictionary, whose tensors are the same/);
    const whole = await openDictionaryFiles(files);
    expect(whole.dictionaries[0].config.architecture).toBe('batchtopk');
    expect(whole.warnings.join(' ')).not.toMatch(/may be/);
  });

  it('what config.json leaves null and the folders tell survives an export', async () => {
    const { trainer, ...rest } = settingsOf('dictionary_learning/AutoEncoder/config.json');
    const at = 'resid_out_layer3/10_32768/';
    const files = dropFolder(join(FIXTURES, 'dictionary_learning/AutoEncoder'), at).map((file) =>
      file.path.endsWith('config.json') ? { ...file, data: json({ ...rest, trainer: { ...trainer, submodule_name: null } }) } : file,
    );
    const { dictionaries } = await openDictionaryFiles(files);
    expect(dictionaries[0].config.hook_name).toBe('blocks.3.hook_resid_post');
    const out = await exportDictionary(dictionaries[0], 'dictionary_learning');
    const written = out.map(async ({ path, parts }) => ({
      path,
      data: new Blob(await Promise.all(parts.map(async (part) => ('size' in part ? await part.arrayBuffer() : part)))),
    }));
    const again = await openDictionaryFiles(await Promise.all(written));
    expect(again.dictionaries[0].config.hook_name).toBe('blocks.3.hook_resid_post');
  });
});

describe('1L-Sparse-Autoencoder', () => {
  it('is found under both endings of PyTorch files', async () => {
    const files = dropFolder(join(FIXTURES, '1L-sae'), '').map((file) => ({ ...file, path: file.path.replace(/\.pt$/, '.pth') }));
    expect(files.some(({ path }) => path.endsWith('.pth'))).toBe(true);
    const { dictionaries } = await openDictionaryFiles(files);
    expect(dictionaries[0]).toMatchObject({ format: '1L-sae' });
    expect(dictionaries[0].name).not.toMatch(/pth/);
  });

  it('a PyTorch file of another library is read under the other ending too', async () => {
    const [data] = dropFolder(join(FIXTURES, 'dictionary_learning/AutoEncoderTopK'), '').filter(({ path }) => path.endsWith('.pt'));
    const { dictionaries } = await openDictionaryFiles([{ path: 'x/mine.pth', data: data.data }]);
    expect(dictionaries[0].format).toBe('dictionary_learning');
  });
});

describe('sparsify', () => {
  it('takes the name of the model from the settings of the run above it', async () => {
    const files = dropFolder(join(FIXTURES, 'sparsify/topk'), 'run/layers.3/');
    const modelWith = async (run: unknown) => {
      const root = { path: 'run/config.json', data: typeof run === 'string' ? createBlob(new TextEncoder().encode(run)) : json(run) };
      return (await openDictionaryFiles([...files, root])).dictionaries[0].config.model_name;
    };
    const sae = { expansion_factor: 4, k: 6 };
    expect(await modelWith({ sae, model: 'EleutherAI/pythia-70m' })).toBe('EleutherAI/pythia-70m');
    expect(await modelWith({ sae, model: 7 })).toBe(null);
    expect(await modelWith({ model_type: 'gpt_neox', model: 'x/y' })).toBe(null);
    expect(await modelWith('{')).toBe(null);
    expect((await openDictionaryFiles(files)).dictionaries[0].config.model_name).toBe(null);
  });
});

describe('SAELens', () => {
  it('figures in metadata are a claim of the file', async () => {
    const cfg = settingsOf('saelens-v6/standard/cfg.json');
    const withFigures = (metadata: object) =>
      dropFolder(join(FIXTURES, 'saelens-v6/standard'), 'mine/').map((file) =>
        file.path.endsWith('cfg.json') ? { ...file, data: json({ ...cfg, metadata: { ...cfg.metadata, ...metadata } }) } : file,
      );
    const { dictionaries } = await openDictionaryFiles(withFigures({ l0: 50, num_dead_features: 3 }));
    expect(dictionaries[0].record).toMatchObject({ l0: 50, num_dead_features: 3 });
    const strange = await openDictionaryFiles(withFigures({ l0: '50' }));
    expect(strange.dictionaries[0].record).toEqual((await openDictionaryFiles(withFigures({}))).dictionaries[0].record);
  });
});

describe('sparse_coding', () => {
  it('subtracts the mean only where centred weights leave one', async () => {
    const tensor = (key: string, ...shape: number[]) => {
      const strides = shape.map((_, i) => shape.slice(i + 1).reduce((n, size) => n * size, 1));
      const count = shape.reduce((n, size) => n * size, 1);
      return op.tensor(op.storage('FloatStorage', key, count), 0, shape, strides);
    };
    const state = op.dict([...op.text('encoder'), ...tensor('0', 3, 2)], [...op.text('encoder_bias'), ...tensor('1', 3)]);
    const object = op.bytes(op.global('autoencoders.learned_dict', 'TiedSAE'), 0x29, 0x81, state, 0x62);
    const data = archive(op.whole(object), { 0: counting(6), 1: counting(3) });
    const centred = async (name: string) => {
      const { dictionaries } = await openDictionaryFiles([{ path: name, data }]);
      return [dictionaries[0].config.hook_name, dictionaries[0].config.centred === true];
    };
    expect(await centred('blocks.2.attn.hook_z.pt')).toEqual(['blocks.2.attn.hook_z', false]);
    expect(await centred('blocks.2.hook_resid_post.pt')).toEqual(['blocks.2.hook_resid_post', true]);
  });
});

it('a number that names no dictionary is a mistake of the call, not of the file', async () => {
  const files = dropFolder(join(FIXTURES, 'sparse_coding/tied'), 'sweep/');
  await expect(openDictionaryFiles(files, { pick: [9] })).rejects.toBeInstanceOf(UsageError);
});
