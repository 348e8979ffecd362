/** The k largest of a row, SAELens's and sparsify's; the transcoders are sparsify's alone. */
import { readForm, transcoderOf } from './form.ts';

export const topk = readForm('topk', { selects: 'largest', rescales: { byDefault: false }, dictionaryLearning: 'subtracts' });
export const topkTranscoder = transcoderOf('topk_transcoder', topk, { inSaelens: false });
export const topkSkipTranscoder = transcoderOf('topk_skip_transcoder', topkTranscoder, { skips: true });
