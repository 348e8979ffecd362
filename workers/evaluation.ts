/** Measuring a dictionary, in whichever worker has a model to measure it on. */
import type { CorpusStore } from '../src/cache/corpusStore.ts';
import { UsageError } from '../src/core/errors.ts';
import type { EvaluateOptions, Evaluation } from '../src/api/dictionaries.ts';
import type { Dictionary } from '../src/core/sae/dictionary.ts';
import { cutContexts, evaluate } from '../src/engine/dictionary/evaluate.ts';
import { tokenizerOf, type LoadedModel } from '../src/engine/model/openModel.ts';
import { readCorpus } from '../src/engine/text/shippedText.ts';
import type { SaeEngine } from '../src/kernels/engine.ts';
import type { CallContext } from './rpc.ts';
import { TextReader } from './texts.ts';

/** Tokens a dictionary is measured on unless the caller says. */
const DEFAULT_TOKENS = 4096;
/** Tokens are rarely longer, so no more of a text than this many characters a token is tokenized. */
const MOST_CHARACTERS = 16;

/** What an evaluation computes with. */
export interface EvaluationParts {
  loaded: LoadedModel;
  engine: SaeEngine;
  dictionary: Dictionary;
}

/** @typeParam Subject names dictionary and model to the worker */
interface EvaluationNeeds<Subject> {
  /** Does `work` with what the subject names, which is there until it ends. */
  use<T>(signal: AbortSignal, subject: Subject, work: (parts: EvaluationParts) => Promise<T>): Promise<T>;
  texts(): Texts;
}

interface Texts {
  /** Where the page's files are. */
  base: string;
  /** Texts a person added; absent: those that ship cannot be named either. */
  corpora?: CorpusStore | undefined;
}

export class EvaluationService<Subject> {
  readonly #need: EvaluationNeeds<Subject>;

  constructor(need: EvaluationNeeds<Subject>) {
    this.#need = need;
  }

  /** Reports tokens. */
  async evaluate(
    { signal, progress }: CallContext<{ done: number; total: number }>,
    subject: Subject,
    options: EvaluateOptions = {},
  ): Promise<Evaluation> {
    checkOptions(options);
    return this.#need.use(signal, subject, async ({ loaded, engine, dictionary }) =>
      evaluate({
        model: loaded.model,
        engine,
        dictionary,
        contexts: await contextsOf(options, loaded, this.#need.texts(), signal),
        stop: signal,
        onProgress: (done, total) => progress({ done, total }),
      }),
    );
  }
}

/** Before a model is opened for it. @throws UsageError */
function checkOptions({ ids, text, corpus, tokens = DEFAULT_TOKENS }: EvaluateOptions): void {
  if (!Number.isInteger(tokens) || tokens < 2) throw new UsageError('`tokens` must be a whole number of at least 2.');
  if ([ids, text, corpus].filter((given) => given !== undefined).length > 1) {
    throw new UsageError('Give one of `ids`, `text` and `corpus` to measure on.');
  }
  if (ids === undefined || ids instanceof Uint16Array) return;
  if (!Array.isArray(ids) || !ids.every(Array.isArray)) throw new UsageError('`ids` must be a Uint16Array or a list of lists.');
}

async function contextsOf(options: EvaluateOptions, loaded: LoadedModel, texts: Texts, signal: AbortSignal): Promise<number[][]> {
  const { ids, text, corpus, tokens = DEFAULT_TOKENS } = options;
  const cut = (documents: readonly (readonly number[])[]) => cutContexts(documents, loaded.model.config.n_ctx, tokens);
  if (ids instanceof Uint16Array) return cut([[...ids.subarray(0, tokens)]]);
  if (ids !== undefined) return cut(ids);
  if (corpus !== undefined) {
    if (!texts.corpora) throw new UsageError('There are no texts by name here; give `text` or `ids`.');
    return cut(await new TextReader(texts.corpora, () => texts.base).documents(loaded, { corpus, tokens }, signal));
  }
  const words = text ?? (await readCorpus(texts.base, signal));
  return cut([tokenizerOf(loaded).encode(words.slice(0, tokens * MOST_CHARACTERS))]);
}
