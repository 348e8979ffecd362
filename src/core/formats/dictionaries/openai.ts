/**
 * openai/sparse_autoencoder (read at 4965b94): one .pt, a state_dict with settings among the tensors.
 * Formulas: reference/sae-libraries.md A5. TopK files imply LayerNorm of the input; nothing in them says so.
 */
import { FormatError } from '../bytes.ts';
import { describe, quote } from '../words.ts';
import { isTensor, type TorchTensor, type TorchValue } from '../torch/index.ts';
import { assertForeign, createCandidate, createConfig, readCount } from './convert.ts';
import { baseName } from './files.ts';
import { hookOfOpenai } from './hookNames.ts';
import type { Candidate } from './opened.ts';
import { agree } from './pairs.ts';
import { asState, bytesOf, partsOf, readScalar, tensorsOf, type State } from './torchState.ts';

const NEEDED = ['encoder.weight', 'decoder.weight', 'latent_bias', 'pre_bias'];

export function isOpenai(value: TorchValue): boolean {
  return asState(value)?.has('pre_bias') === true;
}

/** @throws FormatError */
export async function openOpenai(path: string, value: TorchValue, warnings: string[]): Promise<Candidate> {
  const state = asState(value)!;
  const tensors = tensorsOf(state, NEEDED, path);
  const { d_in, d_sae } = readSizes(tensors, path);
  const expected = { 'encoder.weight': [d_sae, d_in], 'decoder.weight': [d_in, d_sae], latent_bias: [d_sae], pre_bias: [d_in] };
  assertForeign(tensors, expected, 'an OpenAI dictionary', 'its encoder', path);
  const settings = asState(state.get('activation_state_dict'));
  await checkPairs(state, settings, d_sae, path);
  const k = readActivation(state.get('activation'), settings, d_sae, path);
  const hook_name = hookOfOpenai(path);
  if (hook_name === null) {
    warnings.push(`${quote(path)} does not say which hook it reads; OpenAI's folders do (resid_post_mlp_v5_32k/autoencoders/8.pt).`);
  }
  return createCandidate({
    name: path.split('/').slice(-3).join(' ').replace(/\.pt$/, '') || baseName(path),
    format: 'openai',
    config: createConfig({
      architecture: k === undefined ? 'standard' : 'topk',
      d_in,
      d_sae,
      apply_b_dec_to_input: true,
      ...(k !== undefined && { k, rescale_acts_by_decoder_norm: false, normalize_activations: 'layer_norm' as const }),
      hook_name,
      model_name: hook_name === null ? null : 'gpt2-small',
    }),
    bytes: bytesOf(tensors.values()),
    notes: [
      'b_dec is subtracted from the input.',
      ...(k === undefined
        ? []
        : ['TopK files of this library imply LayerNorm of each row; its mean and deviation are put back at the end.']),
    ],
    parts: () =>
      partsOf(tensors, [
        ['encoder.weight', 'W_enc', 'turned'],
        ['decoder.weight', 'W_dec', 'turned'],
        ['latent_bias', 'b_enc'],
        ['pre_bias', 'b_dec'],
      ]),
  });
}

/** k is written beside the tensors too, and ReLU has none. @throws FormatError naming both values */
async function checkPairs(state: State, settings: State | undefined, d_sae: number, path: string): Promise<void> {
  const stored = await readScalar(state, 'activation.k', path);
  const k = settings && (await readScalar(settings, 'k', path));
  agree([
    [`k in activation_state_dict of ${quote(path)}`, k],
    ['activation.k beside it', stored],
  ]);
  agree([
    [`postact_fn in activation_state_dict of ${quote(path)}`, settings?.get('postact_fn')],
    ['activation.postact_fn beside it', state.get('activation.postact_fn')],
  ]);
  const count = k ?? stored;
  if (state.get('activation') === 'ReLU' && count !== undefined)
    throw new FormatError(`${quote(path)} asks for the activation "ReLU", but gives k as ${count}, which only TopK has.`);
  const counted = state.get('stats_last_nonzero');
  if (isTensor(counted)) {
    agree([
      [`the number of features of the encoder in ${quote(path)}`, d_sae],
      ['that of stats_last_nonzero', counted.shape[0]],
    ]);
  }
}

function readSizes(tensors: ReadonlyMap<string, TorchTensor>, path: string): { d_in: number; d_sae: number } {
  const shape = tensors.get('encoder.weight')?.shape;
  if (shape?.length !== 2) throw new FormatError(`${quote(path)} has no encoder.weight with two dimensions.`);
  return { d_in: readCount(shape[1], 'the input width', path), d_sae: readCount(shape[0], 'the number of features', path) };
}

/** @returns k of TopK; undefined for ReLU */
function readActivation(
  name: TorchValue | undefined,
  settings: ReadonlyMap<string, TorchValue> | undefined,
  d_sae: number,
  path: string,
): number | undefined {
  if (name === 'ReLU') return undefined;
  // The library reads any other name as ReLU without a sound.
  if (name !== 'TopK') {
    const said = typeof name === 'string' ? describe(name) : 'nothing';
    throw new FormatError(`${quote(path)} asks for the activation ${said}; known are "ReLU" and "TopK".`);
  }
  const after = settings?.get('postact_fn') ?? 'ReLU';
  if (after !== 'ReLU') {
    throw new FormatError(
      `${quote(path)} asks for ${typeof after === 'string' ? describe(after) : 'something'} after its TopK; only "ReLU" is known.`,
    );
  }
  const k = settings?.get('k');
  if (k === undefined) throw new FormatError(`${quote(path)} asks for TopK, but does not say how many features are kept (k).`);
  return readCount(k, 'k', path, d_sae);
}
