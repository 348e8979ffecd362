/** The largest of each of k groups of neighbours: sparsify's alone. */
import { readForm, transcoderOf } from './form.ts';

export const groupmax = readForm('groupmax', { selects: 'groups', inSaelens: false });
export const groupmaxTranscoder = transcoderOf('groupmax_transcoder', groupmax);
export const groupmaxSkipTranscoder = transcoderOf('groupmax_skip_transcoder', groupmaxTranscoder, { skips: true });
