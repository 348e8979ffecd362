/** The features of a dictionary in an order that is worth looking at, and those that a search finds. */
import type { FeatureName, FeatureTag, IndexSummary } from '../../api/features.ts';
import type { AskCalled } from './called.ts';
import { namedOf } from './labelled.ts';
import { indexOf, type FeatureApi, type FeatureStore } from './state.ts';

/** What a list is for, and how it is ordered. */
interface ListKind {
  name: string;
  /** For a person. */
  title: string;
  /** Why one would look. */
  hint: string;
  has: (summary: IndexSummary, latent: number) => boolean;
  /** The highest first. */
  order: (summary: IndexSummary, latent: number) => number;
}

const fires = ({ density }: IndexSummary, latent: number) => density[latent] > 0;
const tagged = (tag: FeatureTag) => (summary: IndexSummary, latent: number) => summary.tags[latent].includes(tag);

export const LISTS: readonly ListKind[] = [
  {
    name: 'single',
    title: 'Most single-token',
    hint: 'Those whose activation lies most on one token.',
    has: fires,
    order: ({ share }, j) => share[j],
  },
  {
    name: 'polysemantic',
    title: 'On most different tokens',
    hint: 'Those whose activation is spread over most tokens, by entropy; the dense ones are left out.',
    has: (summary, j) => fires(summary, j) && !tagged('dense')(summary, j),
    order: ({ entropy }, j) => entropy[j],
  },
  { name: 'rare', title: 'Rarest', hint: 'Those that fire least often, but do.', has: fires, order: ({ density }, j) => -density[j] },
  { name: 'dense', title: 'Densest', hint: 'Those that fire most often.', has: fires, order: ({ density }, j) => density[j] },
  {
    name: 'places',
    title: 'By place',
    hint: 'Those that fire by place in the text: first token, or one range.',
    has: (s, j) => tagged('first-token')(s, j) || tagged('positional')(s, j),
    order: ({ density }, j) => density[j],
  },
  { name: 'dead', title: 'Dead', hint: 'Those that never fire in this text.', has: tagged('dead'), order: (_, j) => -j },
];

interface ListQuery {
  list: string;
  search: string;
}

/** @param nameOf letters of a token. @returns latents, in order; a search looks at labels and at the token fired on most */
export function listFeatures(
  summary: IndexSummary,
  { list, search }: ListQuery,
  labels: ReadonlyMap<number, string>,
  nameOf: (id: number) => string | undefined,
  called: ReadonlyMap<number, FeatureName>,
): number[] {
  const { has, order } = LISTS.find(({ name }) => name === list) ?? LISTS[0];
  const wanted = search.toLowerCase();
  const isFound = (latent: number) => {
    if (wanted === '') return has(summary, latent);
    const label = labels.get(latent)?.toLowerCase();
    const token = nameOf(summary.token[latent])?.toLowerCase();
    // A space in front is part of a token: " the" finds that one alone, "the" both.
    return (
      String(latent) === wanted ||
      label?.includes(wanted) ||
      called.get(latent)?.words.toLowerCase().includes(wanted) ||
      token === wanted ||
      token?.trim() === wanted ||
      (wanted.length > 1 && token?.includes(wanted))
    );
  };
  return Array.from(summary.density.keys())
    .filter(isFound)
    .sort((a, b) => order(summary, b) - order(summary, a) || a - b);
}

/** Figures and labels of all features of a dictionary, for lists; what is known already is not asked again. */
export function createLists(
  api: Pick<FeatureApi, 'index' | 'labels'>,
  store: FeatureStore,
  learn: (ids: Iterable<number>) => Promise<void>,
  call: AskCalled,
): (dictionary: string, corpus: string) => Promise<void> {
  let asked = 0;
  return async (dictionary, corpus) => {
    const mine = ++asked;
    const { summary, named } = store.getState();
    const isKnown = summary?.dictionary === dictionary && summary.summary.corpus === corpus;
    const [figures, labels] = await Promise.all([
      isKnown ? summary.summary : api.index?.summary(dictionary, { corpus }).catch(() => null),
      named.dictionary === dictionary ? null : api.labels.list(dictionary).catch(() => []),
    ]);
    if (mine !== asked || !figures) return;
    if (!isKnown) store.setState({ summary: { dictionary, summary: figures } });
    if (labels) store.setState({ named: namedOf(dictionary, labels) });
    await learn([...figures.token].filter((id) => id >= 0));
    const info = indexOf(store.getState(), dictionary);
    if (info) call(info);
  };
}
