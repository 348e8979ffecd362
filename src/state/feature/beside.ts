/**
 * The counter-example: of neurons, principal and independent components and random directions of the same hook the one that
 * reads most like a feature, with the same figures. What is not here is made and indexed first, and stays in the library.
 */
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { Effects, IndexInfo, Neighbours } from '../../api/features.ts';
import type { FeaturePlace } from '../shared/featureAddress.ts';
import { readFiring, type JobNeeds } from './jobs.ts';
import { findPlace, indexOf, indicesOf, type Beside, type BesideColumn, type BesideKind, type Part } from './state.ts';
import { idsOfEffects } from './idsOf.ts';

/** Tokens that directions are indexed on, and on which it is counted which of them reads most like the feature. */
export const BESIDE_TOKENS = 20_000;
/** Tokens on which it is measured what each does. */
export const BESIDE_EFFECT_TOKENS = 4096;

/** In the order in which they stand beside it; all but the last are made in seconds. */
export const BESIDE_KINDS: readonly { kind: BesideKind; words: string; one: string; isUsual: boolean }[] = [
  { kind: 'neurons', words: 'Neurons', one: 'Neuron', isUsual: true },
  { kind: 'pca', words: 'PCA', one: 'Principal component', isUsual: true },
  { kind: 'random', words: 'Random directions', one: 'Random direction', isUsual: true },
  { kind: 'ica', words: 'ICA', one: 'Independent component', isUsual: false },
];

type Report = (now: { done: number; total: number; message: string }) => void;
interface Going {
  signal: AbortSignal;
  report: Report;
}

/** Directions of a hook that are here, by kind: those with values of their own sign, not stacked or cut to the k largest. */
export function directionsHere(dictionaries: readonly DictionaryInfo[], hook: string): Map<BesideKind, DictionaryInfo> {
  const found = new Map<BesideKind, DictionaryInfo>();
  for (const { kind } of BESIDE_KINDS) {
    const one = dictionaries.find((d) => d.fits && d.hook === hook && d.architecture === kind);
    if (one) found.set(kind, one);
  }
  return found;
}

/** @param kinds those that are wanted; what is there of them is taken, the rest made */
export function askBeside(needs: JobNeeds, at: FeaturePlace, kinds: readonly BesideKind[]): void {
  const { api, cases, page } = needs;
  const { baselines, index, neighbours } = api;
  if (!baselines || !index || !neighbours) return cases.put(at, 'beside', { status: 'absent' });
  const found = findPlace(page.getState(), at);
  if (found.status !== 'found') return;
  const own = found.dictionary;
  cases.put(at, 'besideEffects', { status: 'waiting' });
  cases.begin(at, 'beside', async (signal, report) => {
    const going = { signal, report };
    const directions = await madeDirections(needs, own, kinds, going);
    await indexMissing(needs, [own, ...directions.values()], going);
    const { alike = [] } = await neighbours(at.dictionary, at.latent, {
      k: 1,
      tokens: BESIDE_TOKENS,
      elsewhere: [...directions.values()].map(({ id }) => id),
      signal,
      onProgress: (now) => report({ ...now, message: 'Looking for the directions that read most like it' }),
    });
    return { own: await columnOf(needs, own, at.latent), columns: await columnsOf(needs, directions, alike) };
  });
}

async function madeDirections({ api, page }: JobNeeds, { hook }: DictionaryInfo, kinds: readonly BesideKind[], { signal, report }: Going) {
  const { dictionaries } = page.getState();
  const here = directionsHere(dictionaries.status === 'done' ? dictionaries.list : [], hook);
  const wanted = new Map<BesideKind, DictionaryInfo>();
  for (const { kind, words } of BESIDE_KINDS) {
    if (!kinds.includes(kind)) continue;
    const onProgress = ({ done, total }: { done: number; total: number }) => report({ done, total, message: `Making them: ${words}` });
    wanted.set(kind, here.get(kind) ?? (await api.baselines!.make({ kind, hook }, { signal, onProgress })));
  }
  return wanted;
}

/** One pass of the text for all that have no index of enough tokens. */
async function indexMissing({ api, store }: JobNeeds, dictionaries: readonly DictionaryInfo[], { signal, report }: Going): Promise<void> {
  const { indices } = store.getState();
  const isThere = ({ tokens, total }: IndexInfo) => tokens === total && tokens >= BESIDE_TOKENS;
  const missing = dictionaries.filter(({ id }) => !indicesOf(indices, id).some(isThere));
  if (missing.length === 0) return;
  await api.index!.build(
    missing.map(({ id }) => id),
    { tokens: BESIDE_TOKENS, signal, onProgress: report },
  );
}

function columnsOf(
  needs: JobNeeds,
  directions: ReadonlyMap<BesideKind, DictionaryInfo>,
  alike: NonNullable<Neighbours['alike']>,
): Promise<BesideColumn[]> {
  const found = [...directions].flatMap(([kind, dictionary]) => {
    const best = alike.find((one) => one.dictionary === dictionary.id);
    return best ? [{ kind, dictionary, best }] : [];
  });
  return Promise.all(
    found.map(async ({ kind, dictionary, best: { latent, correlation, cosine } }) => ({
      kind,
      correlation,
      cosine,
      ...(await columnOf(needs, dictionary, latent)),
    })),
  );
}

async function columnOf({ api, names, store }: JobNeeds, { id, label }: DictionaryInfo, latent: number): Promise<Beside['own']> {
  const list = await api.index!.list();
  const index = indexOf({ indices: { status: 'done', list }, corpus: store.getState().corpus, build: null }, id);
  if (!index) throw new Error(`The index of ${label} was removed meanwhile. Nothing else was lost; ask again.`);
  const [firing, summary] = await Promise.all([
    readFiring({ index: api.index!, detokenize: api.detokenize }, names, { dictionary: id, latent }, index),
    api.index!.summary(id, { corpus: index.corpus }),
  ]);
  const token = summary?.token[latent] ?? -1;
  return {
    dictionary: id,
    label,
    latent,
    firing,
    token: summary && token >= 0 ? { id: token, share: summary.share[latent], entropy: summary.entropy[latent] } : null,
  };
}

/** What is measured of what was found. */
export function askBesideEffects(needs: JobNeeds, at: FeaturePlace, beside: Part<Beside>): void {
  const { api, cases, names } = needs;
  const { effects: measure } = api;
  if (!measure) return cases.put(at, 'besideEffects', { status: 'absent' });
  if (beside.status !== 'done') return;
  const { own, columns } = beside.value;
  cases.begin(at, 'besideEffects', async (signal, report) => {
    const effects: Effects[] = [];
    for (const [i, { dictionary, latent, label }] of [own, ...columns].entries()) {
      const onProgress = ({ done, total }: { done: number; total: number }) =>
        report({ done: i * total + done, total: (columns.length + 1) * total, message: `Measuring ${label}, ${latent}` });
      effects.push(await measure(dictionary, latent, { tokens: BESIDE_EFFECT_TOKENS }, { signal, onProgress }));
    }
    for (const one of effects) await names.learn(idsOfEffects(one));
    return { effects };
  });
}
