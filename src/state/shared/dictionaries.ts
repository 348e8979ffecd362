/** Facts about the dictionaries at hand and the chosen one. */
import type { DictionaryCard, DictionaryDensities, DictionaryInfo, ExportFormat } from '../../api/dictionaries.ts';
import type { LinkedDictionary } from './link.ts';

type DictionaryList = { status: 'waiting' } | { status: 'done'; list: readonly DictionaryInfo[] } | { status: 'failed'; message: string };

export type Densities = DictionaryDensities;

export interface DictionaryFacts {
  dictionaries: DictionaryList;
  /** Id of the chosen dictionary; '' when none fits. */
  dictionary: string;
  /** Ids of those that were read in this visit, so that their weights are here. */
  opened: readonly string[];
  /** How often the chosen dictionary's features fire, when that is known beyond this text. */
  densities: (Densities & { dictionary: string }) | null;
  /** A dictionary that a link names and that is not here. */
  wanted: LinkedDictionary | null;
}

export interface DictionaryActions {
  chooseDictionary: (id: string) => void;
  /** Looks for a dictionary that is new, chooses it and goes to Explore. */
  exploreDictionary: (id: string) => Promise<void>;
  dictionaryCard: (id: string) => Promise<DictionaryCard>;
  /** The zip, or null when it failed and the notice says why. */
  exportDictionary: (id: string, format: ExportFormat) => Promise<Blob | null>;
  /** Forgets what a link names and is not here. */
  dismissWanted: () => void;
}

export const initialDictionaryFacts: DictionaryFacts = {
  dictionaries: { status: 'waiting' },
  dictionary: '',
  opened: [],
  densities: null,
  wanted: null,
};

export function chosenDictionary({
  dictionaries,
  dictionary,
}: Pick<DictionaryFacts, 'dictionaries' | 'dictionary'>): DictionaryInfo | undefined {
  return dictionaries.status === 'done' ? dictionaries.list.find((d) => d.id === dictionary) : undefined;
}

/** The dictionary a link means: by its id, which tells settings apart too, else by its tensors where their hash is known. */
function findWanted<Info extends Pick<DictionaryInfo, 'id' | 'hash' | 'fits'>>(
  list: readonly Info[],
  wanted: LinkedDictionary | null | undefined,
): Info | undefined {
  if (!wanted) return undefined;
  const { id, hash } = wanted;
  const fitting = list.filter((d) => d.fits);
  return (
    fitting.find((d) => d.id === id && (hash === '' || d.hash === '' || d.hash === hash)) ??
    fitting.find((d) => hash !== '' && d.hash === hash)
  );
}

interface LinkAnswer<Info, Pin> {
  found: Info | undefined;
  pins: Pin[];
  /** What a person has to be told; null when it is what the link means. */
  said: string | null;
}

/**
 * What of the dictionaries at hand a link opens, and what of its pins stays true: the same tensors may have another id here,
 * and what no longer ships has a successor, whose features are others.
 */
export function answerLink<Info extends DictionaryInfo, Pin extends { dictionary: string }>(
  list: readonly Info[],
  wanted: LinkedDictionary | null | undefined,
  pins: readonly Pin[],
): LinkAnswer<Info, Pin> {
  const found = findWanted(list, wanted);
  if (found) return { found, pins: pins.map((p) => (p.dictionary === wanted?.id ? { ...p, dictionary: found.id } : p)), said: null };
  const next = wanted && list.find((d) => d.fits && d.formerly?.includes(wanted.id));
  if (!next) return { found: undefined, pins: [...pins], said: null };
  const stay = pins.filter((p) => p.dictionary !== wanted.id);
  const lost = stay.length < pins.length ? ', so the features pinned in the link are left out' : '';
  const said = `The link names ${wanted.label}, which this page no longer ships. The nearest one is shown: ${next.label}. Its features are others${lost}.`;
  return { found: next, pins: stay, said };
}
