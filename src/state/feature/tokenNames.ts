/** What ids look like: asked once for each, of the model in use. */
import type { Effects, FeatureRecord, LatentWeights } from '../../api/features.ts';
import type { FeatureApi, FeatureStore } from './state.ts';

export interface TokenNames {
  /** Puts the names of these ids into the store. */
  learn: (ids: Iterable<number>) => Promise<void>;
  /** Another model has other tokens. */
  forget: () => void;
}

export function createTokenNames(api: Pick<FeatureApi, 'detokenize'>, store: FeatureStore): TokenNames {
  let model = 0;
  return {
    async learn(ids) {
      const asked = model;
      const unknown = [...new Set(ids)].filter((id) => !store.getState().names.has(id));
      if (unknown.length === 0) return;
      const rows = await api.detokenize(unknown.map((id) => [id]));
      if (asked !== model) return;
      store.setState((s) => ({ names: new Map([...s.names, ...unknown.map((id, i) => [id, rows[i].tokens[0]] as const)]) }));
    },
    forget() {
      model++;
      store.setState({ names: new Map() });
    },
  };
}

export function idsOfRecord({ firing, by_bin }: FeatureRecord): number[] {
  return [...firing.map(({ id }) => id), ...by_bin.flatMap(({ id }) => id ?? [])];
}

/** All that may stand in a stack, whatever the threshold. */
export function idsOfEffects({ next, up, down }: Effects): Iterable<number> {
  return next ?? [up, down].flatMap(({ series }) => series.flatMap(({ id }) => id ?? []));
}

export function idsOfWeights({ writes, reads }: LatentWeights): number[] {
  return [writes.top, writes.bottom, reads.top, reads.bottom].flatMap((tokens) => tokens.map(({ id }) => id));
}
