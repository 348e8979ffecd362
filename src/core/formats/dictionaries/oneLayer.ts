/**
 * neelnanda-io/1L-Sparse-Autoencoder: {version}.pt with {version}_cfg.json.
 * f = ReLU((x − b_dec)·W_enc + b_enc); x̂ = f·W_dec + b_dec (reference/sae-libraries.md A7).
 */
import { FormatError } from '../bytes.ts';
import { describe, maybeRecord, quote } from '../words.ts';
import type { TorchValue } from '../torch/index.ts';
import { assertForeign, createCandidate, createConfig, readCount } from './convert.ts';
import { hookOfName } from './hookNames.ts';
import type { Candidate } from './opened.ts';
import { agree, findClash, layerOfHook } from './pairs.ts';
import { isCentredHook } from './saelensConfig.ts';
import { asState, bytesOf, nameKind, partsOf, refuseOthers, tensorsOf } from './torchState.ts';

const EXTENSION = /\.(pt|pth)$/;
const TENSORS = ['W_enc', 'W_dec', 'b_enc', 'b_dec'];

/** The file of settings beside a PyTorch file. */
export function cfgOf(name: string): string {
  return name.replace(EXTENSION, '_cfg.json');
}

/** How it calls number formats. */
const ENC_DTYPE: Record<string, string> = { F32: 'fp32', F16: 'fp16', BF16: 'bf16' };

function dtypeClash(cfg: Record<string, unknown>, stored: string, name: string): string[] {
  const clash = findClash([
    [`enc_dtype in ${name}`, cfg.enc_dtype],
    ['the number format of its encoder', ENC_DTYPE[stored]],
  ]);
  return clash ? [clash] : [];
}

/** @throws FormatError naming both values */
function checkPairs(cfg: Record<string, unknown>, hook: string | null, d_in: number, name: string): void {
  const { dict_mult, dict_size, layer, site } = cfg;
  if (typeof dict_mult === 'number' && dict_size !== undefined) {
    agree([
      [`dict_size in ${name}`, dict_size],
      [`dict_mult times the width there (${dict_mult} · ${d_in})`, dict_mult * d_in],
    ]);
  }
  agree([
    [`the layer of act_name ${describe(cfg.act_name)} in ${name}`, layerOfHook(hook)],
    ['layer there', layer],
  ]);
  const ofName = /(?:^|\.)(?:hook_)?(resid_pre|resid_mid|resid_post|mlp_out|attn_out)$/.exec(hook ?? '')?.[1];
  if (ofName !== undefined) {
    agree([
      [`the place of act_name ${describe(cfg.act_name)} in ${name}`, ofName],
      ['site there', site],
    ]);
  }
}

/**
 * @param configuration parsed {version}_cfg.json
 * @throws FormatError
 */
export async function openOneLayer(path: string, value: TorchValue, configuration: unknown, warnings: string[]): Promise<Candidate> {
  const state = asState(value);
  if (!state) throw new FormatError(`${quote(path)} holds ${nameKind(value)} in place of a dictionary's weights.`);
  refuseOthers(state, TENSORS, '1L-Sparse-Autoencoder dictionary', path);
  const cfg = maybeRecord(configuration) ?? {};
  const tensors = tensorsOf(state, TENSORS, path);
  const shape = tensors.get('W_enc')?.shape;
  if (shape?.length !== 2) throw new FormatError(`${quote(path)} has no W_enc with two dimensions.`);
  const [d_in, d_sae] = [readCount(shape[0], 'the input width', path), readCount(shape[1], 'the number of features', path)];
  // dict_size is absent where the width follows from dict_mult.
  for (const [key, size] of [
    ['act_size', d_in],
    ['dict_size', d_sae],
  ] as const) {
    if (cfg[key] !== undefined && cfg[key] !== size) {
      throw new FormatError(`${quote(cfgOf(path))} gives ${key} as ${describe(cfg[key])}, but the encoder has ${size}.`);
    }
  }
  assertForeign(
    tensors,
    { W_enc: [d_in, d_sae], W_dec: [d_sae, d_in], b_enc: [d_sae], b_dec: [d_in] },
    'this dictionary',
    'its encoder',
    path,
  );
  const hook_name = typeof cfg.act_name === 'string' ? hookOfName(cfg.act_name) : null;
  checkPairs(cfg, hook_name, d_in, quote(cfgOf(path)));
  warnings.push(...dtypeClash(cfg, tensors.get('W_enc')!.dtype, quote(cfgOf(path))));
  if (hook_name === null) warnings.push(`${quote(cfgOf(path))} does not say which hook the dictionary reads (act_name).`);
  else if (isCentredHook(hook_name)) {
    warnings.push(
      `${quote(path)} was trained through TransformerLens, which centres ${hook_name} by default; its files do not say whether it did.`,
    );
  }
  return createCandidate({
    name: path.split('/').pop()!.replace(EXTENSION, ''),
    format: '1L-sae',
    config: createConfig({
      architecture: 'standard',
      d_in,
      d_sae,
      apply_b_dec_to_input: true,
      hook_name,
      model_name: typeof cfg.model_name === 'string' ? cfg.model_name : null,
      context_size: typeof cfg.seq_len === 'number' ? cfg.seq_len : null,
    }),
    bytes: bytesOf(tensors.values()),
    record: configuration,
    notes: ['b_dec is subtracted from the input.'],
    parts: () =>
      partsOf(
        tensors,
        TENSORS.map((name) => [name, name]),
      ),
  });
}
