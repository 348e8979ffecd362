/** What to open, from what a script or a screen names; fetched when a name is not simply that of a model of the page. */
import { UsageError } from '../core/errors.ts';
import { checkHubModel, parseModelId } from '../core/lm/modelId.ts';
import type { FileIn, HubModel, ModelSource, RandomModel } from '../api/model.ts';
import { toFiles } from './files.ts';

/** The hub itself; a setting names a mirror. */
export const HUB_HOST = 'https://huggingface.co/';

/**
 * @param host of the hub or mirror; undefined: the hub itself
 * @param current the model in use
 * @throws UsageError
 */
export function sourceOf(
  what: string | FileIn[] | HubModel | RandomModel,
  host: string | undefined,
  current: ModelSource | undefined,
): ModelSource {
  if (typeof what === 'string') return sourceOfId(what, host);
  if (Array.isArray(what)) return { files: toFiles(what) };
  if (typeof what === 'object' && what !== null && 'hub' in what) return { ...checkHubModel(what), host: host ?? HUB_HOST };
  if (typeof what === 'object' && what !== null && 'random' in what) return randomised(what, current);
  throw new UsageError(
    'models.load takes the id of a model, a list of files, { hub: "owner/name", revision }, or { random: seed } for the model in use.',
  );
}

/** @throws UsageError */
export function sourceOfId(id: string, host: string | undefined): ModelSource {
  const named = parseModelId(id);
  return 'id' in named ? named : { ...named, host: host ?? HUB_HOST };
}

/** A model of the page, or one of the hub as this browser keeps it: nobody else is asked. @throws UsageError */
export function keptSource(id: string): ModelSource {
  const source = sourceOfId(id, undefined);
  return 'hub' in source ? { ...source, keptOnly: true } : source;
}

function randomised({ random }: RandomModel, current: ModelSource | undefined): ModelSource {
  if (!current) throw new UsageError('There is no model in use whose weights could be drawn at random; wait for `featurescope.ready`.');
  const { random: _, ...own } = current;
  return random === null ? own : { ...own, random };
}
