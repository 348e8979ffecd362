/** The slice of the Explore screen: its facts beside those that all slices share, and what a person can do there. */
import type { UndoActions } from '../shared/page.ts';
import type { SharedActions, SharedFacts } from '../shared/state.ts';
import type { CompareActions } from './comparer.ts';
import { initialExploreFacts, type ColourBy, type ExploreFacts, type GenerationSettings } from './facts.ts';
import type { EditItem } from './edits.ts';
import type { Ranking } from './ranking.ts';
import type { Sample } from './samples.ts';
import type { TokenSpan } from './spans.ts';
import { NO_STEPS, type Timeline } from './timeline.ts';

export type ExploreSliceFacts = ExploreFacts & { timeline: Timeline };

export const initialExploreSlice: ExploreSliceFacts = { ...initialExploreFacts, timeline: NO_STEPS };

export interface ReadingActions {
  setText: (text: string) => void;
  /** As setText, and a step of undo. */
  replaceText: (text: string) => void;
  selectPosition: (position: number) => void;
  /** Tokens now on screen: of a long text they are read first. */
  setVisibleTokens: (span: TokenSpan) => void;
  /** An empty span is none. */
  setSpan: (span: TokenSpan | null) => void;
  setColourBy: (colourBy: ColourBy) => void;
  setHook: (hook: string) => void;
}

export interface BenchActions {
  keepVector: (values: Float32Array, position: number) => void;
  removeVector: (id: number) => void;
  addEdit: (edit: Omit<EditItem, 'id' | 'on'>) => void;
  /** @param key a run of changes with one key is one step of undo */
  changeEdit: (id: number, patch: Partial<Omit<EditItem, 'id'>>, key?: string) => void;
  removeEdit: (id: number) => void;
  clearEdits: () => void;
  /** Whether features act on their dictionary's reconstruction. */
  setDropsError: (dropsError: boolean) => void;
}

export interface FeatureActions extends CompareActions {
  chooseDictionary: (id: string) => void;
  setRanking: (ranking: Ranking) => void;
  setSkipSpecial: (skipSpecial: boolean) => void;
  /** Pins a feature of the dictionary on screen, or unpins it. */
  pin: (latent: number) => void;
  point: (latent: number | null) => void;
  /** Lists the edit that ablates a feature at every position, or removes it. */
  ablate: (latent: number) => void;
  /** Lists the edit that adds half of a feature's maximum at every position, or removes it. */
  steer: (latent: number) => void;
}

export interface ExploreActions extends ReadingActions, BenchActions, FeatureActions, UndoActions {
  /** Replaces the text, or the second one, by a sample, fetched first where it is a file of the page. */
  openSample: (sample: Sample, place?: 'first' | 'second') => Promise<void>;
  setSettings: (patch: Partial<GenerationSettings>) => void;
  generate: () => Promise<void>;
  stopGenerating: () => void;
}

/** All that the slice sees. */
export type ExploreState = SharedFacts & ExploreSliceFacts & { actions: SharedActions & ExploreActions };
