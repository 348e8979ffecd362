/** What the features of a dictionary without a label are called, by its index; asked for once, after all that somebody waits for. */
import type { IndexInfo } from '../../api/features.ts';
import { createLatest } from '../shared/latest.ts';
import type { FeatureApi, FeatureStore } from './state.ts';

export type AskCalled = (info: Pick<IndexInfo, 'dictionary' | 'corpus' | 'tokens' | 'made'>) => void;

export function createCalled({ index }: Pick<FeatureApi, 'index'>, store: FeatureStore): AskCalled {
  const lane = createLatest();
  let asked = '';
  return ({ dictionary, corpus, tokens, made }) => {
    const wanted = `${tokens} ${made} ${corpus} ${dictionary}`;
    if (!index || wanted === asked) return;
    asked = wanted;
    void lane
      .run(() => index.names(dictionary, { corpus }))
      .then((answer) => {
        // Without names the commonest token stands there, as ever.
        if (answer.status !== 'done') return;
        store.setState({ called: { dictionary, byLatent: new Map(answer.value.map((name) => [name.latent, name])) } });
      });
  };
}
