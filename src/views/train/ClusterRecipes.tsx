import type { ModelInfo } from '../../api/model.ts';
import type { TrainConfig } from '../../api/training.ts';
import { writeSaelensScript, writeSparsifyCommands } from '../../core/train/recipes.ts';
import { Recipe } from '../shared/Recipe.tsx';

/** The settings for those who outgrow a tab. */
export function ClusterRecipes({ config, model }: { config: TrainConfig | null; model: ModelInfo | null }) {
  const scripts = config && model ? writeScripts(config, model) : null;
  return (
    <details className="fold">
      <summary>For a GPU cluster</summary>
      {scripts ? (
        <>
          <Recipe name="SAELens script" use="trains all of them with SAELens in Python; its folders open here." text={scripts.saelens} />
          {scripts.sparsify === '' ? (
            <p className="hint">sparsify trains TopK at the outputs of blocks, attention and MLP only, so there is no command for it.</p>
          ) : (
            <Recipe name="sparsify command" use="trains the TopK ones with sparsify; its run folder opens here." text={scripts.sparsify} />
          )}
        </>
      ) : (
        <p className="hint">They are written when every setting is right and a model is open.</p>
      )}
    </details>
  );
}

/** A hook that the model does not have is the form's matter. */
function writeScripts(config: TrainConfig, model: ModelInfo): { saelens: string; sparsify: string } | null {
  try {
    return { saelens: writeSaelensScript(config, model), sparsify: writeSparsifyCommands(config, model) };
  } catch {
    return null;
  }
}
