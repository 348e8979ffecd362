/** Limits that more than one setting has. */

/** Latents of a dictionary: more would not fit in a tab beside its activations. */
export const MOST_LATENTS = 65_536;
/** Dictionaries of a run, which holds all of them at once. */
export const MOST_DICTIONARIES = 64;
