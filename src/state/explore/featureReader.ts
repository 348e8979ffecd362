/**
 * Keeps the features in step with text and dictionary, in a lane of its own: what fires and how much of the
 * activation that explains, in one call. A text longer than the context comes window by window, those on screen first.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { DictionaryInfo, Features, Latents, WindowExplained } from '../../api/dictionaries.ts';
import { createByteCache } from '../../core/byteCache.ts';
import { tokenWindows, type TokenWindow } from '../../core/lm/windows.ts';
import { chosenDictionary, findWanted } from '../shared/dictionaries.ts';
import type { SourceTokens } from './analysis.ts';
import { explainText } from './explained.ts';
import type { FeatureReading } from './featureFacts.ts';
import { defaultDictionary, indexFeatures, indexing } from './features.ts';
import { createLatest } from '../shared/latest.ts';
import { lastDictionary } from '../shared/lastDictionary.ts';
import { inSlices } from '../shared/timeSlices.ts';
import type { ExploreState } from './state.ts';
import { createPace, nextWindow, type Focus } from './windowReading.ts';

export interface FeatureReader {
  refresh: () => void;
  /** Stops reading; what has been read stays. */
  cancel: () => void;
  /** Asks again which dictionaries there are, then reads. */
  modelChanged: () => void;
  /** Asks again which dictionaries there are; `wanted` is chosen if it fits. */
  libraryChanged: (wanted?: string) => Promise<void>;
}

/** What one window of a text gives: its own tokens only, those kept from it. */
interface WindowFeatures {
  latents: Pick<Latents, 'rows' | 'latents' | 'values'>;
  explained: WindowExplained;
}

/** How often a text that is being read is shown: its index is made anew each time. */
const SHOWN_EVERY_MS = 500;
/** Text of fewer characters a token of context is likely one window. */
const CHARACTERS_A_TOKEN = 4;
const CACHE_BYTES = 64 * 1024 * 1024;

