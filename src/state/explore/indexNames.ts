/**
 * What features without a label are called: the token, class of tokens or place that an index says they fire on. Looked up
 * once the text on screen is read, since nobody waits for it.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { FeatureName } from '../../api/features.ts';
import { createLatest } from '../shared/latest.ts';
import type { ExploreState } from './state.ts';

/** What an index says of a feature. */
export interface IndexName extends FeatureName {
  corpus: string;
}

export interface IndexNames {
  dictionary: string;
  byLatent: ReadonlyMap<number, IndexName>;
  /** Each latent's in the corpus. [d_sae] */
  maximum: ArrayLike<number>;
  corpus: string;
}

/** After the features of a text stand on screen. */
const QUIET_MS = 1500;

export function createIndexNames(api: Pick<FeaturescopeApi, 'index'>, store: StoreApi<ExploreState>): void {
  const lane = createLatest();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = '';
  const look = async (dictionary: string) => {
    const outcome = await lane.run(async () => {
      const [summary, names] = await Promise.all([api.index.summary(dictionary), api.index.names(dictionary)]);
      const corpus = summary?.corpus ?? '';
      const byLatent = new Map(names.map((name) => [name.latent, { ...name, corpus }]));
      return { dictionary, byLatent, maximum: summary?.maximum ?? [], corpus };
    });
    // Without names everything works as ever.
    if (outcome.status === 'done') store.setState({ indexNames: outcome.value });
  };
  const schedule = () => {
    const { features, model } = store.getState();
    if (!features || !model) return;
    const key = `${model.hash} ${features.dictionary.id}`;
    if (key === asked) return;
    asked = key;
    clearTimeout(timer);
    timer = setTimeout(() => void look(features.dictionary.id), QUIET_MS);
  };
  store.subscribe((now, was) => {
    if (now.features !== was.features) schedule();
  });
  api.index.subscribe(() => {
    asked = '';
    schedule();
  });
}

/** What the index says of a feature of the dictionary on screen. */
export function indexNameOf(
  { indexNames, features }: Pick<ExploreState, 'indexNames' | 'features'>,
  latent: number,
): IndexName | undefined {
  return indexNames && indexNames.dictionary === features?.dictionary.id ? indexNames.byLatent.get(latent) : undefined;
}
