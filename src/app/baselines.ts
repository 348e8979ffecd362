/** `featurescope.baselines`: other directions, made in the study worker and kept in the lens's library as imported ones are. */
import type { Lens } from '../../workers/lens/client.ts';
import type { Study } from '../../workers/study/client.ts';
import type { BaselinesApi } from '../api/features.ts';
import { wantedModel, type ModelInUse } from './subjects.ts';

interface BaselinesNeeds {
  lens: Lens;
  study: Study;
  model: ModelInUse;
  libraryChanged: () => void;
  askToPersist: () => void;
}

export function createBaselines({ lens, study, model, libraryChanged, askToPersist }: BaselinesNeeds): BaselinesApi {
  return {
    async make(options, { signal, onProgress } = {}) {
      const files = await study.baselines.make([wantedModel(model), options], { signal, onProgress });
      const { dictionaries, warnings } = await lens.library.import([files, {}], { signal });
      askToPersist();
      libraryChanged();
      // Such as that it cannot be kept for the next visit.
      if (warnings.length > 0) onProgress?.({ done: 1, total: 1, message: warnings.join(' ') });
      return dictionaries[0];
    },
  };
}
