/** The slice of the feature page: what is known of the features looked at, and what a person can do there. */
import type { StoreApi } from 'zustand/vanilla';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type {
  BaselineOptions,
  Context,
  Effects,
  FeatureName,
  FeatureRecord,
  FeaturesApi,
  IndexInfo,
  IndexSummary,
  LatentWeights,
  Neighbours,
} from '../../api/features.ts';
import type { LabelEvidence } from '../../api/labels.ts';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { Detokenized } from '../../api/model.ts';
import type { FeaturePlace } from '../shared/featureAddress.ts';
import type { RuleDraft, tryRule } from './rules.ts';
import type { SharedFacts } from '../shared/state.ts';

/** Methods that this copy of the page lacks are absent. */
export type FeatureApi = Pick<FeaturescopeApi, 'detokenize' | 'tokenize' | 'encode' | 'labels'> & Partial<FeaturesApi>;

/** Something that is asked for of one feature. */
export type Part<T> =
  | { status: 'waiting' }
  /** This copy of the page does not have it. */
  | { status: 'absent' }
  /** 0 of 0 while that is not known. */
  | { status: 'running'; done: number; total: number; message?: string }
  | { status: 'done'; value: T }
  | { status: 'failed'; message: string };

/** When it fires, as an index has it. */
export interface Firing {
  record: FeatureRecord;
  index: IndexInfo;
  /** What the ids of each context spell. */
  texts: ReadonlyMap<Context, Detokenized>;
}

/** What a feature does on the person's text. */
export interface InText {
  text: string;
  /** Largest value there; 0 where it never fires. */
  max: number;
  /** Token of that. */
  token: string;
  /** Tokens on which it fires, and all. */
  count: number;
  tokens: number;
}

/** The effect on a person's text, and the tokens that its positions are. */
export interface TextEffects {
  text: string;
  effects: Effects;
  tokens: readonly string[];
}

/** Directions that a feature is compared with. */
export type BesideKind = BaselineOptions['kind'];

/** A direction, and the same of it as of the feature. */
export interface BesideColumn {
  kind: BesideKind;
  dictionary: string;
  label: string;
  latent: number;
  /** Of its values with the feature's, and of the two decoder rows. */
  correlation: number;
  cosine: number;
  firing: Firing;
  /** Token with most of its activation, its share of that, and the entropy over tokens in bits; null where it never fires. */
  token: { id: number; share: number; entropy: number } | null;
}

export interface Beside {
  own: Omit<BesideColumn, 'kind' | 'correlation' | 'cosine'>;
  columns: BesideColumn[];
}

/** What is taken out and what that changes: of the feature, then of each column. */
export interface BesideEffects {
  effects: Effects[];
}

/** All that is known of one feature. */
export interface FeatureCase {
  firing: Part<Firing>;
  inText: Part<InText>;
  weights: Part<LatentWeights>;
  neighbours: Part<Neighbours>;
  /** Those that fire on the same tokens; counted when a person asks. */
  together: Part<NonNullable<Neighbours['together']>>;
  corpusEffects: Part<Effects>;
  textEffects: Part<TextEffects>;
  /** Directions that read most like it; asked for by a person, as is what these do. */
  beside: Part<Beside>;
  besideEffects: Part<BesideEffects>;
}

export type PartName = keyof FeatureCase;

type IndexList =
  { status: 'waiting' } | { status: 'absent' } | { status: 'done'; list: readonly IndexInfo[] } | { status: 'failed'; message: string };

export type Build =
  | { status: 'running'; dictionary: string; done: number; total: number; message: string; began: number }
  | { status: 'failed'; dictionary: string; message: string };

export interface FeatureFacts {
  /** By `keyOf`; the ones looked at last. */
  cases: ReadonlyMap<string, FeatureCase>;
  /** What ids look like, of the model in use. */
  names: ReadonlyMap<number, string>;
  indices: IndexList;
  /** Which corpus was chosen, where there are indices of several. */
  corpus: string | null;
  build: Build | null;
  /** Figures of all features of one dictionary. */
  summary: { dictionary: string; summary: IndexSummary } | null;
  /** What features of one dictionary are called until they have a label. */
  called: { dictionary: string; byLatent: ReadonlyMap<number, FeatureName> };
  /** Labels of one dictionary. */
  named: { dictionary: string; byLatent: ReadonlyMap<number, string>; evidence?: ReadonlyMap<number, LabelEvidence> };
  /** The person's text, in Explore. */
  text: string;
}

