/** `featurescope.index`: built in the study worker, read in the lens. */
import type { Lens } from '../../workers/lens/client.ts';
import type { Study } from '../../workers/study/client.ts';
import type { IndexApi } from '../api/features.ts';
import type { ModelInfo, WantedModel } from '../api/model.ts';
import { UsageError } from '../core/errors.ts';

interface IndexNeeds {
  lens: Lens;
  study: Study;
  /** The model in use; undefined before the first. */
  model: () => (WantedModel & { info: ModelInfo }) | undefined;
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
      const wanted = model();
      if (!wanted) throw new UsageError('No model is loaded yet; wait for `featurescope.ready`.');
      const ids = [...new Set(typeof dictionaries === 'string' ? [dictionaries] : dictionaries)];
      const known = await lens.library.list();
      const subjects = await Promise.all(
        ids.map(async (id) => ({
          id,
          hash: known.find((info) => info.id === id)?.hash ?? '',
          dictionary: await lens.library.unread([id]),
        })),
      );
      const { id, hash, source: from } = wanted.info;
      try {
        await study.indices.build([{ info: { id, hash, source: from }, source: wanted.source }, subjects, options], { signal, onProgress });
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
    async import(file) {
      const info = await lens.indices.import([file]);
      await tell();
      return info;
    },
  };
}