export function createFeatureReader(
  api: FeaturescopeApi,
  store: StoreApi<ExploreState>,
  tokensOf: (text: string) => Promise<SourceTokens>,
  focus: (tokens: number) => Focus,
  /** Edits of features act or not by what is listed. */
  listed: () => void,
): FeatureReader {
  const lane = createLatest();
  const listing = createLatest();
  const cache = createByteCache<WindowFeatures>(CACHE_BYTES);

  /** @param wanted chosen if it fits, else what was chosen, else the default */
  const list = async (wanted?: string) => {
    const outcome = await listing.run(() => api.dictionaries.list());
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') {
      store.setState({ dictionaries: outcome, dictionary: '', features: null });
      listed();
      return;
    }
    const { model, dictionary, wanted: linked, pins } = store.getState();
    const fits = (id: string | undefined) => outcome.value.some((d) => d.fits && d.id === id);
    const found = findWanted(outcome.value, linked);
    const last = model ? lastDictionary(api.settings, model.id) : undefined;
    const usual = model ? defaultDictionary(outcome.value, model)?.id : undefined;
    const chosen = [found?.id, wanted, dictionary, linked?.id, last, usual].find(fits) ?? '';
    store.setState({
      dictionaries: { status: 'done', list: outcome.value },
      dictionary: chosen,
      // The same tensors may have another id here.
      ...(found && linked && { wanted: null, pins: pins.map((p) => (p.dictionary === linked.id ? { ...p, dictionary: found.id } : p)) }),
    });
    listed();
    refresh();
  };

  /** One window is the whole text. */
  const readShort = async (source: SourceTokens, dictionary: DictionaryInfo, asked: Promise<Features>): Promise<FeatureReading> => {
    const { explained, ...latents } = await asked;
    const n = source.ids.length;
    return {
      ...namedTokens(source),
      dictionary,
      index: indexFeatures(latents),
      known: { flags: new Uint8Array(n).fill(1), count: n },
      windows: 1,
      explained: explained && explainText([{ first: 0, explained }], n),
    };
  };

  /** Asked for together with the tokens of what is likely one window, so that a keystroke waits for one answer, not for two in turn. */
  const askShort = (text: string, { id }: DictionaryInfo, signal: AbortSignal) => {
    const stop = new AbortController();
    const asked = api.features({ text }, id, { signal: AbortSignal.any([signal, stop.signal]) });
    // Of a text that is longer after all nobody listens.
    asked.catch(() => {});
    return { asked, stop: () => stop.abort() };
  };

  const readWindow = async (ids: number[], skip: number, { id }: DictionaryInfo, signal: AbortSignal): Promise<WindowFeatures> => {
    const { explained, ...latents } = await api.features({ ids }, id, { skip, signal });
    if (!explained) throw new Error('How much of the activations the features explain cannot be computed.');
    return { latents, explained };
  };

  const readLong = async (
    source: SourceTokens,
    windows: readonly TokenWindow[],
    dictionary: DictionaryInfo,
    signal: AbortSignal,
  ): Promise<FeatureReading> => {
    const n = source.ids.length;
    const found = new Map<number, WindowFeatures>();
    const flags = new Uint8Array(n);
    let count = 0;
    const add = (w: number, features: WindowFeatures) => {
      const { keepFrom, end } = windows[w];
      found.set(w, features);
      flags.fill(1, keepFrom, end);
      count += end - keepFrom;
    };
    const reading = async (): Promise<FeatureReading> => {
      const inOrder = [...found].sort(([a], [b]) => a - b).map(([w, features]) => ({ first: windows[w].keepFrom, ...features }));
      const known = { flags: flags.slice(), count };
      const index = await inSlices(indexing(inOrder, n, dictionary.d_sae), signal);
      return { ...namedTokens(source), dictionary, index, known, windows: windows.length, explained: explainText(inOrder, n) };
    };
    const idsOf = ({ start, end }: TokenWindow) => source.ids.slice(start, end);
    const keyOf = (w: TokenWindow) => `${dictionary.id} ${w.keepFrom - w.start} ${idsOf(w).join(' ')}`;
    windows.forEach((window, w) => {
      const known = cache.get(keyOf(window));
      if (known) add(w, known);
    });
    const isTime = createPace(SHOWN_EVERY_MS);
    for (;;) {
      const next = nextWindow(windows, (w) => found.has(w), focus(n));
      if (next === undefined) return reading();
      const window = windows[next];
      const features = await readWindow(idsOf(window), window.keepFrom - window.start, dictionary, signal);
      cache.set(keyOf(window), features, bytesOf(features));
      signal.throwIfAborted();
      add(next, features);
      if (isTime()) store.setState({ features: await reading() });
    }
  };

  const read = async (signal: AbortSignal): Promise<FeatureReading | null> => {
    const state = store.getState();
    const dictionary = chosenDictionary(state);
    if (!dictionary) return null;
    const { text } = state;
    const n_ctx = state.model?.n_ctx ?? Infinity;
    const early = text.length <= CHARACTERS_A_TOKEN * n_ctx ? askShort(text, dictionary, signal) : undefined;
    try {
      const source = await tokensOf(text);
      signal.throwIfAborted();
      const n = source.ids.length;
      const windows = tokenWindows(n, Math.min(n_ctx, n));
      if (n > 0 && windows.length === 1 && source.whole) {
        return await readShort(source, dictionary, (early ?? askShort(text, dictionary, signal)).asked);
      }
      early?.stop();
      return n === 0 ? null : await readLong(source, windows, dictionary, signal);
    } catch (error) {
      early?.stop();
      throw error;
    }
  };

  const refresh = () => void refreshNow();
  const refreshNow = async () => {
    const { model, dictionary, text } = store.getState();
    if (!model || dictionary === '' || text === '') {
      lane.cancel();
      store.setState({ features: null, featuresTask: { status: 'idle' }, pointed: null });
      return;
    }
    store.setState({ featuresTask: { status: 'running' } });
    const outcome = await lane.run(read);
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') {
      // The last answer stays, unless it is another dictionary's than the one named above it.
      const { features } = store.getState();
      store.setState({ featuresTask: outcome, features: features?.dictionary.id === dictionary ? features : null });
    } else if (outcome.value) store.setState({ featuresTask: { status: 'done' }, features: outcome.value });
    else store.setState({ featuresTask: { status: 'idle' } });
  };

  return {
    refresh,
    libraryChanged: list,
    cancel: lane.cancel,
    modelChanged() {
      lane.cancel();
      cache.clear();
      store.setState({ dictionaries: { status: 'waiting' }, features: null, featuresTask: { status: 'idle' }, pointed: null });
      void list();
    },
  };
}

function namedTokens({ text, ids, tokens, spans }: SourceTokens) {
  return { text, ids, tokens, spans };
}

function bytesOf({ latents, explained }: WindowFeatures): number {
  return 8 * latents.latents.length + 4 * latents.rows.length + 8 * explained.mean.length + 4 * explained.tokens.length;
}
