/** Starting points of the form of a training run. */
import type { ModelInfo } from '../../api/model.ts';
import { emptyDictionary, emptyForm, type TrainingForm } from './trainingForm.ts';

export interface Preset {
  name: string;
  words: string;
  form: (model: ModelInfo) => TrainingForm;
}

/** Starting points; each replaces the form. */
export const PRESETS: readonly Preset[] = [
  {
    name: 'A quick look',
    words: 'A small dictionary in the middle of the model, to see how it goes.',
    form: (model) => ({
      ...emptyForm(model),
      dictionaries: [{ ...emptyDictionary(model), size: '2' }],
      numbers: { tokens: '200000' },
    }),
  },
  {
    name: 'As the paper',
    words: 'Tied ReLU + L1, α 8.577e-4, twice as many features as numbers (R 2), Adam at 0.001, nothing else.',
    form: (model) => ({
      ...emptyForm(model),
      dictionaries: [{ ...emptyDictionary(model), size: '2', alpha: '0.0008577' }],
      corpus: ['moby-dick', 'sotu'],
      numbers: { tokens: '5000000' },
    }),
  },
  {
    name: 'A sweep of α',
    words: 'Five weights of sparsity on one stream, for the picture of sparsity against error.',
    form: (model) => ({
      ...emptyForm(model),
      dictionaries: [{ ...emptyDictionary(model), alpha: '0.0005, 0.001, 0.002, 0.004, 0.008' }],
      numbers: { tokens: '1000000' },
    }),
  },
];
