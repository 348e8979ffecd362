/**
 * Keeps predictions, activations and features in step with text, edits, hook, dictionary and model. A lane
 * each, so that a slow read of activations never holds back predictions; in each only the newest question counts.
 * A text longer than the context is read window by window, those on screen first.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { Input, Predictions } from '../../api/model.ts';
import { createByteCache } from '../../core/byteCache.ts';
import { tokenWindows, type TokenWindow } from '../../core/lm/windows.ts';
import { buildAnalysis, type Analysis, type SourceTokens, type WindowAnswer } from './analysis.ts';
import type { Activations } from './facts.ts';
import { usesSelection } from './edits.ts';
import { createFeatureReader, type FeatureReader } from './featureReader.ts';
import { createLatest } from '../shared/latest.ts';
import { isOfLatent } from './latentChange.ts';
import { activeEdits, chosenPosition, clampPosition, editsAct } from './selectors.ts';
import { insideText, keptSpan, type TokenSpan } from './spans.ts';
import type { ExploreState } from './state.ts';
import { createTokenReader } from './tokenReader.ts';
import { createPace, nextWindow, windowAt, type Focus } from './windowReading.ts';

/** Keystrokes closer together than this are answered as one; the first after a pause is answered at once. */
export const TYPING_PAUSE_MS = 70;
/** Of a long text: turning it into tokens takes that long. */
const LONG_TYPING_PAUSE_MS = 250;
const LONG_TEXT_CHARACTERS = 8000;
/** As many predictions as the screen can show. */
const PREDICTIONS_K = 50;
/** How often a text that is being read is shown. */
const SHOWN_EVERY_MS = 150;
/** Windows remembered: about 300 of 256 tokens. */
const CACHE_BYTES = 48 * 1024 * 1024;

export interface Reader {
  textChanged: () => void;
  /** Another view came from a link, with a span of its own text. */
  linkOpened: () => void;
  editsChanged: () => void;
  hookChanged: () => void;
  positionChanged: () => void;
  visibleTokensChanged: (visible: TokenSpan) => void;
  dictionaryChanged: () => void;
  /** Asks again which dictionaries there are; `wanted` is chosen if it fits. */
  libraryChanged: (wanted?: string) => Promise<void>;
  modelChanged: () => void;
}

export function createReader(api: FeaturescopeApi, store: StoreApi<ExploreState>): Reader {
  const self = new ScreenReader(api, store);
  return {
    textChanged: () => self.textChanged(),
    linkOpened: () => self.linkOpened(),
    editsChanged: () => self.editsChanged(),
    hookChanged: () => self.hookChanged(),
    positionChanged: () => self.positionChanged(),
    visibleTokensChanged: (span) => self.visibleTokensChanged(span),
    dictionaryChanged: () => self.dictionaryChanged(),
    libraryChanged: (wanted) => self.libraryChanged(wanted),
    modelChanged: () => self.modelChanged(),
  };
}

class ScreenReader {
  readonly #api: FeaturescopeApi;
  readonly #store: StoreApi<ExploreState>;
  readonly #predictions = createLatest();
  readonly #activations = createLatest();
  readonly #tokens: ReturnType<typeof createTokenReader>;
  readonly #cache = createByteCache<Predictions>(CACHE_BYTES);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastRead = 0;
  #visible: TokenSpan = [0, 1];
  #linked: TokenSpan | null = null;
  readonly #features: FeatureReader;

