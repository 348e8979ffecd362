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
 * "EleutherAI/pythia-70m-deduped" (transformers).
 * @returns a repository of the hub; undefined for what is no repository's name
 */
export function repositoryOfModel(name: string): string | undefined {
  if (isRepositoryName(name)) return name;
  return PYTHIA.test(name.toLowerCase()) ? `EleutherAI/${name.toLowerCase()}` : undefined;
}
