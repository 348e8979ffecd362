/** The classes of dictionary_learning: which tensors each has, and how a file says which it is. */
import type { Architecture } from '../../sae/dictionary.ts';
import { FormatError } from '../bytes.ts';
import { describe, quote } from '../words.ts';
import { agree } from './pairs.ts';
import type { State } from './torchState.ts';

export type ClassName =
  | 'AutoEncoder'
  | 'AutoEncoderNew'
  | 'GatedAutoEncoder'
  | 'AutoEncoderTopK'
  | 'BatchTopKSAE'
  | 'MatryoshkaBatchTopKSAE'
  | 'JumpReluAutoEncoder';

/** Which tensor holds what, and what the forward pass does. */
export interface Layout {
  architecture: Architecture;
  /** Whether the decoder's bias is subtracted from the input. */
  subtracts: boolean;
  /** As stored: rows of the encoder are latents, or columns. */
  tensors: [from: string, to: string, turned?: 'turned'][];
  /** Besides tensors. */
  scalars: string[];
}

const LINEAR: Layout['tensors'] = [
  ['encoder.weight', 'W_enc', 'turned'],
  ['decoder.weight', 'W_dec', 'turned'],
];
const PLAIN: Layout['tensors'] = [
  ['W_enc', 'W_enc'],
  ['W_dec', 'W_dec'],
  ['b_enc', 'b_enc'],
  ['b_dec', 'b_dec'],
];
const TOPK: Layout['tensors'] = [...LINEAR, ['encoder.bias', 'b_enc'], ['b_dec', 'b_dec']];

// prettier-ignore
export const LAYOUTS: Record<ClassName, Layout> = {
  AutoEncoder: { architecture: 'standard', subtracts: true, tensors: [...LINEAR, ['encoder.bias', 'b_enc'], ['bias', 'b_dec']], scalars: [] },
  AutoEncoderNew: { architecture: 'standard', subtracts: false, tensors: [...LINEAR, ['encoder.bias', 'b_enc'], ['decoder.bias', 'b_dec']], scalars: [] },
  GatedAutoEncoder: {
    architecture: 'gated',
    subtracts: true,
    tensors: [...LINEAR, ['decoder_bias', 'b_dec'], ['gate_bias', 'b_gate'], ['mag_bias', 'b_mag'], ['r_mag', 'r_mag']],
    scalars: [],
  },
  AutoEncoderTopK: { architecture: 'topk', subtracts: true, tensors: TOPK, scalars: ['k', 'threshold'] },
  BatchTopKSAE: { architecture: 'batchtopk', subtracts: true, tensors: TOPK, scalars: ['k', 'threshold'] },
  MatryoshkaBatchTopKSAE: { architecture: 'matryoshka_batchtopk', subtracts: true, tensors: PLAIN, scalars: ['k', 'threshold', 'group_sizes'] },
  JumpReluAutoEncoder: { architecture: 'jumprelu', subtracts: false, tensors: [...PLAIN, ['threshold', 'threshold']], scalars: [] },
};

/** The class by its tensors; config.json must agree. */
export function readClass(
  state: State,
  { dict_class: stated, trainer_class }: Record<string, unknown>,
  path: string,
  warnings: string[],
): ClassName {
  const found = classOf(state);
  if (!found) {
    throw new FormatError(`${quote(path)} holds no dictionary of a known class: neither encoder.weight nor W_enc with a threshold.`);
  }
  // The trainer tells apart what the tensors do not.
  const trained = typeof trainer_class === 'string' && Object.hasOwn(TRAINED, trainer_class) ? TRAINED[trainer_class] : undefined;
  if (trained !== undefined) {
    agree([
      [`dict_class in config.json beside ${quote(path)}`, stated],
      [`the class of its trainer_class ${describe(trainer_class)}`, trained],
    ]);
  }
  if (stated === undefined && found === 'AutoEncoderTopK' && trained === 'BatchTopKSAE') return trained;
  if (stated === undefined || stated === found) return found;
  // StandardTrainerAprilUpdate writes the wrong name.
  if (stated === 'AutoEncoder' && found === 'AutoEncoderNew') {
    warnings.push(`config.json beside ${quote(path)} says AutoEncoder, but the tensors are those of AutoEncoderNew; they count.`);
    return found;
  }
  // These two have the same tensors.
  if (found === 'AutoEncoderTopK' && stated === 'BatchTopKSAE') return 'BatchTopKSAE';
  throw new FormatError(
    `config.json beside ${quote(path)} gives dict_class as ${describe(stated)}, but the tensors are those of ${found}.`,
  );
}

/** What trainers train whose classes have the same tensors; the others write either class, or one that exports from here rename. */
const TRAINED: Record<string, ClassName> = { TopKTrainer: 'AutoEncoderTopK', BatchTopKTrainer: 'BatchTopKSAE' };

function classOf(state: State): ClassName | undefined {
  const has = (...keys: string[]) => keys.every((key) => state.has(key));
  if (has('group_sizes')) return 'MatryoshkaBatchTopKSAE';
  if (has('W_enc')) return has('threshold') ? 'JumpReluAutoEncoder' : undefined;
  if (has('r_mag')) return 'GatedAutoEncoder';
  if (has('encoder.weight', 'b_dec')) return 'AutoEncoderTopK';
  if (has('decoder.bias')) return 'AutoEncoderNew';
  return has('encoder.weight') || has('decoder.weight') ? 'AutoEncoder' : undefined;
}