  constructor(api: FeaturescopeApi, store: StoreApi<ExploreState>) {
    this.#api = api;
    this.#store = store;
    this.#tokens = createTokenReader(api);
    const { tokensOf } = this.#tokens;
    this.#features = createFeatureReader({ api, store, tokensOf, focus: (tokens) => this.#focus(tokens) }, () => {
      if (store.getState().bench.edits.some((e) => isOfLatent(e.change))) this.#refresh();
    });
  }

  #focus(tokens: number): Focus {
    return { visible: this.#visible, chosen: clampPosition(this.#store.getState().position, tokens) };
  }

  /** A window's predictions without edits. */
  async #readBefore(input: Input, ids: readonly number[], signal: AbortSignal): Promise<Predictions> {
    const key = ids.join(' ');
    const known = this.#cache.get(key);
    if (known) return known;
    const answer = await this.#api.predict(input, { k: PREDICTIONS_K, signal });
    this.#cache.set(key, answer, bytesOf(answer));
    return answer;
  }

  async #readWindow(source: SourceTokens, window: TokenWindow, only: boolean, signal: AbortSignal): Promise<WindowAnswer> {
    const state = this.#store.getState();
    const ids = source.ids.slice(window.start, window.end);
    const input = only && source.whole ? { text: source.text } : { ids };
    const edits = activeEdits(state, source.ids.length, window);
    const before = await this.#readBefore(input, ids, signal);
    signal.throwIfAborted();
    if (!editsAct(state, source.ids.length)) return { before, after: null };
    if (edits.length === 0) return { before, after: unedited(before) };
    return { before, after: await this.#api.predict(input, { k: PREDICTIONS_K, edits, signal }) };
  }

  async #readPredictions(text: string, signal: AbortSignal): Promise<Analysis | null> {
    const source = await this.#tokens.tokensOf(text);
    signal.throwIfAborted();
    const state = this.#store.getState();
    const n = source.ids.length;
    if (n === 0) return null;
    const windows = tokenWindows(n, state.model?.n_ctx ?? n);
    const only = windows.length === 1;
    const edited = editsAct(state, n);
    const building = buildAnalysis(source, windows, edited);
    if (!only && !edited) {
      windows.forEach(({ start, end }, w) => {
        const before = this.#cache.get(source.ids.slice(start, end).join(' '));
        if (before) building.add(w, { before, after: null });
      });
    }
    const isTime = createPace(SHOWN_EVERY_MS);
    for (;;) {
      const next = nextWindow(windows, building.has, this.#focus(n));
      if (next === undefined) return building.snapshot();
      building.add(next, await this.#readWindow(source, windows[next], only, signal));
      signal.throwIfAborted();
      if (!only && isTime()) this.#adopt(building.snapshot());
    }
  }

  #adopt(analysis: Analysis) {
    const was = this.#store.getState();
    // The span of a link comes before its text was read.
    const span =
      was.analysis && was.span !== this.#linked
        ? keptSpan(was.span, was.analysis.before.ids, analysis.before.ids)
        : insideText({ analysis }, was.span);
    this.#linked = null;
    this.#store.setState({ analysis, span });
  }

  async #refreshPredictions() {
    const { text, model } = this.#store.getState();
    if (!model) return;
    this.#store.setState({ reading: { status: 'running' } });
    const outcome = await this.#predictions.run((signal) => this.#readPredictions(text, signal));
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') this.#store.setState({ reading: outcome });
    else if (outcome.value) {
      this.#adopt(outcome.value);
      this.#store.setState({ reading: { status: 'done' } });
    } else this.#store.setState({ reading: { status: 'empty' }, analysis: null, span: null });
  }

  /** Of a long text, the window that the chosen token takes its values from. */
  async #readActivations(text: string, hook: string, signal: AbortSignal): Promise<Activations | null> {
    const source = await this.#tokens.tokensOf(text);
    const state = this.#store.getState();
    const n = source.ids.length;
    if (n === 0) return null;
    const windows = tokenWindows(n, state.model?.n_ctx ?? n);
    const window = windows[windowAt(windows, this.#focus(n).chosen)];
    const { start, end } = window;
    const edits = activeEdits(state, n, window);
    const only = windows.length === 1 && source.whole;
    const { acts } = await this.#api.run(only ? { text } : { ids: source.ids.slice(start, end) }, { read: [hook], edits, signal });
    const tokens = only ? source.tokens : source.tokens.slice(start, end);
    const spans = only ? source.spans : source.spans.slice(start, end);
    return { hook, text: source.text, start, tokens, spans, values: acts[hook], edited: edits.length > 0 };
  }

  async #refreshActivations() {
    const { text, model, hook } = this.#store.getState();
    if (!model || hook === '') return;
    this.#store.setState({ activationsTask: { status: 'running' } });
    const outcome = await this.#activations.run((signal) => this.#readActivations(text, hook, signal));
    if (outcome.status === 'stale') return;
    if (outcome.status === 'failed') this.#store.setState({ activationsTask: outcome });
    else if (outcome.value) this.#store.setState({ activationsTask: { status: 'done' }, activations: outcome.value });
    else this.#store.setState({ activationsTask: { status: 'idle' } });
  }

  #refresh() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.#refreshPredictions();
    void this.#refreshActivations();
  }

  /** Features first: they are what a person types for, and predictions go on from the residuals they needed. */
  #readText() {
    this.#lastRead = performance.now();
    this.#features.refresh();
    this.#refresh();
  }

  textChanged() {
    clearTimeout(this.#timer);
    const long = this.#store.getState().text.length > LONG_TEXT_CHARACTERS;
    if (long) stopReading(this.#predictions, this.#features);
    const isFirst = performance.now() - this.#lastRead > TYPING_PAUSE_MS;
    this.#timer = setTimeout(() => this.#readText(), long ? LONG_TYPING_PAUSE_MS : isFirst ? 0 : TYPING_PAUSE_MS);
  }

  linkOpened() {
    this.#linked = this.#store.getState().span;
    this.#readText();
  }

  editsChanged() {
    // A text not read yet is about to be, here: its features with it.
    const pending = this.#timer !== undefined;
    this.#refresh();
    if (pending) this.#features.refresh();
  }

  hookChanged() {
    return void this.#refreshActivations();
  }

  positionChanged() {
    const state = this.#store.getState();
    if (usesSelection(state.bench.edits)) return this.#refresh();
    const { activations: shown, analysis } = state;
    if (!shown || !analysis || analysis.windows.length === 1) return;
    if (analysis.windows[windowAt(analysis.windows, chosenPosition(state))].start !== shown.start) void this.#refreshActivations();
  }

  visibleTokensChanged(span: TokenSpan) {
    this.#visible = span;
  }

  modelChanged() {
    this.#tokens.forget();
    this.#cache.clear();
    this.#refresh();
    this.#features.modelChanged();
  }

  dictionaryChanged(): void {
    this.#features.refresh();
  }

  libraryChanged(wanted?: string): Promise<void> {
    return this.#features.libraryChanged(wanted);
  }
}

/** Typing stops the reading of a long text at once; what was read stays on screen and in the caches. */
function stopReading(...lanes: readonly { cancel: () => void }[]): void {
  for (const lane of lanes) lane.cancel();
}

/** What edits make of a window that none of them touches. */
function unedited(before: Predictions): Predictions {
  const { topIds, topProbs, ids } = before;
  const comparison = {
    kl: new Float32Array(ids.length),
    topProbsBefore: topProbs,
    idsBefore: topIds,
    probsBefore: topProbs,
    probsAfter: topProbs,
  };
  return { ...before, comparison };
}

/** Numbers of a window's predictions, and about as much again for the words. */
function bytesOf({ ids, k }: Predictions): number {
  return ids.length * (2 * 4 * k + 160);
}
