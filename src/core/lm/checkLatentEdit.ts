/** Checks of edits through a dictionary: does it fit the model, is there such a latent, do the values fit the input. */
import { UsageError } from '../errors.ts';
import { isTranscoder, type Dictionary } from '../sae/dictionary.ts';
import { checkWhere, featuresPerToken, type CheckedEdit, type CheckedWhere, type EditContext, type LatentChecked } from './editContext.ts';
import { parseHook, type Hook } from './hooks.ts';
import { allFinite, assertArray2, finite, indices, sameShape } from './numbers.ts';
import type { LatentEdit, LatentPatch } from './types.ts';

/** @throws UsageError when the dictionary, the latents or the values do not fit */
export function checkLatentEdit(edit: LatentEdit, context: EditContext): CheckedEdit {
  const dictionary = context.dictionaries?.get(edit.dictionary);
  if (!dictionary) throw new UsageError(`there is no dictionary called "${String(edit.dictionary).slice(0, 80)}" here.`);
  const hook = hookOf(dictionary, context);
  if (edit.op === 'patch') return checkPatch(edit, { dictionary, hook, where: checkWhere(edit, context) }, context);
  if (edit.op === 'splice') return { hook, ...checkWhere(edit, context), op: 'splice', dictionary };
  const { latent } = edit;
  const { d_sae } = dictionary.config;
  if (!Number.isInteger(latent) || latent < 0 || latent >= d_sae) {
    throw new UsageError(`\`latent\` is ${String(latent)}, but the dictionary has ${d_sae} (counted from 0).`);
  }
  if (!['ablate', 'scale', 'set', 'add'].includes(edit.op)) {
    throw new UsageError(`the op "${String(edit.op).slice(0, 40)}" is not one of ablate, scale, set, add, patch, splice.`);
  }
  const value = edit.op === 'ablate' ? 0 : finite(edit.value, 'value');
  return { hook, ...checkWhere(edit, context), op: 'latent', dictionary, latent, change: edit.op, value };
}

/** The hook a dictionary reads, if it can also be written to. */
function hookOf({ config }: Dictionary, context: EditContext): Hook {
  if (isTranscoder(config.architecture)) {
    throw new UsageError('a transcoder writes to another hook than it reads, so its latents cannot be edited in place.');
  }
  if (!config.hook_name) throw new UsageError('the dictionary does not say which hook it belongs to.');
  const hook = parseHook(config.hook_name, context.config.n_layers);
  if (!hook.editable) throw new UsageError(`${hook.name} can be read but not edited.`);
  const F = featuresPerToken(hook, context);
  if (F !== config.d_in) throw new UsageError(`the dictionary reads ${config.d_in} numbers for each token, but ${hook.name} has ${F}.`);
  return hook;
}

/** A patch's values have the shape [latents], [latents, pos] or, in a batch, [rows, latents, pos]. */
function checkPatch(
  edit: LatentPatch,
  { dictionary, hook, where }: { dictionary: Dictionary; hook: Hook; where: CheckedWhere },
  context: EditContext,
): LatentChecked {
  const { d_sae } = dictionary.config;
  const latents = indices(edit.latents, 'latents', d_sae, `the dictionary has ${d_sae}`);
  const { values } = edit;
  assertArray2(values, 'values');
  const rows = where.rows?.size ?? context.lengths.length;
  const tokensPerRow = where.positions?.size ?? Math.max(...context.lengths);
  const n = latents.length;
  const shapes = [
    { shape: [n], perPosition: false, perRow: false },
    { shape: [n, tokensPerRow], perPosition: true, perRow: false },
    ...(context.isBatch ? [{ shape: [rows, n, tokensPerRow], perPosition: true, perRow: true }] : []),
  ];
  const match = shapes.find(({ shape }) => sameShape(shape, values.shape));
  if (!match) {
    const wanted = shapes.map(({ shape }) => `[${shape.join(', ')}]`).join(' or ');
    throw new UsageError(`\`values\` has shape [${values.shape.join(', ')}], but a patch of ${n} latents takes ${wanted} here.`);
  }
  const { perPosition, perRow } = match;
  if (perPosition && context.growing && !where.positions) {
    throw new UsageError('in generation a `patch` at all positions takes one value for each latent, since the text grows.');
  }
  return { hook, ...where, op: 'patch', dictionary, latents, values: allFinite(values.data, 'values'), perPosition, perRow, tokensPerRow };
}
