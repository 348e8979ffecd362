/** The questions that are asked of one feature, one for each part. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturesApi, IndexInfo } from '../../api/features.ts';
import type { FeaturePlace } from '../shared/featureAddress.ts';
import type { SharedState } from '../shared/state.ts';
import type { Cases } from './cases.ts';
import { contextsOf } from './contexts.ts';
import { summaryIn } from './inText.ts';
import { caseOf, indexOf, isKept, type FeatureApi, type FeatureStore, type Firing, type PartName } from './state.ts';
import type { TokenNames } from '../shared/tokenNames.ts';
import { idsOfEffects, idsOfRecord, idsOfWeights } from './idsOf.ts';

/** Characters of a person's text that are read, and measured without being asked to. */
export const READ_CHARACTERS = 4000;
export const MEASURED_CHARACTERS = 1500;
/** Tokens and neighbours listed. */
const LISTED = 10;
/** Other dictionaries that neighbours are looked for in. */
const MOST_ELSEWHERE = 3;

export interface JobNeeds {
  api: FeatureApi;
  store: FeatureStore;
  page: StoreApi<SharedState>;
  cases: Cases;
  names: TokenNames;
}

function isWaiting({ store }: JobNeeds, at: FeaturePlace, part: PartName): boolean {
  return caseOf(store.getState(), at)[part].status === 'waiting';
}

/** What tells one state of an index from another. */
export function stampOf({ corpus, tokens, made }: IndexInfo): string {
  return `${tokens} ${made} ${corpus}`;
}

/**
 * What an index that was asked for has become while it was read is looked into once more: a build may have ended in between.
 * @param info the index that is shown; undefined where there is none
 */
export function askFiring(needs: JobNeeds, at: FeaturePlace, info: IndexInfo | undefined): void {
  const { api, store, cases, names } = needs;
  const { index } = api;
  if (!index) return cases.put(at, 'firing', { status: 'absent' });
  const known = caseOf(store.getState(), at).firing;
  if (!info) {
    if (known.status === 'done') cases.put(at, 'firing', { status: 'waiting' });
    return;
  }
  const isThere = known.status === 'done' && stampOf(known.value.index) === stampOf(info);
  if (isThere || known.status === 'failed') return;
  const job = () => readFiring({ detokenize: api.detokenize, index }, names, at, info);
  cases.begin(at, 'firing', job, ({ signal }) => {
    if (signal.aborted) return;
    const now = indexOf(store.getState(), at.dictionary);
    // A look into a build that ended meanwhile finds nothing, and is no failure of the index that came of it.
    const isGrowing = !isKept(store.getState(), info);
    if (isGrowing && caseOf(store.getState(), at).firing.status === 'failed') cases.put(at, 'firing', { status: 'waiting' });
    if (now && isKept(store.getState(), now) && stampOf(now) !== stampOf(info)) askFiring(needs, at, now);
  });
}

/** A record with what its contexts spell; the names of its tokens are learned. */
export async function readFiring(
  { index, detokenize }: Pick<FeatureApi, 'detokenize'> & { index: FeaturesApi['index'] },
  names: TokenNames,
  { dictionary, latent }: FeaturePlace,
  info: IndexInfo,
): Promise<Firing> {
  const record = await index.feature(dictionary, latent, { corpus: info.corpus });
  const contexts = contextsOf(record);
  const spelled = contexts.length > 0 ? detokenize(contexts.map(({ ids }) => ids)) : [];
  const [rows] = await Promise.all([spelled, names.learn(idsOfRecord(record))]);
  return { record, index: info, texts: new Map(contexts.map((context, i) => [context, rows[i]])) };
}

export function askInText(needs: JobNeeds, at: FeaturePlace): void {
  const { api, store, cases } = needs;
  const { text } = store.getState();
  if (!isWaiting(needs, at, 'inText') || text === '' || text.length > READ_CHARACTERS) return;
  cases.begin(at, 'inText', async (signal) => {
    const [latents, { tokens }] = await Promise.all([api.encode({ text }, at.dictionary, { signal }), api.tokenize(text)]);
    return { text, ...summaryIn(latents, at.latent, tokens) };
  });
}

