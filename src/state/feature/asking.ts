/** Asks for what is shown of the feature that is looked at: what is cheap at once, the rest when a person stays. */
import type { IndexInfo } from '../../api/features.ts';
import type { FeaturePlace } from '../shared/featureAddress.ts';
import { createLatest } from '../shared/latest.ts';
import type { AskCalled } from './called.ts';
import { askBeside, askBesideEffects } from './beside.ts';
import { namedOf } from './labelled.ts';
import { askCorpusEffects, askFiring, askInText, askRest, askTogether, nameNeighbours, stampOf, type JobNeeds } from './jobs.ts';
import { caseOf, indexOf, isKept, type BesideKind } from './state.ts';

/** Nobody looks at a feature that is passed on the way to another. */
const STAY_MS = 200;
/** An index that is being made is looked into no more often. */
const GROWTH_MS = 4000;

interface AskingNeeds extends JobNeeds {
  /** The feature that is looked at, where it can be shown. */
  place: () => FeaturePlace | null;
  call: AskCalled;
}

export class Asking {
  readonly #needs: AskingNeeds;
  readonly #summaries = createLatest();
  readonly #labels = createLatest();
  #summarized = '';
  #labelled = '';
  #stay: ReturnType<typeof setTimeout> | undefined;
  #growth: ReturnType<typeof setTimeout> | undefined;
  #grown = -Infinity;

  constructor(needs: AskingNeeds) {
    this.#needs = needs;
  }

  /** Asks for what is shown and is not here, and stops all else. */
  update(): void {
    clearTimeout(this.#stay);
    clearTimeout(this.#growth);
    this.#growth = undefined;
    const { cases, store, place } = this.#needs;
    const at = place();
    cases.stopOthers(at);
    if (!at) return;
    const info = indexOf(store.getState(), at.dictionary);
    this.#askLabels(at.dictionary);
    // Looked at last.
    cases.put(at, 'firing', caseOf(store.getState(), at).firing);
    if (info && info.tokens < info.total) this.#grown = Date.now();
    this.#askSummary(at.dictionary, info);
    askFiring(this.#needs, at, info);
    askInText(this.#needs, at);
    this.#stay = setTimeout(() => {
      askRest(this.#needs, at);
      if (info && isKept(store.getState(), info)) this.#needs.call(info);
    }, STAY_MS);
  }

  /** An index is being made: what it holds so far is shown, now and then. */
  grew(): void {
    const at = this.#needs.place();
    if (!at || this.#growth !== undefined) return;
    const info = indexOf(this.#needs.store.getState(), at.dictionary);
    const wait = Math.max(0, this.#grown + GROWTH_MS - Date.now());
    if (!info || info.tokens === info.total) return;
    this.#growth = setTimeout(() => this.update(), wait);
  }

  labelsChanged(): void {
    const dictionary = this.#labelled;
    this.#labelled = '';
    if (dictionary !== '') this.#askLabels(dictionary);
  }

  measureEffects(tokens: number): void {
    const at = this.#needs.place();
    if (at) askCorpusEffects(this.#needs, at, tokens);
  }

  countTogether(tokens: number): void {
    const at = this.#needs.place();
    if (at) askTogether(this.#needs, at, tokens);
  }

  lookBeside(kinds: readonly BesideKind[]): void {
    const at = this.#needs.place();
    if (at) askBeside(this.#needs, at, kinds);
  }

  measureBeside(): void {
    const at = this.#needs.place();
    if (at) askBesideEffects(this.#needs, at, caseOf(this.#needs.store.getState(), at).beside);
  }

  /** A feature of a dictionary drawn at random, of those that fire where that is known; null where there is none. */
  async random(dictionary: string): Promise<number | null> {
    const { api, store, page } = this.#needs;
    const { dictionaries } = page.getState();
    const info = dictionaries.status === 'done' ? dictionaries.list.find(({ id }) => id === dictionary) : undefined;
    if (!info) return null;
    const known = store.getState().summary;
    const index = indexOf(store.getState(), dictionary);
    const asked = () => (index ? api.index?.summary(dictionary, { corpus: index.corpus }).catch(() => null) : null);
    const summary = known?.dictionary === dictionary ? known.summary : await asked();
    const firing = summary ? Array.from(summary.density.keys()).filter((latent) => summary.density[latent] > 0) : [];
    const drawn = Math.floor(Math.random() * (firing.length > 0 ? firing.length : info.d_sae));
    return firing[drawn] ?? drawn;
  }

  #askSummary(dictionary: string, info: IndexInfo | undefined): void {
    const { api, store, place } = this.#needs;
    const wanted = info ? `${stampOf(info)} ${dictionary}` : '';
    if (wanted === this.#summarized || !api.index) return;
    this.#summarized = wanted;
    // Of the same dictionary, the old figures stay until the new ones are here.
    if (store.getState().summary?.dictionary !== dictionary || !info) store.setState({ summary: null });
    if (!info) return this.#summaries.cancel();
    const { index } = api;
    void this.#summaries
      .run(() => index.summary(dictionary, { corpus: info.corpus }))
      .then((answer) => {
        if (answer.status !== 'done') return;
        store.setState({ summary: answer.value && { dictionary, summary: answer.value } });
        const at = place();
        if (at) nameNeighbours(this.#needs, at);
      });
  }

  #askLabels(dictionary: string): void {
    if (this.#labelled === dictionary) return;
    this.#labelled = dictionary;
    const { api, store } = this.#needs;
    void this.#labels
      .run(() => api.labels.list(dictionary))
      .then((answer) => {
        if (answer.status === 'stale') return;
        // Without labels the page works as ever; writing one will say what is wrong.
        const list = answer.status === 'done' ? answer.value : [];
        store.setState({ named: namedOf(dictionary, list) });
      });
  }
}
