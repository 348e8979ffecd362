/**
 * Gemma Scope's layout (SAELens 6.18 loading/pretrained_sae_loaders.py): params.npz with W_enc [d, n],
 * W_dec [n, d], b_enc, b_dec and threshold; JumpReLU, b_dec not subtracted from the input. The folders
 * name the layer: layer_20/width_16k/average_l0_71.
 */
import { FormatError, type BlobLike } from '../bytes.ts';
import { readNpz } from '../npz.ts';
import { listNames, quote } from '../words.ts';
import { assertForeign, createCandidate, createConfig, readCount } from './convert.ts';
import { hookOfGemmaScope } from './hookNames.ts';
import type { Candidate } from './opened.ts';
import { bytesOf, partsOf } from './torchState.ts';

const TENSORS = ['W_enc', 'W_dec', 'b_enc', 'b_dec', 'threshold'];

/** "width_16k" is a round word for 16,384. */
function noteWidth(path: string, d_sae: number): string[] {
  const [, count, unit] = /(?:^|\/)width_(\d+)([km])(?:\/|$)/.exec(path) ?? [];
  if (count === undefined) return [];
  const [least, most] = unit === 'k' ? [1000, 1024] : [1000 ** 2, 1024 ** 2];
  const fits = d_sae >= Number(count) * least && d_sae <= (Number(count) + 1) * most;
  return fits ? [] : [`Its folder says width_${count}${unit}, but it has ${d_sae} features. The tensors count.`];
}

/** @throws FormatError */
export async function openGemmaScope(path: string, file: BlobLike, warnings: string[]): Promise<Candidate> {
  const arrays = await readNpz(file, path);
  const rest = [...arrays.keys()].filter((name) => !TENSORS.includes(name));
  if (rest.length > 0) throw new FormatError(`${quote(path)} holds ${listNames(rest)}, which no dictionary in Gemma Scope's layout has.`);
  const shape = arrays.get('W_enc')?.shape;
  if (shape?.length !== 2) throw new FormatError(`${quote(path)} has no W_enc with two dimensions.`);
  const [d_in, d_sae] = [readCount(shape[0], 'the input width', path), readCount(shape[1], 'the number of features', path)];
  const expected = { W_enc: [d_in, d_sae], W_dec: [d_sae, d_in], b_enc: [d_sae], b_dec: [d_in], threshold: [d_sae] };
  assertForeign(arrays, expected, "Gemma Scope's layout", 'its encoder', path);
  const hook_name = hookOfGemmaScope(path);
  if (hook_name === null) {
    warnings.push(`${quote(path)} does not say which hook it reads; Gemma Scope's folders do (layer_20/width_16k/average_l0_71).`);
  }
  return createCandidate({
    name: path.split('/').slice(-4, -1).join(' ') || 'params',
    format: 'gemma-scope',
    config: createConfig({ architecture: 'jumprelu', d_in, d_sae, hook_name }),
    bytes: bytesOf(arrays.values()),
    notes: ['JumpReLU with a threshold for each feature; b_dec is not subtracted from the input.', ...noteWidth(path, d_sae)],
    parts: () =>
      partsOf(
        arrays,
        TENSORS.map((name) => [name, name]),
      ),
  });
}