export function askCorpusEffects({ api, cases, names }: JobNeeds, at: FeaturePlace, tokens: number): void {
  const { effects } = api;
  if (!effects) return cases.put(at, 'corpusEffects', { status: 'absent' });
  cases.begin(at, 'corpusEffects', async (signal, onProgress) => {
    const measured = await effects(at.dictionary, at.latent, { tokens }, { signal, onProgress });
    await names.learn(idsOfEffects(measured));
    return measured;
  });
}

/** What takes the model's time. */
export function askRest(needs: JobNeeds, at: FeaturePlace): void {
  if (!needs.api.effects) needs.cases.put(at, 'corpusEffects', { status: 'absent' });
  askWeights(needs, at);
  askNeighbours(needs, at);
  askTextEffects(needs, at);
}

function askWeights(needs: JobNeeds, at: FeaturePlace): void {
  const { api, cases, names } = needs;
  const { weights } = api;
  if (!weights) return cases.put(at, 'weights', { status: 'absent' });
  if (!isWaiting(needs, at, 'weights')) return;
  cases.begin(at, 'weights', async (signal) => {
    const found = await weights(at.dictionary, at.latent, { k: LISTED, signal });
    await names.learn(idsOfWeights(found));
    return found;
  });
}

function askNeighbours(needs: JobNeeds, at: FeaturePlace): void {
  const { api, cases, page } = needs;
  const { neighbours } = api;
  if (!neighbours) return cases.put(at, 'neighbours', { status: 'absent' });
  if (!isWaiting(needs, at, 'neighbours')) return;
  const elsewhere = dictionariesBeside(page.getState(), at.dictionary);
  cases.begin(
    at,
    'neighbours',
    (signal) => neighbours(at.dictionary, at.latent, { k: LISTED, signal, ...(elsewhere.length > 0 && { elsewhere }) }),
    () => nameNeighbours(needs, at),
  );
}

export function askTogether(needs: JobNeeds, at: FeaturePlace, tokens: number): void {
  const { api, cases } = needs;
  const { neighbours } = api;
  if (!neighbours) return cases.put(at, 'together', { status: 'absent' });
  cases.begin(
    at,
    'together',
    async (signal, onProgress) => (await neighbours(at.dictionary, at.latent, { k: LISTED, tokens, signal, onProgress })).together ?? [],
    () => nameNeighbours(needs, at),
  );
}

function askTextEffects(needs: JobNeeds, at: FeaturePlace): void {
  const { api, store, cases, names } = needs;
  const { effects } = api;
  if (!effects) return cases.put(at, 'textEffects', { status: 'absent' });
  const { text } = store.getState();
  if (!isWaiting(needs, at, 'textEffects') || text === '' || text.length > MEASURED_CHARACTERS) return;
  cases.begin(at, 'textEffects', async (signal) => {
    const [measured, { tokens }] = await Promise.all([effects(at.dictionary, at.latent, { text }, { signal }), api.tokenize(text)]);
    await names.learn(idsOfEffects(measured));
    return { text, effects: measured, tokens };
  });
}

/** What its neighbours fire on, where that is known: it may come before them or after. */
export function nameNeighbours({ store, names }: JobNeeds, at: FeaturePlace): void {
  const { summary } = store.getState();
  const { neighbours, together } = caseOf(store.getState(), at);
  if (summary?.dictionary !== at.dictionary) return;
  const near = neighbours.status === 'done' ? neighbours.value.cosine : [];
  const ids = [...near, ...(together.status === 'done' ? together.value : [])]
    .map(({ latent }) => summary.summary.token[latent])
    .filter((id) => id >= 0);
  // Without names the table shows none.
  names.learn(ids).catch(() => undefined);
}

/** Others of the same hook whose weights are here already. */
function dictionariesBeside({ dictionaries, opened }: SharedState, id: string): string[] {
  const list = dictionaries.status === 'done' ? dictionaries.list : [];
  const own = list.find((d) => d.id === id);
  if (!own) return [];
  const beside = list.filter((d) => d.fits && d.id !== id && d.hook === own.hook && opened.includes(d.id));
  return beside.slice(0, MOST_ELSEWHERE).map((d) => d.id);
}
