/** The slice of the Circuits screen: what is asked for, what has been measured, and how it is looked at. */
import type { StoreApi } from 'zustand/vanilla';
import type { CausalMode, Circuit, CircuitNode, TreeEdge } from '../../api/causal.ts';
import type { IndexInfo } from '../../api/features.ts';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { Detokenized } from '../../api/model.ts';
import { parsePlace, type Group, type Look, type Place } from './address.ts';
import { emptyHistory, type History } from './history.ts';
import type { ContextChoice, PromptSettings, TreeSettings } from './settings.ts';
import type { GrownTree } from './trees.ts';

export type CircuitsApi = Pick<
  FeaturescopeApi,
  'detokenize' | 'tokenize' | 'encode' | 'predict' | 'labels' | 'index' | 'weights' | 'tree' | 'circuit'
>;

/** Something that takes long, of which one goes on at a time. */
export type Task =
  | { status: 'running'; what: string; done: number; total: number; message: string; began: number }
  | { status: 'stopped' }
  | { status: 'failed'; message: string };

/** What undo brings back. */
export interface Snapshot {
  grown: GrownTree | null;
  look: Look;
}

/** An edge measured once more on other contexts. */
export type Again =
  | { status: 'running' }
  | { status: 'failed'; message: string }
  | { status: 'done'; edge: TreeEdge | null; contexts: number; words: string };

export interface Prediction {
  id: number;
  token: string;
  probability: number;
}

/** The tokens of a prompt, and what the model expects after each. */
export interface PromptTokens {
  text: string;
  ids: readonly number[];
  tokens: readonly string[];
  /** By position, likeliest first. */
  expected: readonly (readonly Prediction[])[];
}

export interface MadeCircuit {
  circuit: Circuit;
  tokens: readonly string[];
  /** null: one token's log-probability. */
  plus: string;
  minus: string | null;
}

/** What is known of names: of dictionaries asked for so far, of the model in use. */
export interface NameFacts {
  /** Labels a person wrote, by dictionary and number. */
  labels: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** Commonest token of each feature, by dictionary; null: there is no index. */
  commonest: ReadonlyMap<string, Int32Array | null>;
  tokens: ReadonlyMap<number, string>;
}

/** The highest context of a feature, cut short about the token it fires on; null: none is known. */
export interface TopContext {
  before: string;
  at: string;
  after: string;
  value: number;
}

interface CircuitsFacts extends NameFacts {
  place: Place;
  /** The person's text, in Explore. */
  explore: string;
  /** Whether the target fires in it; null while that is not known. */
  fires: boolean | null;
  indices: readonly IndexInfo[];
  grown: GrownTree | null;
  /** The contexts of the tree, as text; empty until they are known. */
  contexts: readonly Detokenized[];
  /** Tokens that the target's weights raise most; empty until they are known. */
  writes: readonly number[];
  treeTask: Task | null;
  history: History<Snapshot>;
  /** Node or edge whose detail is open. */
  chosen: string | null;
  again: ReadonlyMap<string, Again>;
  tops: ReadonlyMap<string, TopContext | null>;
  prompt: PromptTokens | { status: 'failed'; message: string } | null;
  made: MadeCircuit | null;
  /** Nodes as they are measured. */
  coming: readonly CircuitNode[];
  circuitTask: Task | null;
  /** What was done last, for those who hear it. */
  said: string;
}

export interface TreeActions {
  setTree: (patch: Partial<TreeSettings>) => void;
  grow: () => Promise<void>;
  stopTree: () => void;
  /** Parents of one node anew: more of them, weaker ones, in another mode. */
  regrow: (node: string, how: { parents?: number; threshold?: number; mode?: CausalMode }) => Promise<void>;
  /** An edge on other contexts; the result stands beside the first. */
  askAgain: (edge: string, choice: ContextChoice) => Promise<void>;
  close: (node: string) => void;
  pin: (node: string) => void;
  hide: (node: string) => void;
  showHidden: () => void;
  openAll: () => void;
  setLeast: (least: number) => void;
  group: (group: Group) => void;
  ungroup: (at: number) => void;
  undo: () => void;
  redo: () => void;
  openFile: (file: File) => Promise<void>;
}

export interface PromptActions {
  setPrompt: (patch: Partial<PromptSettings>) => void;
  /** One token of what was typed. @returns why not, as a sentence */
  typeToken: (which: 'plus' | 'minus', text: string) => Promise<string>;
  measure: () => Promise<void>;
  stopCircuit: () => void;
  setShown: (shown: number) => void;
}

export interface CircuitsActions extends TreeActions, PromptActions {
  /** Whether anybody looks: what costs is done only then. */
  setVisible: (visible: boolean) => void;
  setExplore: (text: string) => void;
  setTab: (tab: Place['tab']) => void;
  choose: (node: string | null) => void;
  /** Asks for the highest context of a feature that is pointed at. */
  askTop: (dictionary: string, latent: number) => void;
}

export type CircuitsState = CircuitsFacts & { actions: CircuitsActions };
export type CircuitsStore = StoreApi<CircuitsState>;

export function initialCircuitsFacts(hash: string): CircuitsFacts {
  return {
    place: parsePlace(hash),
    explore: '',
    fires: null,
    indices: [],
    grown: null,
    contexts: [],
    writes: [],
    treeTask: null,
    history: emptyHistory(),
    chosen: null,
    again: new Map(),
    tops: new Map(),
    prompt: null,
    made: null,
    coming: [],
    circuitTask: null,
    said: '',
    labels: new Map(),
    commonest: new Map(),
    tokens: new Map(),
  };
}
