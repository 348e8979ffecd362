/** What nodes are called: a person's label, else the commonest token, else the number. */
import type { TreeNode } from '../../api/causal.ts';
import { glyphText } from '../../core/lm/glyphs.ts';
import { createTokenNames } from '../shared/tokenNames.ts';
import type { NodeName } from './groups.ts';
import type { CircuitsApi, CircuitsStore, NameFacts, TopContext } from './state.ts';
import { keyOf } from './trees.ts';

export function nameOfNode(
  { labels, commonest, tokens }: NameFacts,
  { dictionary, latent }: { dictionary: string | null; latent: number },
): NodeName {
  if (dictionary === null) return { text: glyphText(tokens.get(latent) ?? `[${latent}]`), from: 'token' };
  const label = labels.get(dictionary)?.get(latent);
  if (label) return { text: label, from: 'label' };
  const token = commonest.get(dictionary)?.[latent] ?? -1;
  const text = token >= 0 ? tokens.get(token) : undefined;
  return text === undefined ? { text: String(latent), from: 'number' } : { text: glyphText(text), from: 'token' };
}

export interface Naming {
  /** Learns what these are called; what is known is not asked for again. */
  learn: (nodes: readonly Pick<TreeNode, 'dictionary' | 'latent'>[]) => Promise<void>;
  learnTokens: (ids: Iterable<number>) => Promise<void>;
  askTop: (dictionary: string, latent: number) => void;
  /** Another model has other tokens and other features. */
  forget: () => void;
}

/** Tokens of a context that are shown on each side. */
const REACH = 8;

export function createNaming(api: CircuitsApi, store: CircuitsStore): Naming {
  const { getState: get, setState: set } = store;
  let model = 0;
  const { learn: learnTokens, forget: forgetTokens } = createTokenNames(
    api,
    () => get().tokens,
    (tokens) => set({ tokens }),
  );
  const learnDictionary = async (dictionary: string) => {
    const asked = model;
    // Marked at once: another node of it does not ask again.
    set((s) => ({ commonest: new Map([...s.commonest, [dictionary, null]]) }));
    const [labels, summary] = await Promise.all([
      api.labels.list(dictionary).catch(() => []),
      api.index.summary(dictionary).catch(() => null),
    ]);
    if (asked !== model) return;
    set((s) => ({
      labels: new Map([...s.labels, [dictionary, new Map(labels.map(({ latent, text }) => [latent, text]))]]),
      commonest: new Map([...s.commonest, [dictionary, summary?.token ?? null]]),
    }));
  };
  const relabel = async () => {
    const asked = model;
    const dictionaries = [...get().labels.keys()];
    const lists = await Promise.all(dictionaries.map((dictionary) => api.labels.list(dictionary).catch(() => [])));
    if (asked !== model) return;
    set({ labels: new Map(dictionaries.map((one, i) => [one, new Map(lists[i].map(({ latent, text }) => [latent, text]))])) });
  };
  api.labels.subscribe(() => void relabel());
  return {
    learnTokens,
    async learn(nodes) {
      const known = get().commonest;
      const dictionaries = [...new Set(nodes.flatMap(({ dictionary }) => dictionary ?? []))];
      await Promise.all(dictionaries.filter((one) => !known.has(one)).map(learnDictionary));
      const { commonest } = get();
      const tokenOf = ({ dictionary, latent }: (typeof nodes)[number]) =>
        dictionary === null ? latent : (commonest.get(dictionary)?.[latent] ?? -1);
      await learnTokens(nodes.map(tokenOf).filter((id) => id >= 0));
    },
    askTop(dictionary, latent) {
      const key = keyOf({ dictionary, latent });
      if (get().tops.has(key)) return;
      const asked = model;
      const put = (top: TopContext | null) => asked === model && set((s) => ({ tops: new Map([...s.tops, [key, top]]) }));
      put(null);
      void topContext(api, dictionary, latent).then(put, () => undefined);
    },
    forget() {
      model++;
      forgetTokens();
      set({ labels: new Map(), commonest: new Map(), tops: new Map() });
    },
  };
}

async function topContext({ index, detokenize }: CircuitsApi, dictionary: string, latent: number): Promise<TopContext | null> {
  const [top] = (await index.feature(dictionary, latent)).top;
  if (!top) return null;
  const from = Math.max(0, top.at - REACH);
  const [{ tokens }] = await detokenize([top.ids.slice(from, top.at + REACH + 1)]);
  const at = top.at - from;
  return { before: tokens.slice(0, at).join(''), at: tokens[at] ?? '', after: tokens.slice(at + 1).join(''), value: top.value };
}
