/** The dictionaries of a run that goes on here: looked through while they are trained, and put into the library at its end. */
import type { Trainer } from '../../workers/trainer/client.ts';
import type { DictionaryInfo } from '../api/dictionaries.ts';
import type { Run } from '../api/training.ts';
import type { RunInfo } from '../core/train/runTypes.ts';
import type { TrainingNeeds } from './training.ts';

/** What a run ended with. */
export type Outcome = Awaited<Run['done']>;

export interface RunDictionariesNeeds extends Pick<TrainingNeeds, 'lens' | 'libraryChanged'> {
  trainer: Trainer;
}

export class RunDictionaries {
  readonly #run: string;
  readonly #need: RunDictionariesNeeds;
  /** Ids of the opened previews, by dictionary. */
  readonly #previews = new Map<number, string>();

  /** @param run id of the run */
  constructor(run: string, need: RunDictionariesNeeds) {
    this.#run = run;
    this.#need = need;
  }

  /** A dictionary as it is now, opened in the page. */
  async preview(index: number, { name, step }: Pick<RunInfo, 'name' | 'step'>): Promise<DictionaryInfo> {
    const { lens, trainer, libraryChanged } = this.#need;
    const files = await trainer.runs.files([this.#run, index]);
    const options = { label: `${name}, dictionary ${index} at step ${step} (in training)`, replaces: this.#previews.get(index) ?? null };
    const info = await lens.library.preview([files, options]);
    this.#previews.set(index, info.id);
    libraryChanged();
    return info;
  }

  async removePreviews(): Promise<void> {
    const ids = [...this.#previews.values()];
    this.#previews.clear();
    for (const id of ids) await this.#need.lens.library.remove([id]).catch(() => undefined);
    if (ids.length > 0) this.#need.libraryChanged();
  }

  /** Puts the first `count` into the library. @returns their ids, and why they are not kept there */
  async import(count: number): Promise<{ ids: string[]; problem: string }> {
    const { lens, trainer, libraryChanged } = this.#need;
    const ids: string[] = [];
    let problem = '';
    for (let index = 0; index < count; index++) {
      const files = await trainer.runs.files([this.#run, index]);
      const imported = await lens.library.import([files, {}]);
      const [{ id }] = imported.dictionaries;
      ids.push(id);
      if (!(await lens.library.kept([])).includes(id)) problem ||= imported.warnings.at(-1) ?? '';
    }
    libraryChanged();
    return { ids, problem };
  }
}

export function outcomeOf({ plan, dictionaries }: RunInfo): Outcome['dictionaries'] {
  return dictionaries.flatMap(({ id, evaluation }, i) => (id && plan ? [{ id, config: plan.dictionaries[i], metrics: evaluation }] : []));
}
