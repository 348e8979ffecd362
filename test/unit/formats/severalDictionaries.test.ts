/** Files that hold several dictionaries, and folders that hold a run. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listDictionaryFiles, openDictionaryFiles } from '../../../src/core/formats/dictionaries/open.ts';
import { createBlob } from '../../../src/core/formats/dictionaries/write.ts';
import { dropFolder, FIXTURES } from '../sae/helpers.ts';
import { archive, counting, op } from './torchHelpers.ts';

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

  it('a TiedSAE saved alone is read as one of a sweep is; its file may name the module', async () => {
    const tensor = (key: string, ...shape: number[]) => {
      const count = shape.reduce((n, size) => n * size, 1);
      const strides = shape.map((_, i) => shape.slice(i + 1).reduce((n, size) => n * size, 1));
      return op.tensor(op.storage('FloatStorage', key, count), 0, shape, strides);
    };
    const state = op.dict([...op.text('encoder'), ...tensor('0', 3, 2)], [...op.text('encoder_bias'), ...tensor('1', 3)]);
    // NEWOBJ and BUILD
    const object = op.bytes(op.global('autoencoders.learned_dict', 'TiedSAE'), 0x29, 0x81, state, 0x62);
    const data = archive(op.whole(object), { 0: counting(6), 1: counting(3) });
    const { dictionaries } = await openDictionaryFiles([{ path: 'saes/pythia-70m-deduped_r4_gpt_neox.layers.3.pt', data }]);
    expect(dictionaries).toHaveLength(1);
    expect(dictionaries[0]).toMatchObject({ name: 'pythia-70m-deduped_r4_gpt_neox.layers.3', format: 'sparse_coding' });
    expect(dictionaries[0].config).toMatchObject({
      architecture: 'tied',
      d_in: 2,
      d_sae: 3,
      hook_name: 'blocks.3.hook_resid_post',
      centred: true,
    });
  });

  it('the states of a sweep are told apart by their folders', async () => {
    const { found } = await listDictionaryFiles(dropFolder(join(FIXTURES, 'sparse_coding/tied'), 'x/tied_residual_l3_r6/_31/'));
    expect(found[2].name).toMatch(/^tied_residual_l3_r6\/_31 2 \(l1_alpha/);
    expect(found[2].hook).toBe('blocks.3.hook_resid_post');
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
    const [ae, config] = ['ae.pt', 'config.json'].map((name) =>
      dropFolder(join(FIXTURES, 'dictionary_learning/AutoEncoderTopK')).find(({ path }) => path === name)!,
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
