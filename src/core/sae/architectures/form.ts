/** What reading, computing and exporting ask of an architecture; one descriptor each in this folder. */

export type TensorName =
  | 'W_enc'
  | 'W_dec'
  | 'b_enc'
  | 'b_dec'
  | 'threshold'
  | 'log_threshold'
  | 'topk_threshold'
  | 'b_gate'
  | 'b_mag'
  | 'r_mag'
  | 'W_skip'
  | 'scaling_factor';

/** Tensors beside W_enc, W_dec and b_dec, which all but the tied form have. */
export interface OwnTensor {
  name: TensorName;
  /** A number for each latent, or one alone. */
  size: 'latents' | 'one';
  /** 'one-of-thresholds': threshold or log_threshold must be there. */
  need: 'always' | 'one-of-thresholds';
}

/** Which latents of a row are kept: src/core/sae/plan.ts turns it into numbers. */
type Selection =
  /** Those above 0. */
  | 'positive'
  /** The k largest. */
  | 'largest'
  /** The largest of each of k groups. */
  | 'groups'
  /** Those above a threshold of their own. */
  | 'thresholds'
  /** Those above one threshold for all, which training found for batch top-k. */
  | 'one threshold'
  /** Those whose gate is open. */
  | 'gate'
  /** All, of whatever sign. */
  | 'all';

export interface ReadForm<Name extends string = string> {
  readonly name: Name;
  readonly selects: Selection;
  readonly own: readonly OwnTensor[];
  /** One matrix, rows normalised in the forward pass, no W_enc and no b_dec. */
  readonly isTied: boolean;
  /** Reconstructs another hook than the one it reads. */
  readonly transcodes: boolean;
  /** Its reconstruction needs the raw rows again. */
  readonly skips: boolean;
  /** SAELens has it. */
  readonly inSaelens: boolean;
  /** Its latents may be counted in units of their decoder row's norm, and files without a word about it mean `byDefault`. */
  readonly rescales: { byDefault: boolean } | null;
  /** Whether dictionary_learning's class subtracts b_dec first; 'either': there is one for both; null: it has none. */
  readonly dictionaryLearning: 'subtracts' | 'plain' | 'either' | null;
  /** Made of a basis, of chance or of statistics (docs/decisions/baselines.md), not trained. */
  readonly isBaseline: boolean;
  /** The architecture that computes the same and that other libraries have; exports carry its name. */
  readonly standsFor: 'standard' | 'topk' | null;
}

const B_ENC: OwnTensor = { name: 'b_enc', size: 'latents', need: 'always' };

/** ReLU of one linear map with b_enc, SAELens's plain form; what is given differs from it. */
export function readForm<Name extends string>(name: Name, different: Partial<Omit<ReadForm, 'name'>> = {}): ReadForm<Name> {
  const { own = [], ...rest } = different;
  return {
    name,
    selects: 'positive',
    isTied: false,
    transcodes: false,
    skips: false,
    inSaelens: true,
    rescales: null,
    dictionaryLearning: null,
    isBaseline: false,
    standsFor: null,
    ...rest,
    own: [B_ENC, ...own],
  };
}

/** The same latents, for the reconstruction of another hook. */
export function transcoderOf<Name extends string>(name: Name, form: ReadForm, different: Partial<ReadForm> = {}): ReadForm<Name> {
  return { ...form, dictionaryLearning: null, rescales: null, transcodes: true, ...different, name };
}

/** Directions that are no trained features, in the tensors of SAELens's plain form. */
export function directionsForm<Name extends string>(name: Name, selects: 'all' | 'positive' | 'largest'): ReadForm<Name> {
  const same = selects === 'all' ? null : selects === 'positive' ? 'standard' : 'topk';
  return readForm(name, {
    selects,
    isBaseline: true,
    standsFor: same,
    inSaelens: same !== null,
    ...(same === 'topk' && { rescales: { byDefault: false } }),
    dictionaryLearning: same && (same === 'topk' ? 'subtracts' : 'either'),
  });
}
