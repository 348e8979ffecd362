/** Texts to train on: those that ship with the page, and those a person adds. */
import type { Trainer } from '../../workers/trainer/client.ts';
import { listShippedCorpora, type CorpusStore } from '../cache/corpusStore.ts';
import { UsageError } from '../core/errors.ts';
import { quote } from '../core/formats/words.ts';
import type { StorageUse } from '../api/storage.ts';
import type { CorpusInfo } from '../core/train/runTypes.ts';
import type { TrainingNeeds } from './training.ts';

interface AddedTextsNeeds extends Pick<TrainingNeeds, 'base' | 'askToPersist'> {
  trainer: Trainer;
  /** Tells who shows the list. */
  changed: () => void;
}

export class AddedTexts {
  readonly #need: AddedTextsNeeds;
  readonly #store: CorpusStore;

  constructor(need: AddedTextsNeeds, store: CorpusStore) {
    this.#need = need;
    this.#store = store;
  }

  async add(
    name: string,
    data: File | string,
    { field, signal }: { field?: string; signal?: AbortSignal } = {},
  ): Promise<{ corpus: CorpusInfo; warnings: string[] }> {
    const file = typeof data === 'string' ? { path: 'The text', data: new Blob([data]) } : { path: data?.name, data };
    if (!(file.data instanceof Blob) || typeof file.path !== 'string')
      throw new UsageError('corpus.add takes a name and a File or a string.');
    const added = await this.#need.trainer.corpora.add([name, file, field === undefined ? {} : { field }], { signal });
    this.#need.changed();
    this.#need.askToPersist();
    return added;
  }

  async list(): Promise<CorpusInfo[]> {
    const [shipped, added] = await Promise.all([listShippedCorpora(this.#need.base), this.#store.list().catch(() => [])]);
    return [...shipped.map(({ path: _, ...corpus }) => corpus), ...added];
  }

  async remove(name: string): Promise<void> {
    const shipped = await listShippedCorpora(this.#need.base);
    if (shipped.some((corpus) => corpus.name === name)) throw new UsageError(`"${name}" ships with the page and cannot be removed.`);
    if (!(await this.#store.list()).some((corpus) => corpus.name === name)) {
      throw new UsageError(`There is no text called "${quote(String(name))}" among those you added.`);
    }
    await this.#store.remove(name);
    this.#need.changed();
  }

  /** What is kept of them, for the list of everything stored. */
  async stored(): Promise<StorageUse['items']> {
    const texts = await this.#store.list().catch(() => []);
    return texts.map(({ name, bytes }) => ({ kind: 'corpus' as const, id: name, label: `Text “${name}”`, bytes }));
  }
}
