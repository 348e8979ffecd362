/** `featurescope.index`: built in the study worker, read in the lens. */
import type { Lens } from '../../workers/lens/client.ts';
import type { Study } from '../../workers/study/client.ts';
import type { IndexApi } from '../api/features.ts';
import { UsageError } from '../core/errors.ts';
import { subjectsOf, wantedModel, type ModelInUse } from './subjects.ts';

interface IndexNeeds {
  lens: Lens;
  study: Study;
  model: ModelInUse;
  changed: () => void;
  askToPersist: () => void;
}

type Calls = Omit<IndexApi, 'subscribe'>;

export function createIndexHost({ lens, study, model, changed, askToPersist }: IndexNeeds): Calls {
  const tell = async () => {
    await lens.indices.refresh();
    changed();
  };
  return {
    async build(dictionaries, { onProgress, signal, ...options } = {}) {
      const wanted = wantedModel(model);
      const ids = [...new Set(typeof dictionaries === 'string' ? [dictionaries] : dictionaries)];
      const subjects = await subjectsOf(lens, ids);
      try {
        await study.indices.build([wanted, subjects, options], { signal, onProgress });
        askToPersist();
      } finally {
        await tell();
      }
      return (await lens.indices.list()).filter(
        (info) => ids.includes(info.dictionary) && info.source !== 'built-in' && info.tokens === info.total,
      );
    },
    list: () => lens.indices.list(),
    async remove(dictionary, corpus) {
      await lens.indices.remove([dictionary, corpus]);
      await tell();
    },
    async feature(dictionary, latent, o) {
      const record = (await lens.indices.record([dictionary, latent, o?.corpus])) ?? (await study.indices.peek([dictionary, latent]));
      if (!record) throw new UsageError(`There is no index of ${dictionary} yet. Build it with \`featurescope.index.build\`.`);
      return record;
    },
    summary: (dictionary, o) => lens.indices.summary([dictionary, o?.corpus]),
    names: (dictionary, o) => lens.indices.names([dictionary, o?.corpus]),
    async import(file) {
      const info = await lens.indices.import([file]);
      await tell();
      return info;
    },
  };
}
