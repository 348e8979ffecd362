/** Cunningham et al. 2023, section 2: f = ReLU(Ŵx + b), x̂ = Ŵᵀf, rows of Ŵ of norm 1. SAELens reads it folded to "standard". */
import { readForm } from './form.ts';

export const tied = readForm('tied', { isTied: true, dictionaryLearning: 'either' });
