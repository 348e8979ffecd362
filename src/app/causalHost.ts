/** Causal trees and prompt circuits: in the study worker, on contexts that the lens has from an index. */
import type { Lens } from '../../workers/lens/client.ts';
import type { Study } from '../../workers/study/client.ts';
import type { CausalApi, CausalContexts, TreeOptions } from '../api/causal.ts';
import { UsageError } from '../core/errors.ts';
import { chooseContexts } from '../core/interp/causal/contexts.ts';
import { seedOf, wholeOf } from '../core/interp/causal/options.ts';
import { subjectsOf, wantedModel, type ModelInUse } from './subjects.ts';

export interface CausalNeeds {
  lens: Lens;
  study: Study;
  model: ModelInUse;
}

export function createCausalHost({ lens, study, model }: CausalNeeds): CausalApi {
  /** What the worker watches the target on. */
  const contextsOf = async (on: CausalContexts, { target, seed }: TreeOptions) => {
    if ('text' in on) return on;
    if ('ids' in on) {
      if (!Array.isArray(on.ids)) throw new UsageError('`ids` must be a list of texts, each a list of token ids.');
      return { contexts: on.ids.map((ids) => ({ ids })) };
    }
    if (on.kind !== 'top' && on.kind !== 'spread') throw new UsageError("The kind of `contexts` must be 'top' or 'spread'.");
    const count = wholeOf('contexts', on.count);
    const { dictionary, latent } = target;
    const kept = (await lens.indices.record([dictionary, latent, on.corpus])) ?? (await study.indices.peek([dictionary, latent]));
    if (!kept) {
      throw new UsageError(
        `There is no index of ${dictionary} to take contexts from. Build it with \`featurescope.index.build\`, or give a text.`,
      );
    }
    const contexts = chooseContexts(kept, on.kind, count, seedOf(seed));
    if (contexts.length === 0) throw new UsageError('The index of this dictionary has no context in which the feature fires. Give a text.');
    return { contexts };
  };
  return {
    async tree(o, { signal, onProgress } = {}) {
      checkNamed(o);
      const wanted = wantedModel(model);
      const { contexts = { kind: 'top' }, target, dictionaries, ...settings } = o;
      const subjects = await subjectsOf(lens, [...new Set([target.dictionary, ...dictionaries])]);
      const on = await contextsOf(contexts, o);
      const corpus = 'kind' in contexts ? contexts.corpus : undefined;
      const asked = { target, on, settings, ...(corpus !== undefined && { corpus }) };
      return study.causal.tree([wanted, subjects, asked], { signal, onProgress });
    },
    async circuit({ dictionaries, ...rest }, { signal, onProgress } = {}) {
      if (!Array.isArray(dictionaries)) throw new UsageError('`dictionaries` must be a list of dictionaries.');
      const wanted = wantedModel(model);
      const subjects = await subjectsOf(lens, [...new Set(dictionaries)]);
      return study.causal.circuit([wanted, subjects, rest], { signal, onProgress });
    },
  };
}

/** @throws UsageError */
function checkNamed({ target, dictionaries }: TreeOptions): void {
  if (typeof target?.dictionary !== 'string') throw new UsageError('`target` must be { dictionary, latent }.');
  if (!Array.isArray(dictionaries)) throw new UsageError('`dictionaries` must be a list: where parents are looked for.');
}
