/** The part of the state that is about features, and pure questions about it. */
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { EditItem, Workbench } from './edits.ts';
import type { Explained } from './explained.ts';
import { commonPrefix, dictionaryName, featureSeries, type FeatureIndex } from './features.ts';
import type { Densities, DictionaryFacts } from '../shared/dictionaries.ts';
import { labelsFor, type LabelFacts } from '../shared/labels.ts';
import type { IndexNames } from './indexNames.ts';
import { isOfLatent, NO_MAXIMUM, type LatentOp, type OfLatent, type Unit } from './latentChange.ts';
import type { Known } from './windowReading.ts';
import { specialPositions, strongestFeature, tally, type Ranking, type Tally } from './ranking.ts';

export type FeaturesTask = { status: 'idle' } | { status: 'running' } | { status: 'done' } | { status: 'failed'; message: string };

/** The last good answer. */
export interface FeatureReading {
  dictionary: DictionaryInfo;
  text: string;
  ids: number[];
  tokens: string[];
  spans: [number, number][];
  /** Of the tokens known. */
  index: FeatureIndex;
  known: Known;
  /** Windows the text is read in. */
  windows: number;
  /** Comes after the rest; null until then, or when the hook could not be read. */
  explained: Explained | null;
}

export interface Pin {
  dictionary: string;
  latent: number;
  /** Which of the colours and letters it has. */
  slot: number;
}

export const MAX_PINS = 6;
export const PIN_LETTERS = ['A', 'B', 'C', 'D', 'E', 'F'] as const;

export interface FeatureFacts {
  features: FeatureReading | null;
  featuresTask: FeaturesTask;
  ranking: Ranking;
  /** Whether tokens such as <|endoftext|> are left out of maxima and rankings. */
  skipSpecial: boolean;
  /** In the order they were pinned, those of every dictionary. */
  pins: readonly Pin[];
  /** The feature under the pointer or the keyboard. */
  pointed: number | null;
  /** What an index says of features; null before one was looked into. */
  indexNames: IndexNames | null;
}

export const initialFeatureFacts: FeatureFacts = {
  features: null,
  featuresTask: { status: 'idle' },
  ranking: 'rare',
  skipSpecial: true,
  pins: [],
  pointed: null,
  indexNames: null,
};

export function pinsOf(pins: readonly Pin[], dictionary: string): Pin[] {
  return pins.filter((p) => p.dictionary === dictionary);
}

/** Pinned features with one more, or one fewer when it is there; unchanged when all places are taken. */
export function togglePin(pins: readonly Pin[], dictionary: string, latent: number): readonly Pin[] {
  const own = pinsOf(pins, dictionary);
  if (own.some((p) => p.latent === latent)) return pins.filter((p) => p.dictionary !== dictionary || p.latent !== latent);
  if (own.length >= MAX_PINS) return pins;
  const slot = PIN_LETTERS.findIndex((_, i) => own.every((p) => p.slot !== i));
  return [...pins, { dictionary, latent, slot }];
}

/** What the strip shows: the feature pointed at, else the last pinned, else the most telling one. */
export function selectedLatent(
  state: Pick<FeatureFacts, 'features' | 'pins' | 'pointed' | 'skipSpecial'> & Pick<DictionaryFacts, 'densities' | 'dictionary'>,
): number | null {
  const { features, pins, pointed, skipSpecial } = state;
  if (!features) return null;
  return (
    pointed ?? pinsOf(pins, features.dictionary.id).at(-1)?.latent ?? strongestFeature(tallyOf(features, skipSpecial), densitiesOf(state))
  );
}

const special = new WeakMap<readonly string[], ReadonlySet<number>>();

/** What is counted of a reading; the same object as long as reading and switch are the same. */
export function tallyOf({ index, tokens }: Pick<FeatureReading, 'index' | 'tokens'>, skipSpecial: boolean): Tally {
  if (!skipSpecial) return tally(index);
  const skipped = special.get(tokens) ?? specialPositions(tokens);
  special.set(tokens, skipped);
  return tally(index, skipped);
}

type Shown = Pick<FeatureFacts, 'features'> & Pick<DictionaryFacts, 'dictionary'>;

/** Whose features are on screen: those of the dictionary before stay until the chosen one is read. */
function shownDictionary({ features, dictionary }: Shown): string {
  return features?.dictionary.id ?? dictionary;
}

/** The labels of the dictionary on screen; none where others are at hand. */
export function shownLabels(state: LabelFacts & Shown): ReadonlyMap<number, string> {
  return labelsFor(state, shownDictionary(state));
}

/** The densities when they are the dictionary's on screen. */
export function densitiesOf(state: Shown & Pick<DictionaryFacts, 'densities'>): Densities | null {
  return state.densities?.dictionary === shownDictionary(state) ? state.densities : null;
}

/** A feature's value at each token of the text on screen; NaN where its tokens have not been read yet. */
export function shownSeries(features: FeatureReading, latent: number, ids: readonly number[]): Float32Array {
  const same = commonPrefix(features.ids, ids);
  const series = featureSeries(features.index, latent);
  const { flags } = features.known;
  return Float32Array.from(ids, (_, i) => (i < same && flags[i] === 1 ? series[i] : NaN));
}

/** What does this to a feature everywhere. */
export function latentEdit(dictionary: DictionaryInfo, latent: number, op: LatentOp): Pick<EditItem, 'hook' | 'change' | 'where'> {
  const change = { dictionary: dictionary.id, latent, name: dictionaryName(dictionary), ...op };
  return { hook: dictionary.hook, change, where: { kind: 'all' } };
}

/** The edit that does this to a feature everywhere, if it is listed. */
export function latentEditOf(bench: Workbench, dictionary: string, latent: number, op: LatentOp['op']): EditItem | undefined {
  return bench.edits.find(
    ({ change, where }) =>
      isOfLatent(change) && change.op === op && change.dictionary === dictionary && change.latent === latent && where.kind === 'all',
  );
}

/** What strengths of a feature are multiples of: its maximum in a corpus, else in this text; of the dictionary on screen alone. */
export function unitOf(
  { features, indexNames, skipSpecial }: Pick<FeatureFacts, 'features' | 'indexNames' | 'skipSpecial'>,
  { dictionary, latent }: Pick<OfLatent, 'dictionary' | 'latent'>,
): Unit {
  if (features?.dictionary.id !== dictionary) return NO_MAXIMUM;
  const indexed = indexNames?.dictionary === dictionary ? (indexNames.maximum[latent] ?? 0) : 0;
  if (indexed > 0) return { value: indexed, of: indexNames!.corpus };
  const here = tallyOf(features, skipSpecial).byLatent.get(latent)?.max ?? 0;
  return here > 0 ? { value: here, of: 'this text' } : NO_MAXIMUM;
}
