/**
 * Keeps the features in step with text and dictionary, in a lane of its own: what fires and how much of the
 * activation that explains, in one call. A text longer than the context comes window by window, those on screen first.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { DictionaryInfo, Features, Latents, WindowExplained } from '../../api/dictionaries.ts';
import { createByteCache } from '../../core/byteCache.ts';
import { tokenWindows, type TokenWindow } from '../../core/lm/windows.ts';
import { answerLink, chosenDictionary } from '../shared/dictionaries.ts';
import type { SourceTokens } from './analysis.ts';
import { explainText } from './explained.ts';
import type { FeatureReading } from './featureFacts.ts';
import { defaultDictionary, indexFeatures, indexing } from './features.ts';
import { createLatest, type Outcome } from '../shared/latest.ts';
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

interface FeatureReaderNeeds {
  api: FeaturescopeApi;
  store: StoreApi<ExploreState>;
  tokensOf: (text: string) => Promise<SourceTokens>;
  focus: (tokens: number) => Focus;
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

/** @param listed edits of features act or not by what is listed */
export function createFeatureReader(need: FeatureReaderNeeds, listed: () => void): FeatureReader {
  const { store } = need;
  const lane = createLatest();
  const listing = createLatest();
  const reader = new TextReader(need);
  const refreshNow = async () => {
    const { model, dictionary, text } = store.getState();
    if (!model || dictionary === '' || text === '') {
      lane.cancel();
      store.setState({ features: null, featuresTask: { status: 'idle' }, pointed: null });
      return;
    }
    store.setState({ featuresTask: { status: 'running' } });
    const outcome = await lane.run((signal) => reader.read(signal));
    if (outcome.status !== 'stale') store.setState(afterReading(outcome, store.getState(), dictionary));
  };
  const refresh = () => void refreshNow();
  const list = async (wanted?: string) => {
    const outcome = await listing.run(() => need.api.dictionaries.list());
    if (outcome.status === 'stale') return;
    store.setState(
      outcome.status === 'failed'
        ? { dictionaries: outcome, dictionary: '', features: null }
        : afterListing(outcome.value, wanted, store.getState(), need.api.settings),
    );
    listed();
    if (outcome.status === 'done') refresh();
  };
  return {
    refresh,
    libraryChanged: list,
    cancel: lane.cancel,
    modelChanged() {
      lane.cancel();
      reader.forget();
      store.setState({ dictionaries: { status: 'waiting' }, features: null, featuresTask: { status: 'idle' }, pointed: null });
      void list();
    },
  };
}

/** @param wanted chosen if it fits, else what was chosen, else the default */
function afterListing(
  list: DictionaryInfo[],
  wanted: string | undefined,
  { model, dictionary, wanted: linked, pins }: ExploreState,
  settings: FeaturescopeApi['settings'],
): Partial<ExploreState> {
  const fits = (id: string | undefined) => list.some((d) => d.fits && d.id === id);
  const { found, pins: stay, said } = answerLink(list, linked, pins);
  const last = model ? lastDictionary(settings, model.id) : undefined;
  const usual = model ? defaultDictionary(list, model)?.id : undefined;
  return {
    dictionaries: { status: 'done', list },
    dictionary: [found?.id, wanted, dictionary, linked?.id, last, usual].find(fits) ?? '',
    ...(found && { wanted: null, pins: stay }),
    ...(said !== null && { notice: { text: said, undo: null } }),
  };
}

/** The last answer stays when reading fails, unless it is another dictionary's than the one named above it. */
function afterReading(
  outcome: Exclude<Outcome<FeatureReading | null>, { status: 'stale' }>,
  { features, opened }: ExploreState,
  dictionary: string,
): Partial<ExploreState> {
  if (outcome.status === 'failed') return { featuresTask: outcome, features: features?.dictionary.id === dictionary ? features : null };
  if (outcome.value) {
    const known = opened.includes(dictionary) ? opened : [...opened, dictionary];
    return { featuresTask: { status: 'done' }, features: outcome.value, opened: known };
  }
  return { featuresTask: { status: 'idle' } };
}

/** Reads the text on screen with the dictionary chosen; windows of long texts are remembered. */
class TextReader {
  readonly #need: FeatureReaderNeeds;
  readonly #cache = createByteCache<WindowFeatures>(CACHE_BYTES);

  constructor(need: FeatureReaderNeeds) {
    this.#need = need;
  }

  forget(): void {
    this.#cache.clear();
  }

