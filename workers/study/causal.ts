/** Causal trees and prompt circuits: calls of the study worker, each on the model and dictionaries that it names. */
import { UsageError } from '../../src/core/errors.ts';
import type { UnreadDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import { checkTreeSettings, type TreeSettings } from '../../src/core/interp/causal/options.ts';
import type { Circuit, CircuitOptions, Tree, TreeProgress } from '../../src/api/causal.ts';
import type { WantedModel } from '../../src/api/model.ts';
import { tokenizerOf, type LoadedModel } from '../../src/engine/model/openModel.ts';
import type { HookedModel } from '../../src/engine/model/hookedModel.ts';
import { corpusMeans } from '../../src/engine/study/causal/corpusMeans.ts';
import type { NamedDictionary } from '../../src/engine/study/causal/sources.ts';
import type { CorpusMeans, TreeContext } from '../../src/engine/study/causal/treeJob.ts';
import { findCircuit } from '../../src/engine/study/circuit.ts';
import { cutWindows } from '../../src/engine/study/featureIndex.ts';
import { PassStore } from '../../src/engine/study/passStore.ts';
import { growTree } from '../../src/engine/study/tree.ts';
import { toRows } from '../inputs.ts';
import type { CallContext } from '../rpc.ts';
import { encodeInPieces, type TextReader } from '../texts.ts';
import type { Desk, StudyParts } from './desk.ts';
import { keyOf } from './features.ts';

/** Of a corpus, for its means: a few seconds on two cores. */
const MEAN_TOKENS = 10_000;
/** What rows of earlier trees came to, of one model. */
const STORE_BYTES = 64 * 2 ** 20;

interface CausalSubject {
  id: string;
  hash: string;
  dictionary: UnreadDictionary;
}

/** Contexts as they cross: those of an index have been chosen. */
type AskedContexts = { text: string; position?: number } | { contexts: readonly TreeContext[] };

interface TreeAsked {
  target: { dictionary: string; latent: number };
  on: AskedContexts;
  settings: { readonly [K in keyof TreeSettings]?: TreeSettings[K] | undefined };
  /** Whose means mode 'mean' puts in. */
  corpus?: string;
}

type Progress = Parameters<NonNullable<Parameters<typeof findCircuit>[0]['onProgress']>>[0];

export class CausalService {
  readonly #desk: Desk;
  readonly #texts: TextReader;
  readonly #stores = new WeakMap<HookedModel, PassStore>();

  constructor(desk: Desk, texts: TextReader) {
    this.#desk = desk;
    this.#texts = texts;
  }

  tree({ signal, progress }: CallContext<TreeProgress>, model: WantedModel, subjects: CausalSubject[], asked: TreeAsked): Promise<Tree> {
    const settings = checkTreeSettings(asked.settings);
    checkOn(asked.on);
    return this.#useAll(signal, model, subjects, async (parts, dictionaries) => {
      const { loaded, engine } = parts;
      const contexts = await contextsOf(asked.on, loaded, signal);
      const store = this.#storeOf(loaded.model);
      const means = settings.mode === 'mean' && (await this.#means(parts, dictionaries, asked.corpus, store, signal));
      return growTree({
        model: loaded.model,
        engine,
        target: asked.target,
        dictionaries,
        contexts,
        settings,
        store,
        ...(means && { means }),
        onProgress: progress,
        stop: signal,
      });
    });
  }

  circuit(
    { signal, progress }: CallContext<Progress>,
    model: WantedModel,
    subjects: CausalSubject[],
    { input, position, plus, minus, nodes, edges, seed }: Omit<CircuitOptions, 'dictionaries'>,
  ): Promise<Circuit> {
    return this.#useAll(signal, model, subjects, ({ loaded, engine }, dictionaries) => {
      const { ids, isBatch } = toRows(input, loaded);
      if (isBatch) throw new UsageError('A prompt circuit is of one text: give `text` or `ids`, no batch.');
      return findCircuit({
        model: loaded.model,
        engine,
        ids: ids[0],
        plus,
        dictionaries,
        ...given({ position, minus, nodes, edges, seed }),
        onProgress: progress,
        stop: signal,
      });
    });
  }

  #useAll<T>(
    signal: AbortSignal,
    model: WantedModel,
    subjects: readonly CausalSubject[],
    work: (parts: StudyParts, dictionaries: NamedDictionary[]) => Promise<T>,
  ): Promise<T> {
    return this.#desk.useAll(
      signal,
      model,
      subjects.map(({ dictionary }) => dictionary),
      (parts) =>
        work(
          parts,
          subjects.map((subject, i) => ({ id: subject.id, key: keyOf(subject), dictionary: parts.dictionaries[i] })),
        ),
    );
  }

  #storeOf(model: HookedModel): PassStore {
    const store = this.#stores.get(model) ?? new PassStore(STORE_BYTES);
    this.#stores.set(model, store);
    return store;
  }

  async #means(
    { loaded, engine }: StudyParts,
    dictionaries: readonly NamedDictionary[],
    corpus: string | undefined,
    store: PassStore,
    signal: AbortSignal,
  ): Promise<CorpusMeans> {
    const extent = { tokens: MEAN_TOKENS, ...(corpus !== undefined && { corpus }) };
    const key = JSON.stringify(['means', corpus ?? '', ...dictionaries.map((named) => named.key || Math.random())]);
    const kept = store.get<CorpusMeans>(key);
    if (kept) return kept;
    const documents = await this.#texts.documents(loaded, extent, signal);
    const windows = cutWindows(documents, loaded.model.config.n_ctx, MEAN_TOKENS).map(({ document, start, length }) =>
      documents[document].slice(start, start + length),
    );
    const means = { key, of: await corpusMeans({ model: loaded.model, engine, stop: signal }, dictionaries, windows) };
    store.begin();
    store.set(
      key,
      means,
      [...means.of.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
    return means;
  }
}

/** Without what is undefined. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Before a model is opened for it. @throws UsageError */
function checkOn(on: AskedContexts): void {
  if ('text' in on) {
    if (typeof on.text !== 'string') throw new UsageError('`text` must be a string.');
    const { position } = on;
    if (position !== undefined && !(Number.isInteger(position) && position >= 0)) {
      throw new UsageError('`position` must be that of a token, counted from 0.');
    }
  } else if (!on.contexts.every(({ ids }) => Array.isArray(ids))) {
    throw new UsageError('`ids` must be a list of texts, each a list of token ids.');
  }
}

async function contextsOf(on: AskedContexts, loaded: LoadedModel, signal: AbortSignal): Promise<readonly TreeContext[]> {
  if ('contexts' in on) return on.contexts;
  const { position } = on;
  const ids = await encodeInPieces(tokenizerOf(loaded), on.text, Infinity, signal);
  if (position === undefined) return [{ ids, peak: true }];
  if (position >= ids.length) throw new UsageError(`\`position\` is ${position}, but the text has ${ids.length} tokens (counted from 0).`);
  return [{ ids: ids.slice(0, position + 1) }];
}
