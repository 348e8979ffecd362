/**
 * What features without a label are called: the token that an index says they fire on, where most of their activation
 * lies on it. Looked up once the text on screen is read, since nobody waits for it.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { IndexSummary } from '../../api/features.ts';
import type { NamedToken } from '../../core/lm/glyphs.ts';
import { createLatest } from '../shared/latest.ts';
import type { ExploreState } from './state.ts';

/** What an index says of a feature. */
export interface IndexName {
  name: NamedToken;
  /** Of its activation in that corpus. */
  share: number;
  corpus: string;
}

export interface IndexNames {
  dictionary: string;
  byLatent: ReadonlyMap<number, IndexName>;
  /** Each latent's in the corpus. [d_sae] */
  maximum: ArrayLike<number>;
  corpus: string;
}

/** A feature is called by a token that has at least this share of its activation. */
const LEAST_SHARE = 0.5;
/** After the features of a text stand on screen. */
const QUIET_MS = 1500;

export function createIndexNames(api: Pick<FeaturescopeApi, 'index' | 'detokenize'>, store: StoreApi<ExploreState>): void {
  const lane = createLatest();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = '';
  const look = async (dictionary: string) => {
    const outcome = await lane.run(async () => {
      const summary = await api.index.summary(dictionary);
      const byLatent = summary ? await namesOf(summary, api) : new Map<number, IndexName>();
      return { dictionary, byLatent, maximum: summary?.maximum ?? [], corpus: summary?.corpus ?? '' };
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

async function namesOf(summary: IndexSummary, api: Pick<FeaturescopeApi, 'detokenize'>): Promise<Map<number, IndexName>> {
  const latents = Array.from(summary.token.keys()).filter((j) => summary.token[j] >= 0 && summary.share[j] >= LEAST_SHARE);
  const ids = [...new Set(latents.map((j) => summary.token[j]))];
  if (ids.length === 0) return new Map();
  const rows = await api.detokenize(ids.map((id) => [id]));
  const letters = new Map(ids.map((id, i) => [id, rows[i].tokens[0] ?? '']));
  return new Map(
    latents.map((j) => {
      const text = letters.get(summary.token[j])!;
      return [j, { name: { text, part: 1, of: 1 }, share: summary.share[j], corpus: summary.corpus }];
    }),
  );
}

/** What the index says of a feature of the dictionary on screen. */
export function indexNameOf(
  { indexNames, features }: Pick<ExploreState, 'indexNames' | 'features'>,
  latent: number,
): IndexName | undefined {
  return indexNames && indexNames.dictionary === features?.dictionary.id ? indexNames.byLatent.get(latent) : undefined;
}
