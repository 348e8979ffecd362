import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { writeKubernetes, writeSlurm } from '../../core/interp/featureIndex/clusterRecipe.ts';
import { Recipe } from '../shared/Recipe.tsx';
import { useApp } from '../shared/StoreContext.tsx';

/** Tokens and shards of the scripts; both are there to be changed. */
const USUAL = { tokens: 1e9, shards: 64 };

/** The same index over more text than a tab reads. */
export function ClusterIndexRecipes({ dictionary }: { dictionary: DictionaryInfo }) {
  const model = useApp((s) => s.model);
  if (!model) return null;
  const index = { dictionary: dictionary.id, model: model.id, corpus: 'corpus.jsonl', ...USUAL };
  return (
    <details className="fold">
      <summary>Over billions of tokens, on a cluster</summary>
      <p className="hint">
        Each task reads its share of the text; the parts merge into the very index that one machine would have made, and this page opens it.
        The dictionary is exported as a folder of SAELens from its card.
      </p>
      <Recipe name="SLURM array" use="for sbatch" text={writeSlurm(index)} />
      <Recipe name="Kubernetes Job" use="for kubectl apply" text={writeKubernetes(index)} />
    </details>
  );
}
