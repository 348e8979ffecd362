/** Indices of features: one pass of a corpus for any number of dictionaries, kept as it goes. */
import type { WantedModel } from '../../src/api/model.ts';
import type { IndexStore, StoredIndex } from '../../src/cache/indexStore.ts';
import { UsageError } from '../../src/core/errors.ts';
import { openPart, writeIndex, writePart, type IndexPart } from '../../src/core/interp/featureIndex/indexFile.ts';
import { FiringTokens, recordOf } from '../../src/core/interp/featureIndex/record.ts';
import type { FeatureRecord } from '../../src/core/interp/types.ts';
import type { UnreadDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import { buildParts, continues, identityOf, planIndex, startPart, type IndexPlan } from '../../src/engine/study/indexBuild.ts';
import { corpusNames } from '../../src/engine/text/corpora.ts';
import type { ModelHolder } from '../modelHolder.ts';
import type { CallContext } from '../rpc.ts';
import type { Desk, StudyParts } from './desk.ts';

/** Tokens of the shipped text unless the caller says: about half a minute on two cores. */
const DEFAULT_TOKENS = 100_000;
/** Between two saves of what is counted so far. */
const SAVE_MS = 30_000;

/** A dictionary, and what it is known by. */
interface IndexSubject {
  id: string;
  /** '' where there is none; then the id stands for it. */
  hash: string;
  dictionary: UnreadDictionary;
}

interface IndexProgress {
  done: number;
  total: number;
  message: string;
}

export class IndexService {
  readonly #desk: Desk;
  readonly #holder: ModelHolder;
  readonly #store: IndexStore;
  /** Parts that are counted now, by the dictionary's id. */
  readonly #open = new Map<string, IndexPart>();

  constructor(desk: Desk, holder: ModelHolder, store: IndexStore) {
    this.#desk = desk;
    this.#holder = holder;
    this.#store = store;
  }

  /** What is counted is kept when it is stopped, and the same call goes on there. */
  build(
    { signal, progress }: CallContext<IndexProgress>,
    model: WantedModel,
    subjects: IndexSubject[],
    { corpus, tokens = DEFAULT_TOKENS }: { corpus?: string; tokens?: number } = {},
  ): Promise<StoredIndex[]> {
    const names = corpusNames(corpus);
    if (subjects.length === 0) throw new UsageError('Name at least one dictionary to index.');
    const dictionaries = subjects.map(({ dictionary }) => dictionary);
    return this.#desk.useAll(signal, model, dictionaries, async (parts) => {
      const say = (message: string) => progress({ done: 0, total: 0, message });
      const text = await this.#holder.read(names, parts.loaded, { signal, say });
      const plan = planIndex({ name: names.join(' + '), ...text }, parts.loaded.model, tokens);
      return this.#count(signal, progress, plan, subjects, parts);
    });
  }

  /** The record of a latent as far as a build has come; null when none is being made of that dictionary. */
  peek(_: CallContext, id: string, latent: number): FeatureRecord | null {
    const part = this.#open.get(id);
    if (!part || part.done === 0 || !(latent >= 0 && latent < part.state.sizes.d_sae)) return null;
    const firing = new FiringTokens(part.state.table.columnsOf(latent), part.state.sizes.d_sae);
    return recordOf(part.state, firing, latent);
  }

  async #count(
    signal: AbortSignal,
    progress: (progress: IndexProgress) => void,
    plan: IndexPlan,
    subjects: readonly IndexSubject[],
    { loaded: { model }, engine, dictionaries }: StudyParts,
  ): Promise<StoredIndex[]> {
    const begun: { id: string; dictionary: StudyParts['dictionaries'][number]; part: IndexPart }[] = [];
    for (const [s, { id, hash }] of subjects.entries()) {
      const dictionary = dictionaries[s];
      const part = await this.#begin(plan, identityOf(plan, model, dictionary, hash || id), dictionary);
      begun.push({ id, dictionary, part });
      this.#open.set(id, part);
    }
    let saved = Date.now();
    let isWorthSaving = false;
    try {
      await buildParts({
        model,
        engine,
        plan,
        subjects: begun,
        stop: signal,
        onProgress: (done, total) => progress({ done, total, message: `Reading ${plan.text.name}.` }),
        onBatch: async () => {
          isWorthSaving = true;
          if (Date.now() - saved < SAVE_MS) return;
          await this.#keep(begun);
          saved = Date.now();
        },
      });
      const made: StoredIndex[] = [];
      for (const { part } of begun) {
        progress({ done: plan.total, total: plan.total, message: 'Writing the index.' });
        const about = { identity: part.identity, tokens: part.state.tokens, total: plan.total, made: Date.now(), source: 'made' as const };
        made.push(await this.#store.save({ ...about, kind: 'index' }, writeIndex(part.identity, part.state) as Blob));
      }
      return made;
    } catch (error) {
      if (isWorthSaving) await this.#keep(begun);
      throw error;
    } finally {
      for (const { id } of begun) this.#open.delete(id);
    }
  }

  async #begin(plan: IndexPlan, identity: IndexPart['identity'], dictionary: StudyParts['dictionaries'][number]): Promise<IndexPart> {
    const kept = await this.#store.open(identity, 'part');
    // What cannot be read is counted anew.
    const part = kept && (await openPart(kept).catch(() => undefined));
    return part && continues(part, plan, identity) ? part : startPart(plan, identity, dictionary);
  }

  /** A build goes on without room to keep it; only a stop then loses it. */
  async #keep(begun: readonly { part: IndexPart }[]): Promise<void> {
    for (const { part } of begun) {
      const about = {
        identity: part.identity,
        tokens: part.state.tokens,
        total: part.identity.total,
        made: Date.now(),
        source: 'made' as const,
      };
      await this.#store.save({ ...about, kind: 'part' }, writePart(part) as Blob).catch(() => undefined);
    }
  }
}
