/** What ids look like: asked once for each, of the model in use. */
import type { FeaturescopeApi } from '../../api/featurescope.ts';

export interface TokenNames {
  /** Has the names of these ids kept. */
  learn: (ids: Iterable<number>) => Promise<void>;
  /** Another model has other tokens. */
  forget: () => void;
}

type Names = ReadonlyMap<number, string>;

/** @param get those that are kept. @param put keeps these in their place */
export function createTokenNames(
  { detokenize }: Pick<FeaturescopeApi, 'detokenize'>,
  get: () => Names,
  put: (names: Names) => void,
): TokenNames {
  let model = 0;
  return {
    async learn(ids) {
      const asked = model;
      const unknown = [...new Set(ids)].filter((id) => !get().has(id));
      if (unknown.length === 0) return;
      const rows = await detokenize(unknown.map((id) => [id]));
      if (asked === model) put(new Map([...get(), ...unknown.map((id, i) => [id, rows[i].tokens[0]] as const)]));
    },
    forget() {
      model++;
      put(new Map());
    },
  };
}