export interface FeatureActions {
  /** Whether anybody looks: what costs is done only then. */
  setShown: (shown: boolean) => void;
  setText: (text: string) => void;
  /** To the feature so many numbers on. */
  step: (by: number) => void;
  /** To a feature drawn at random, of those that fire where that is known. */
  random: (dictionary: string) => void;
  chooseCorpus: (corpus: string) => void;
  /** Asks for figures, labels and tokens of all features of a dictionary. */
  askLists: (dictionary: string, corpus: string) => void;
  /** Reads a corpus for the features of a dictionary. */
  buildIndex: (dictionary: string, tokens: number) => Promise<void>;
  /** What was read is kept. */
  stopBuilding: () => void;
  /** Opens an index made elsewhere. @returns how it went, as a sentence */
  importIndex: (file: File) => Promise<string>;
  /** Measures on the text that ships what changes without the feature. */
  measureEffects: (tokens: number) => void;
  /** Counts on the text that ships which features fire together with it. */
  countTogether: (tokens: number) => void;
  /** Looks for the direction of each kind that reads most like the feature, and makes and indexes what is not here. */
  lookBeside: (kinds: readonly BesideKind[]) => void;
  /** Measures what the feature and those directions do. */
  measureBeside: () => void;
  /** Tries a rule; what happens is told. */
  testRule: (place: FeaturePlace, draft: RuleDraft, options: Parameters<typeof tryRule>[3]) => Promise<void>;
  /** Features as a file; null when it was stopped or failed, and then the notice says why. */
  makeReport: (dictionary: string, latents: readonly number[], options: Parameters<FeaturesApi['report']>[2]) => Promise<Blob | null>;
  /** Stops what is asked for of the feature on screen. */
  stop: (part: PartName) => void;
  /** Asks again after a failure. */
  retry: (part: PartName) => void;
}

export type FeatureState = FeatureFacts & { actions: FeatureActions };
export type FeatureStore = StoreApi<FeatureState>;

const WAITING = { status: 'waiting' } as const;

const NEW_CASE: FeatureCase = {
  firing: WAITING,
  inText: WAITING,
  weights: WAITING,
  neighbours: WAITING,
  together: WAITING,
  corpusEffects: WAITING,
  textEffects: WAITING,
  beside: WAITING,
  besideEffects: WAITING,
};

export const initialFeatureFacts: FeatureFacts = {
  cases: new Map(),
  names: new Map(),
  indices: WAITING,
  corpus: null,
  build: null,
  summary: null,
  called: { dictionary: '', byLatent: new Map() },
  named: { dictionary: '', byLatent: new Map() },
  text: '',
};

export function keyOf({ dictionary, latent }: FeaturePlace): string {
  return `${latent} ${dictionary}`;
}

/** What is known of a feature; of one never looked at, nothing. */
export function caseOf({ cases }: Pick<FeatureFacts, 'cases'>, place: FeaturePlace): FeatureCase {
  return cases.get(keyOf(place)) ?? NEW_CASE;
}

/** The index that is shown of a dictionary: that of the corpus chosen, else one made here (the one that ships is short), else the largest, else the one that is being made. */
export function indexOf(
  { indices, corpus, build }: Pick<FeatureFacts, 'indices' | 'corpus' | 'build'>,
  dictionary: string,
): IndexInfo | undefined {
  const own = indicesOf(indices, dictionary).filter(({ tokens, total }) => tokens === total);
  const whole = own.find((info) => info.corpus === corpus) ?? own.sort((a, b) => ships(a) - ships(b) || b.tokens - a.tokens)[0];
  if (whole || build?.status !== 'running' || build.dictionary !== dictionary || build.done === 0) return whole;
  return { dictionary, corpus: 'the text that ships', tokens: build.done, total: build.total, bytes: 0, made: build.began, source: 'made' };
}

/** Whether an index is whole and stored, or one that is being made. */
export function isKept({ indices }: Pick<FeatureFacts, 'indices'>, info: IndexInfo): boolean {
  return indicesOf(indices, info.dictionary).includes(info);
}

function ships({ source }: IndexInfo): number {
  return source === 'built-in' ? 1 : 0;
}

/** Unfinished ones too. */
export function indicesOf(indices: IndexList, dictionary: string): IndexInfo[] {
  return indices.status === 'done' ? indices.list.filter((info) => info.dictionary === dictionary) : [];
}

/** The dictionary of a place, or why its feature cannot be shown. */
export type Found =
  | { status: 'waiting' }
  | { status: 'found'; dictionary: DictionaryInfo }
  | { status: 'unknown' | 'misfit' | 'no number' | 'beyond'; dictionary?: DictionaryInfo }
  | { status: 'failed'; message: string };

export function findPlace(page: Pick<SharedFacts, 'dictionaries' | 'model'>, { dictionary: id, latent }: FeaturePlace): Found {
  const { dictionaries, model } = page;
  if (dictionaries.status === 'failed') return dictionaries;
  if (dictionaries.status === 'waiting' || !model) return { status: 'waiting' };
  const dictionary = dictionaries.list.find((d) => d.id === id);
  if (!dictionary) return { status: 'unknown' };
  if (!dictionary.fits) return { status: 'misfit', dictionary };
  if (Number.isNaN(latent)) return { status: 'no number', dictionary };
  return latent < dictionary.d_sae ? { status: 'found', dictionary } : { status: 'beyond', dictionary };
}
