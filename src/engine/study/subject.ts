/** Whether a latent can be studied on a model, told before anything is computed. */
import { UsageError } from '../../core/errors.ts';
import { parseHook } from '../../core/lm/hooks.ts';
import { isTranscoder, type Dictionary } from '../../core/sae/dictionary.ts';
import { misfit } from '../dictionary/encode.ts';
import type { HookedModel } from '../model/hookedModel.ts';

/** @throws UsageError when the model lacks the hook, it cannot be edited, or there is no such latent */
export function checkSubject(dictionary: Dictionary, latent: number, model: HookedModel): void {
  const problem = misfit(dictionary, model);
  if (problem) throw new UsageError(problem);
  checkLatent(dictionary, latent);
  if (isTranscoder(dictionary.config.architecture)) {
    throw new UsageError('A transcoder writes to another hook than it reads, so its features cannot be taken out where they are read.');
  }
  const hook = parseHook(dictionary.config.hook_name!, model.config.n_layers);
  if (!hook.editable) throw new UsageError(`${hook.name} can be read but not edited, so nothing can be taken out there.`);
}

/** @throws UsageError when there is no such latent */
export function checkLatent({ config }: Dictionary, latent: number): void {
  const { d_sae } = config;
  if (!Number.isInteger(latent) || latent < 0 || latent >= d_sae) {
    throw new UsageError(`There is no feature ${String(latent)}; the dictionary has ${d_sae}, counted from 0.`);
  }
}
