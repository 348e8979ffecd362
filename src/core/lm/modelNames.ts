/** Names of models as dictionaries and people write them. Imports nothing: the first paint needs it. */

/** A name without its owner, in small letters. */
function bareName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1).toLowerCase();
}

/**
 * Whether two names mean one model, whoever converted its files. A training step, random weights and the deduplicated
 * twin are other models, though of the same widths.
 */
export function isSameModel(a: string, b: string): boolean {
  return bareName(a) === bareName(b);
}

/**
 * Whether a dictionary was made for another model than the one that is open, by their names without the owner: its
 * widths may fit all the same, as between a model and its deduplicated twin.
 */
export function isOtherModel(stated: string, open: string): boolean {
  return stated !== '' && open !== '' && !isSameModel(stated, open);
}

const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** The hub itself takes 96 for each of the two parts. */
const LONGEST = 200;
const PYTHIA = /^pythia-(14m|31m|70m|160m|410m)(-deduped)?$/;

/** Longest name of a revision. */
const LONGEST_REVISION = 100;
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;

/** Whether this can be the name of a branch, a tag or a commit. */
export function isRevisionName(name: string): boolean {
  return name.length <= LONGEST_REVISION && REVISION.test(name) && !name.includes('..');
}

/** Whether this can be the name of a repository of the hub: an owner and a name. */
export function isRepositoryName(name: string): boolean {
  return name.length <= LONGEST && REPOSITORY.test(name) && !name.includes('..');
}

/** One of the models that others have published dictionaries for, at the end of its training and with its own weights. */
export function isPythia(id: string): boolean {
  return PYTHIA.test(bareName(id));
}

/**
 * Where a model is to be had that a dictionary names, as libraries write it: "pythia-70m-deduped" (TransformerLens),
 * "EleutherAI/pythia-70m-deduped" (transformers), either with "@step3000" (here).
 * @returns a repository of the hub, with its revision where one is named; undefined for what is no repository's name
 */
export function repositoryOfModel(name: string): string | undefined {
  const at = name.indexOf('@');
  if (at >= 0 && !isRevisionName(name.slice(at + 1))) return undefined;
  const [bare, revision] = at < 0 ? [name, ''] : [name.slice(0, at), name.slice(at)];
  if (isRepositoryName(bare)) return bare + revision;
  return PYTHIA.test(bare.toLowerCase()) ? `EleutherAI/${bare.toLowerCase()}${revision}` : undefined;
}
