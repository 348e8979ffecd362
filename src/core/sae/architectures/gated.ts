/** One map decides whether a latent is on, another how strong it is; they share directions. */
import { readForm, type OwnTensor } from './form.ts';

const BIASES = (['b_gate', 'b_mag', 'r_mag'] as const).map((name): OwnTensor => ({ name, size: 'latents', need: 'always' }));

export const gated = { ...readForm('gated', { selects: 'gate', dictionaryLearning: 'subtracts' }), own: BIASES };