  async read(signal: AbortSignal): Promise<FeatureReading | null> {
    const state = this.#need.store.getState();
    const dictionary = chosenDictionary(state);
    if (!dictionary) return null;
    const { text } = state;
    const n_ctx = state.model?.n_ctx ?? Infinity;
    const early = text.length <= CHARACTERS_A_TOKEN * n_ctx ? this.#askShort(text, dictionary, signal) : undefined;
    try {
      const source = await this.#need.tokensOf(text);
      signal.throwIfAborted();
      const n = source.ids.length;
      const windows = tokenWindows(n, Math.min(n_ctx, n));
      if (n > 0 && windows.length === 1 && source.whole) {
        return readingOfOne(source, dictionary, await (early ?? this.#askShort(text, dictionary, signal)).asked);
      }
      early?.stop();
      return n === 0 ? null : await this.#readLong(new LongText(source, windows, dictionary), signal);
    } catch (error) {
      early?.stop();
      throw error;
    }
  }

  /** Asked for together with the tokens of what is likely one window, so that a keystroke waits for one answer, not for two in turn. */
  #askShort(text: string, { id }: DictionaryInfo, signal: AbortSignal) {
    const stop = new AbortController();
    const asked = this.#need.api.features({ text }, id, { signal: AbortSignal.any([signal, stop.signal]) });
    // Of a text that is longer after all nobody listens.
    asked.catch(() => {});
    return { asked, stop: () => stop.abort() };
  }

  async #readLong(text: LongText, signal: AbortSignal): Promise<FeatureReading> {
    text.windows.forEach((_, w) => {
      const known = this.#cache.get(text.keyOf(w));
      if (known) text.add(w, known);
    });
    const isTime = createPace(SHOWN_EVERY_MS);
    for (;;) {
      const next = nextWindow(text.windows, (w) => text.has(w), this.#need.focus(text.source.ids.length));
      if (next === undefined) return text.reading(signal);
      const features = await this.#readWindow(text, next, signal);
      this.#cache.set(text.keyOf(next), features, bytesOf(features));
      signal.throwIfAborted();
      text.add(next, features);
      if (isTime()) this.#need.store.setState({ features: await text.reading(signal) });
    }
  }

  async #readWindow(text: LongText, w: number, signal: AbortSignal): Promise<WindowFeatures> {
    const asked = this.#need.api.features({ ids: text.idsOf(w) }, text.dictionary.id, { skip: text.skipOf(w), signal });
    const { explained, ...latents } = await asked;
    if (!explained) throw new Error('How much of the activations the features explain cannot be computed.');
    return { latents, explained };
  }
}

/** A text of several windows, and what is known of it so far. */
class LongText {
  readonly source: SourceTokens;
  readonly windows: readonly TokenWindow[];
  readonly dictionary: DictionaryInfo;
  readonly #found = new Map<number, WindowFeatures>();
  readonly #flags: Uint8Array<ArrayBuffer>;
  #count = 0;

  constructor(source: SourceTokens, windows: readonly TokenWindow[], dictionary: DictionaryInfo) {
    this.source = source;
    this.windows = windows;
    this.dictionary = dictionary;
    this.#flags = new Uint8Array(source.ids.length);
  }

  has(w: number): boolean {
    return this.#found.has(w);
  }

  add(w: number, features: WindowFeatures): void {
    const { keepFrom, end } = this.windows[w];
    this.#found.set(w, features);
    this.#flags.fill(1, keepFrom, end);
    this.#count += end - keepFrom;
  }

  idsOf(w: number): number[] {
    const { start, end } = this.windows[w];
    return this.source.ids.slice(start, end);
  }

  /** Tokens at its beginning whose values come from the window before. */
  skipOf(w: number): number {
    return this.windows[w].keepFrom - this.windows[w].start;
  }

  keyOf(w: number): string {
    return `${this.dictionary.id} ${this.skipOf(w)} ${this.idsOf(w).join(' ')}`;
  }

  async reading(signal: AbortSignal): Promise<FeatureReading> {
    const n = this.source.ids.length;
    const { windows, dictionary } = this;
    const inOrder = [...this.#found].sort(([a], [b]) => a - b).map(([w, features]) => ({ first: windows[w].keepFrom, ...features }));
    const known = { flags: this.#flags.slice(), count: this.#count };
    const index = await inSlices(indexing(inOrder, n, dictionary.d_sae), signal);
    return { ...namedTokens(this.source), dictionary, index, known, windows: windows.length, explained: explainText(inOrder, n) };
  }
}

/** One window is the whole text. */
function readingOfOne(source: SourceTokens, dictionary: DictionaryInfo, { explained, ...latents }: Features): FeatureReading {
  const n = source.ids.length;
  return {
    ...namedTokens(source),
    dictionary,
    index: indexFeatures(latents),
    known: { flags: new Uint8Array(n).fill(1), count: n },
    windows: 1,
    explained: explained && explainText([{ first: 0, explained }], n),
  };
}

function namedTokens({ text, ids, tokens, spans }: SourceTokens) {
  return { text, ids, tokens, spans };
}

function bytesOf({ latents, explained }: WindowFeatures): number {
  return 8 * latents.latents.length + 4 * latents.rows.length + 8 * explained.mean.length + 4 * explained.tokens.length;
}
