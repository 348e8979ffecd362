/** One experiment at a time: the model that one uses is not taken away for another's. */
import { AbortedError, throwIfStopped } from '../../src/core/errors.ts';
import { readDictionary, type UnreadDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type { WantedModel } from '../../src/api/model.ts';
import type { LoadedModel } from '../../src/engine/model/openModel.ts';
import type { EvaluationParts } from '../evaluation.ts';
import type { ModelHolder } from '../modelHolder.ts';

/** The model cannot be opened in this worker, be it for lack of room or of its files; who has it open already may go on. */
class UnavailableError extends Error {
  override name = 'UnavailableError';
  readonly code = 'unavailable';
}

export class Desk {
  readonly #holder: ModelHolder;
  #last: Promise<unknown> = Promise.resolve();

  constructor(holder: ModelHolder) {
    this.#holder = holder;
  }

  /** Waits for its turn. @throws AbortedError; UnavailableError; what reading the dictionary and `work` throw */
  use<T>(signal: AbortSignal, model: WantedModel, unread: UnreadDictionary, work: (parts: EvaluationParts) => Promise<T>): Promise<T> {
    return this.useModel(
      signal,
      model,
      () => {},
      async (loaded) => {
        const { engine } = await this.#holder.device();
        const dictionary = await readDictionary(unread, signal);
        try {
          return await work({ loaded, engine, dictionary });
        } finally {
          engine.forget(dictionary);
        }
      },
    );
  }

  /**
   * As `use`, for work that needs no dictionary.
   * @param say gets what is going on while the model is read, as a sentence
   */
  useModel<T>(
    signal: AbortSignal,
    model: WantedModel,
    say: (message: string) => void,
    work: (loaded: LoadedModel) => Promise<T>,
  ): Promise<T> {
    const turn = this.#last;
    const mine = (async () => {
      await turn.catch(() => {});
      throwIfStopped(signal);
      try {
        return await work(await this.#open(signal, model, say));
      } finally {
        await this.#holder.dropIfLost();
      }
    })();
    this.#last = mine;
    return mine;
  }

  async #open(signal: AbortSignal, model: WantedModel, say: (message: string) => void): Promise<LoadedModel> {
    try {
      return await this.#holder.load(model, { signal, say });
    } catch (error) {
      if (error instanceof AbortedError || signal.aborted) throw error;
      throw new UnavailableError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }
}
