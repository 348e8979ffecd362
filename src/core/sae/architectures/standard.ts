/** SAELens's "standard", f = ReLU(W_enc(x − b_dec) + b_enc), and its transcoders, with and without a linear skip. */
import { readForm, transcoderOf } from './form.ts';

export const standard = readForm('standard', { dictionaryLearning: 'either' });
export const transcoder = transcoderOf('transcoder', standard);
export const skipTranscoder = transcoderOf('skip_transcoder', transcoder, { skips: true });
