/** What architectures with an encoder of their own share. */
import type { Dictionary, DictionaryConfig, DictionaryTensors } from '../../sae/dictionary.ts';
import type { FoldFrame } from '../descriptor.ts';
import { take, type Numbers, type Parameters, type Sizes } from '../types.ts';

/** Weights in SAELens's layout for raw rows: the encoder takes the run's scale, decoder and b_dec give it back. */
export function foldUntied(
  { d_in, d_sae }: Sizes,
  parameters: Parameters,
  scale: number,
  frame: FoldFrame & Pick<DictionaryConfig, 'architecture'>,
): Dictionary {
  const copy = (name: 'W_dec' | 'b_enc' | 'b_dec') => Float32Array.from(take(parameters, name));
  const tensors: DictionaryTensors = {
    W_enc: transpose(take(parameters, 'W_enc'), d_sae, d_in, scale),
    W_dec: copy('W_dec').map((v) => v / scale),
    b_enc: copy('b_enc'),
    b_dec: copy('b_dec').map((v) => v / scale),
  };
  return { config: { ...frame, apply_b_dec_to_input: true }, tensors };
}

/** [rows, width] to [width, rows], times a factor. */
function transpose(matrix: Numbers, rows: number, width: number, factor: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows * width);
  for (let r = 0; r < rows; r++) for (let i = 0; i < width; i++) out[i * rows + r] = matrix[r * width + i] * factor;
  return out;
}
