/**
 * Names of models as links, settings and dictionaries carry them: `bookworm-9m` (comes with the page),
 * `owner/name` or `owner/name@revision` (the hub), each with `+random.SEED` when its weights are random.
 */
import { UsageError } from '../errors.ts';
import { quote } from '../formats/words.ts';
import { isRepositoryName, isRevisionName } from './modelNames.ts';
import type { HubModel } from './types.ts';

export const MAIN = 'main';
const RANDOM = /^(.+)\+random\.(\d{1,15})$/;

/**
 * @returns the same with its revision written out
 * @throws UsageError for what cannot be a repository or a revision
 */
export function checkHubModel({ hub, revision = MAIN }: HubModel): Required<HubModel> {
  if (typeof hub !== 'string' || !isRepositoryName(hub)) {
    throw new UsageError(
      `"${quote(String(hub))}" is no name of a repository. It has an owner and a name, as in EleutherAI/pythia-70m-deduped.`,
    );
  }
  if (typeof revision !== 'string' || !isRevisionName(revision)) {
    throw new UsageError(`"${quote(String(revision))}" is no name of a revision. Give a branch, a tag or a commit, as main or step3000.`);
  }
  return { hub, revision };
}

export function hubModelId({ hub, revision = MAIN }: HubModel): string {
  return revision === MAIN ? hub : `${hub}@${revision}`;
}

export function randomModelId(id: string, seed: number): string {
  return `${RANDOM.exec(id)?.[1] ?? id}+random.${seed}`;
}

/** Where a model with this id is to be had: by name on the hub, or (`id`) with the page. */
export type NamedModel = ({ id: string } | Required<HubModel>) & { random?: number };

/** @throws UsageError for an id that looks like a repository's and cannot be one */
export function parseModelId(id: string): NamedModel {
  const random = RANDOM.exec(id);
  const seed = random ? { random: Number(random[2]) } : {};
  const name = random ? random[1] : id;
  if (!name.includes('/')) return { id: name, ...seed };
  const at = name.indexOf('@');
  const hub = at < 0 ? name : name.slice(0, at);
  return { ...checkHubModel({ hub, ...(at >= 0 && { revision: name.slice(at + 1) }) }), ...seed };
}
