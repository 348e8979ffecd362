/** What an empty box of the form comes to, so that the box can show it. */
import type { ModelInfo } from '../../api/model.ts';
import { sizeOfRatio } from '../../core/train/expand.ts';
import type { NumberField } from './trainingFields.ts';
import { architectureIn, DEFAULT_RATIO, sizesOf, type DictionaryForm, type TrainingForm } from './trainingForm.ts';

/** In words where it is known only when the run begins, or differs between the dictionaries. */
export function usedNumber({ name, standard }: NumberField, form: TrainingForm): string {
  if (name !== 'clip') return standard;
  const clips = new Set(form.dictionaries.map((group) => String(architectureIn(group).clip ?? 0)));
  return clips.size === 1 ? [...clips][0] : standard;
}

/** Size of a group's dictionaries; '' where its places are of several widths. */
export function usedSize(group: DictionaryForm, model: ModelInfo): string {
  if (group.sizeUnit === 'ratio') return DEFAULT_RATIO;
  const sizes = sizesOf({ ...group, size: '', sizeUnit: 'ratio' }, model).map(({ d_in }) => sizeOfRatio(Number(DEFAULT_RATIO), d_in));
  return new Set(sizes).size === 1 ? String(sizes[0]) : '';
}

/** A dictionary starts from the seed of the run. */
export function usedSeed(form: TrainingForm): string {
  return form.numbers.seed?.trim() || '0';
}
