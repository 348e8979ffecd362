/** The k largest of a whole batch, plain and in nested groups; at inference one threshold stands for all latents. */
import { readForm, type OwnTensor } from './form.ts';

const THRESHOLD: OwnTensor = { name: 'topk_threshold', size: 'one', need: 'always' };
const BATCH = { selects: 'one threshold', own: [THRESHOLD], rescales: { byDefault: true }, dictionaryLearning: 'subtracts' } as const;

export const batchtopk = readForm('batchtopk', BATCH);
export const matryoshkaBatchtopk = readForm('matryoshka_batchtopk', BATCH);
