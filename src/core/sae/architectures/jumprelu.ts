/** A threshold for each latent (Rajamanoharan et al. 2024); older training files store its logarithm. */
import { readForm, transcoderOf, type OwnTensor } from './form.ts';

const THRESHOLDS: readonly OwnTensor[] = [
  { name: 'threshold', size: 'latents', need: 'one-of-thresholds' },
  { name: 'log_threshold', size: 'latents', need: 'one-of-thresholds' },
];

export const jumprelu = readForm('jumprelu', { selects: 'thresholds', own: THRESHOLDS, dictionaryLearning: 'plain' });
export const jumpreluTranscoder = transcoderOf('jumprelu_transcoder', jumprelu);
export const jumpreluSkipTranscoder = transcoderOf('jumprelu_skip_transcoder', jumpreluTranscoder, { skips: true });
