/** One experiment at a time: the model that one uses is not taken away for another's. */
import { AbortedError, throwIfStopped } from '../../src/core/errors.ts';
import { readDictionary, type UnreadDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type { WantedModel } from '../../src/api/model.ts';
import type { Dictionary } from '../../src/core/sae/dictionary.ts';
import type { LoadedModel } from '../../src/engine/model/openModel.ts';
import type { EvaluationParts } from '../evaluation.ts';
import type { ModelHolder } from '../modelHolder.ts';

/** The model cannot be opened in this worker, be it for lack of room or of its files; who has it open already may go on. */
class UnavailableError extends Error {
  override name = 'UnavailableError';
  readonly code = 'unavailable';
}

/** What an experiment on several dictionaries computes with. */
export type StudyParts = Pick<EvaluationParts, 'loaded' | 'engine'> & { dictionaries: Dictionary[] };

export class Desk {
  readonly #holder: ModelHolder;
  #last: Promise<unknown> = Promise.resolve();

  constructor(holder: ModelHolder) {
    this.#holder = holder;
  }

  /** Waits for its turn. @throws AbortedError; UnavailableError; what reading the dictionary and `work` throw */
  use<T>(signal: AbortSignal, model: WantedModel, unread: UnreadDictionary, work: (parts: EvaluationParts) => Promise<T>): Promise<T> {
    return this.useAll(signal, model, [unread], ({ loaded, engine, dictionaries: [dictionary] }) => work({ loaded, engine, dictionary }));
  }

  /** The same with several dictionaries. */
  useAll<T>(
    signal: AbortSignal,
    model: WantedModel,
    unread: readonly UnreadDictionary[],
    work: (parts: StudyParts) => Promise<T>,
  ): Promise<T> {
    const turn = this.#last;
    const mine = (async () => {
      await turn.catch(() => {});
      throwIfStopped(signal);
      try {
        return await this.#measure(signal, model, unread, work);
      } finally {
        await this.#holder.dropIfLost();
      }
    })();
    this.#last = mine;
    return mine;
  }

  async #measure<T>(
    signal: AbortSignal,
    model: WantedModel,
    unread: readonly UnreadDictionary[],
    work: (parts: StudyParts) => Promise<T>,
  ): Promise<T> {
    const loaded = await this.#open(signal, model);
    const { engine } = await this.#holder.device();
    const dictionaries: Dictionary[] = [];
    try {
      for (const one of unread) dictionaries.push(await readDictionary(one, signal));
      return await work({ loaded, engine, dictionaries });
    } finally {
      for (const dictionary of dictionaries) engine.forget(dictionary);
    }
  }

  async #open(signal: AbortSignal, model: WantedModel): Promise<LoadedModel> {
    try {
      return await this.#holder.load(model, { signal, say: () => {} });
    } catch (error) {
      if (error instanceof AbortedError || signal.aborted) throw error;
      throw new UnavailableError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }
}
