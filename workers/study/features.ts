/** What features do, read and resemble: calls of the study worker, each on the model and dictionary that it names. */
import { UsageError } from '../../src/core/errors.ts';
import { readDictionary, type UnreadDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import { dictionaryKey } from '../../src/core/interp/featureIndex/indexFile.ts';
import type { Effects, Rule, RuleFigures } from '../../src/core/interp/types.ts';
import type { EffectsOn, EffectsOptions, LatentWeights, Neighbours } from '../../src/api/features.ts';
import type { WantedModel } from '../../src/api/model.ts';
import { tokenizerOf, type LoadedModel } from '../../src/engine/model/openModel.ts';
import { measureEffects } from '../../src/engine/study/effects.ts';
import { cutWindows, type CorpusWindow } from '../../src/engine/study/featureIndex.ts';
import { findNeighbours } from '../../src/engine/study/neighbours.ts';
import { passStoreOf } from '../../src/engine/study/passStore.ts';
import { testRule } from '../../src/engine/study/rule.ts';
import { latentWeights } from '../../src/engine/study/weights.ts';
import type { EvaluationParts } from '../evaluation.ts';
import type { CallContext } from '../rpc.ts';
import type { Desk } from './desk.ts';
import { encodeInPieces, tokensOf, type Extent, type TextReader } from '../texts.ts';

/** Tokens or features listed of each kind unless the caller says, and at most. */
const LISTED = { usual: 10, most: 1000 };

/** What a call is about. `hash`: of the dictionary's tensors, '' where it is not known; then nothing is kept for later calls. */
interface FeatureSubject {
  model: WantedModel;
  dictionary: UnreadDictionary;
  hash: string;
}

type Progress = { done: number; total: number };
type RuleProgress = Progress & { matching: boolean };

export class FeaturesService {
  readonly #desk: Desk;
  readonly #texts: TextReader;

  constructor(desk: Desk, texts: TextReader) {
    this.#desk = desk;
    this.#texts = texts;
  }

  /** Reports tokens, each twice. */
  effects(
    { signal, progress }: CallContext<Progress>,
    subject: FeatureSubject,
    latent: number,
    on: EffectsOn,
    options: EffectsOptions,
  ): Promise<Effects> {
    checkOn(on);
    return this.#desk.use(signal, subject.model, subject.dictionary, async ({ loaded, engine, dictionary }) =>
      measureEffects({
        model: loaded.model,
        engine,
        dictionary,
        latent,
        ...options,
        texts: await this.#textsOf(on, loaded, signal),
        perPosition: 'text' in on || 'ids' in on,
        store: passStoreOf(loaded.model),
        dictionaryKey: keyOf(subject),
        stop: signal,
        onProgress: (done, total) => progress({ done, total }),
      }),
    );
  }

  weights({ signal }: CallContext, subject: FeatureSubject, latent: number, options: { k?: number }): Promise<LatentWeights> {
    const k = countOf(options);
    return this.#desk.use(signal, subject.model, subject.dictionary, ({ loaded: { model, info }, dictionary }) =>
      latentWeights({ model, dictionary, latent, k, tokens: info.n_tokens }),
    );
  }

  /** Reports tokens. */
  neighbours(
    { signal, progress }: CallContext<Progress>,
    subject: FeatureSubject,
    latent: number,
    elsewhere: readonly { id: string; dictionary: UnreadDictionary }[],
    options: { k?: number } & Extent,
  ): Promise<Neighbours> {
    const k = countOf(options);
    const counted = options.corpus !== undefined || options.tokens !== undefined;
    if (counted) tokensOf(options);
    return this.#desk.use(signal, subject.model, subject.dictionary, async (parts) =>
      findNeighbours({
        dictionary: parts.dictionary,
        latent,
        k,
        elsewhere: elsewhere.map(({ id, dictionary }) => ({ id, read: () => readDictionary(dictionary, signal) })),
        ...(counted && { corpus: await this.#corpusOf(subject, parts, options, signal, progress) }),
        stop: signal,
      }),
    );
  }

  /** Reports tokens, each twice; `matching` once the person's expressions are tried, which may take for ever. */
  rule(
    { signal, progress }: CallContext<RuleProgress>,
    subject: FeatureSubject,
    latent: number,
    rule: Rule,
    options: { threshold?: number; seed?: number } & Extent,
  ): Promise<RuleFigures> {
    tokensOf(options);
    return this.#desk.use(signal, subject.model, subject.dictionary, async (parts) => {
      const { threshold = 0, seed = 0 } = options;
      const read = (at: Progress) => progress({ done: at.done, total: 2 * at.total, matching: false });
      const corpus = await this.#corpusOf(subject, parts, options, signal, read);
      const total = corpus.windows.reduce((sum, { length }) => sum + length, 0);
      let matched = 0;
      const onMatched = (tokens: number) => progress({ done: total + (matched += tokens), total: 2 * total, matching: true });
      return testRule({ ...corpus, latent, rule, tokenizer: tokenizerOf(parts.loaded), threshold, seed, onMatched });
    });
  }

  /** Windows of a corpus, and what their latents are had with. */
  async #corpusOf(
    subject: FeatureSubject,
    { loaded, engine, dictionary }: EvaluationParts,
    extent: Extent,
    signal: AbortSignal,
    progress: (progress: Progress) => void,
  ) {
    const { places, windows } = await this.#windowsOf(extent, loaded, signal);
    const total = windows.reduce((sum, { length }) => sum + length, 0);
    let done = 0;
    const { model } = loaded;
    const onTokens = (tokens: number) => progress({ done: (done += tokens), total });
    const kept = { store: passStoreOf(model), dictionaryKey: keyOf(subject) };
    return { model, engine, dictionary, windows, places, ...kept, onTokens, stop: signal };
  }

  async #windowsOf(extent: Extent, loaded: LoadedModel, signal: AbortSignal): Promise<{ places: CorpusWindow[]; windows: number[][] }> {
    const documents = await this.#texts.documents(loaded, extent, signal);
    const places = cutWindows(documents, loaded.model.config.n_ctx, tokensOf(extent));
    return { places, windows: places.map(({ document, start, length }) => documents[document].slice(start, start + length)) };
  }

  async #textsOf(on: EffectsOn, loaded: LoadedModel, signal: AbortSignal): Promise<number[][]> {
    if ('ids' in on) return on.ids;
    const { n_ctx } = loaded.model.config;
    if ('text' in on) {
      const ids = await encodeInPieces(tokenizerOf(loaded), on.text, Infinity, signal);
      return Array.from({ length: Math.ceil(ids.length / n_ctx) }, (_, i) => ids.slice(i * n_ctx, (i + 1) * n_ctx));
    }
    return (await this.#windowsOf(on, loaded, signal)).windows.filter(({ length }) => length > 1);
  }
}

/** Tells dictionaries apart by their numbers and settings; '' where that cannot be. */
export function keyOf({ hash, dictionary }: Pick<FeatureSubject, 'hash' | 'dictionary'>): string {
  return hash && dictionaryKey(hash, dictionary.config);
}

/** @throws UsageError */
function countOf({ k = LISTED.usual }: { k?: number }): number {
  if (!Number.isInteger(k) || k < 1 || k > LISTED.most) throw new UsageError(`\`k\` must be a whole number from 1 to ${LISTED.most}.`);
  return k;
}

/** Before a model is opened for it. @throws UsageError */
function checkOn(on: EffectsOn): void {
  const named = Object.keys(on);
  if (['text', 'ids', 'corpus'].filter((name) => named.includes(name)).length > 1) {
    throw new UsageError('Give one of `ids`, `text` and `corpus` to measure on.');
  }
  if ('ids' in on && !(Array.isArray(on.ids) && on.ids.every(Array.isArray))) {
    throw new UsageError('`ids` must be a list of texts, each a list of token ids.');
  }
  if ('text' in on && typeof on.text !== 'string') throw new UsageError('`text` must be a string.');
  if (!('ids' in on || 'text' in on)) tokensOf(on);
}
