/** What a worker that opens its own model is told: which one, and which dictionaries. */
import type { Lens } from '../../workers/lens/client.ts';
import type { ModelInfo, WantedModel } from '../api/model.ts';
import { UsageError } from '../core/errors.ts';

/** The model in use; undefined before the first. */
export type ModelInUse = () => (WantedModel & { info: ModelInfo }) | undefined;

/** Only what crosses. */
export function toWanted({ info: { id, hash, source: from }, source }: WantedModel): WantedModel {
  return { info: { id, hash, source: from }, source };
}

/** @throws UsageError before there is one */
export function wantedModel(model: ModelInUse): WantedModel {
  const wanted = model();
  if (!wanted) throw new UsageError('No model is loaded yet; wait for `featurescope.ready`.');
  return toWanted(wanted);
}

/** Dictionaries by id, in their order. `hash`: of the tensors, '' where it is not known. @throws UsageError for an unknown id */
export async function subjectsOf({ library }: Lens, ids: readonly string[]) {
  const known = await library.list();
  const hashOf = (id: string) => known.find((info) => info.id === id)?.hash ?? '';
  return Promise.all(ids.map(async (id) => ({ id, hash: hashOf(id), dictionary: await library.unread([id]) })));
}
