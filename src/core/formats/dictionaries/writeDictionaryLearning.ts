/**
 * A folder of dictionary_learning: ae.pt, a state_dict, with config.json as `load_dictionary` reads them.
 * Its loader rescales AutoEncoder to decoder columns of norm 1 unless told normalize_decoder=False: x̂ stays, f does not.
 */
import { getTextEncoding } from '@bufbuild/protobuf/wire';
import type { Architecture, DictionaryConfig } from '../../sae/dictionary.ts';
import { maybeRecord } from '../words.ts';
import { writeTorch, type TorchPart } from '../torch/index.ts';
import { transposePart } from './convert.ts';
import { createOutFile, join, type OutFile } from './files.ts';
import { submoduleOfHook } from './hookNames.ts';
import type { OpenedDictionary } from './opened.ts';
import { readValues } from './stored.ts';
import { createBlob } from './write.ts';

interface Target {
  dict_class: string;
  trainer_class: string;
  /** Our tensor, its name there. */
  tensors: [from: string, to: string, turned?: 'turned'][];
}

const LINEAR: Target['tensors'] = [
  ['W_enc', 'encoder.weight', 'turned'],
  ['W_dec', 'decoder.weight', 'turned'],
];
const TOPK: Target['tensors'] = [['b_dec', 'b_dec'], ...LINEAR, ['b_enc', 'encoder.bias']];
const BATCHTOPK: Target = { dict_class: 'BatchTopKSAE', trainer_class: 'BatchTopKTrainer', tensors: TOPK };

// prettier-ignore
const TARGETS: Partial<Record<Architecture, Target>> = {
  gated: {
    dict_class: 'GatedAutoEncoder',
    trainer_class: 'GatedSAETrainer',
    tensors: [['b_dec', 'decoder_bias'], ['r_mag', 'r_mag'], ['b_gate', 'gate_bias'], ['b_mag', 'mag_bias'], ...LINEAR],
  },
  topk: { dict_class: 'AutoEncoderTopK', trainer_class: 'TopKTrainer', tensors: TOPK },
  batchtopk: BATCHTOPK,
  // At inference the groups do not matter, and their sizes are not known for files of other libraries.
  matryoshka_batchtopk: BATCHTOPK,
  jumprelu: {
    dict_class: 'JumpReluAutoEncoder',
    trainer_class: 'JumpReluTrainer',
    tensors: [['W_enc', 'W_enc'], ['b_enc', 'b_enc'], ['W_dec', 'W_dec'], ['b_dec', 'b_dec'], ['threshold', 'threshold']],
  },
};

// prettier-ignore
const STANDARD: Record<'subtracts' | 'plain', Target> = {
  subtracts: { dict_class: 'AutoEncoder', trainer_class: 'StandardTrainer', tensors: [['b_dec', 'bias'], ...LINEAR, ['b_enc', 'encoder.bias']] },
  plain: { dict_class: 'AutoEncoderNew', trainer_class: 'StandardTrainerAprilUpdate', tensors: [...LINEAR, ['b_enc', 'encoder.bias'], ['b_dec', 'decoder.bias']] },
};

/** @param opened simplified (`exportDictionary`): nothing in it that the format cannot say */
export async function writeDictionaryLearning(opened: OpenedDictionary, folder: string): Promise<OutFile[]> {
  const { config, parts } = opened;
  const target = TARGETS[config.architecture] ?? STANDARD[config.apply_b_dec_to_input ? 'subtracts' : 'plain'];
  const state = new Map<string, TorchPart>();
  for (const [from, to, turned] of target.tensors) {
    const part = parts.find(({ name }) => name === from)!;
    state.set(to, turned ? await transposePart(part, to) : part);
  }
  if (target.tensors === TOPK) {
    state.set('k', scalar('I32', Int32Array.of(Math.max(1, Math.round(config.k!)))));
    state.set('threshold', scalar('F32', await readThreshold(opened)));
  }
  return [
    createOutFile(join(folder, 'ae.pt'), await writeTorch(state)),
    createOutFile(join(folder, 'config.json'), [getTextEncoding().encodeUtf8(JSON.stringify(stateSettings(opened, target), null, 4))]),
  ];
}

function scalar(dtype: string, values: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>): TorchPart {
  return { dtype, shape: [], data: createBlob(new Uint8Array(values.buffer)) };
}

/** −1 is what the library writes before it has estimated one. */
async function readThreshold({ parts }: OpenedDictionary): Promise<Float32Array<ArrayBuffer>> {
  const part = parts.find(({ name }) => name === 'topk_threshold');
  return part ? readValues(part) : Float32Array.of(-1);
}

/** What the file came with, where it is this library's own, with what is certain on top. */
function stateSettings({ config, format, record }: OpenedDictionary, { dict_class, trainer_class }: Target): object {
  const own = format === 'dictionary_learning' ? maybeRecord(record) : undefined;
  return {
    trainer: {
      trainer_class,
      device: 'cpu',
      ...statePlace(config),
      ...withoutNulls(own?.trainer),
      dict_class,
      activation_dim: config.d_in,
      dict_size: config.d_sae,
      ...(config.k !== undefined && { k: Math.max(1, Math.round(config.k)) }),
    },
    buffer: {
      d_submodule: config.d_in,
      io: 'out',
      ...(config.context_size !== null && { ctx_len: config.context_size }),
      ...withoutNulls(own?.buffer),
    },
  };
}

/** What the file left open may be known from its folders by now. */
function withoutNulls(settings: unknown): object {
  return Object.fromEntries(Object.entries(maybeRecord(settings) ?? {}).filter(([, value]) => value !== null));
}

function statePlace({ hook_name, model_name }: DictionaryConfig): object {
  const layer = /^blocks\.(\d+)\./.exec(hook_name ?? '')?.[1];
  return {
    ...(layer !== undefined && { layer: Number(layer) }),
    ...(model_name !== null && { lm_name: model_name }),
    ...(hook_name !== null && { submodule_name: submoduleOfHook(hook_name) }),
  };
}
