/** What features do, read and resemble: in the study worker, which opens the model in use once more. */
import type { Lens } from '../../workers/lens/client.ts';
import type { Study } from '../../workers/study/client.ts';
import type { FeaturesApi } from '../api/features.ts';
import { UsageError } from '../core/errors.ts';
import { subjectsOf, wantedModel, type ModelInUse } from './subjects.ts';
import { watchOver } from './watchdog.ts';

export interface FeaturesNeeds {
  lens: Lens;
  study: Study;
  /** Ends the study worker, whatever it does; the next call starts another. */
  end: () => void;
  model: ModelInUse;
}

export function createFeatureHost({
  lens,
  study,
  end,
  model,
}: FeaturesNeeds): Pick<FeaturesApi, 'effects' | 'weights' | 'neighbours' | 'rule'> {
  /** What the worker is told of a dictionary. */
  const subjectOf = async (dictionary: string) => {
    const wanted = wantedModel(model);
    const [{ hash, dictionary: unread }] = await subjectsOf(lens, [dictionary]);
    return { model: wanted, dictionary: unread, hash };
  };
  return {
    async effects(dictionary, latent, on = {}, { signal, onProgress, ...options } = {}) {
      return study.features.effects([await subjectOf(dictionary), latent, on, options], { signal, onProgress });
    },
    async weights(dictionary, latent, { signal, ...options } = {}) {
      return study.features.weights([await subjectOf(dictionary), latent, options], { signal });
    },
    async neighbours(dictionary, latent, { signal, onProgress, elsewhere = [], ...options } = {}) {
      if (!Array.isArray(elsewhere)) throw new UsageError('`elsewhere` must be a list of dictionaries.');
      const others = await Promise.all(elsewhere.map(async (id) => ({ id, dictionary: await lens.library.unread([id]) })));
      return study.features.neighbours([await subjectOf(dictionary), latent, others, options], { signal, onProgress });
    },
    async rule(dictionary, latent, rule, { signal, onProgress, ...options } = {}) {
      const watch = watchOver({ ping: () => study.device.ping(), end });
      try {
        const figures = await study.features.rule([await subjectOf(dictionary), latent, rule, options], {
          signal,
          onProgress({ done, total, matching }) {
            if (matching) watch.begin();
            onProgress?.({ done, total });
          },
        });
        watch.finish();
        return figures;
      } catch (error) {
        if (signal?.aborted) watch.leave();
        else watch.finish();
        if (!watch.ended()) throw error;
        throw new UsageError(
          'An expression of the rule took too long on one place of the text. Make it simpler: repetition inside repetition, as in (a+)+, is what takes for ever.',
          { cause: error },
        );
      }
    },
  };
}
