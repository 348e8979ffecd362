/** Settings of a run as JSON, turned into a form: what is out of range stands in its box, with the note beside it. */
import type { ModelInfo } from '../../api/model.ts';
import { checkShape } from '../../core/train/checkConfig.ts';
import type { DictionarySpec, TrainConfig } from '../../api/training.ts';
import { architectureOf, ownFields } from '../../core/train/architectures/index.ts';
import { fieldOf, NUMBER_FIELDS } from './trainingFields.ts';
import { emptyDictionary, emptyForm, type DictionaryForm, type TrainingForm } from './trainingForm.ts';

/** Text of pasted settings as a form. @throws Error with a sentence */
export function formOfJson(text: string, model: ModelInfo): TrainingForm {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('This is not JSON. Paste the whole file, from { to }.');
  }
  return formOf(value, model);
}

/** @throws Error with a sentence when it is not the settings of a run */
export function formOf(value: unknown, model: ModelInfo): TrainingForm {
  if (typeof value !== 'object' || value === null || !('dictionaries' in value))
    throw new Error('These are not the settings of a run: there are no "dictionaries".');
  checkShape(value);
  const config = value as TrainConfig;
  const form = emptyForm(model);
  const numbers: TrainingForm['numbers'] = {};
  for (const { name } of NUMBER_FIELDS) {
    const number = fieldOf(config, name);
    if (number !== undefined) numbers[name] = `${number as number}`;
  }
  return {
    name: config.name ?? '',
    dictionaries: [config.dictionaries].flat().map((spec) => groupOf(spec, model)),
    corpus: config.corpus === undefined ? form.corpus : [config.corpus].flat(),
    numbers,
    keep_first: config.keep_first ?? true,
    keep_end_of_text: config.keep_end_of_text ?? true,
  };
}

function groupOf(spec: DictionarySpec, model: ModelInfo): DictionaryForm {
  const text = (value: number | number[] | undefined) => (value === undefined ? '' : [value].flat().map(String).join(', '));
  const group = emptyDictionary(model);
  const { hook, architecture = group.architecture, d_sae, ratio, seed } = spec;
  return {
    ...group,
    ...Object.fromEntries(ownFields(architectureOf({ architecture })).map((field) => [field, text(spec[field])])),
    hooks: [hook].flat(),
    architecture,
    sizeUnit: d_sae === undefined ? 'ratio' : 'd_sae',
    size: text(d_sae ?? ratio),
    seeds: text(seed),
  };
}
