/** Clean passes of texts, kept for the next latent as far as there is room, and candidates that go on from them. */
import type { Stop } from '../../core/errors.ts';
import { blockHook } from '../../core/lm/hooks.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { Latents } from '../../core/sae/latents.ts';
import type { SaeEngine } from '../../kernels/engine.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { MEMORY_BYTES, runCandidates, type Candidate, type CandidatesJob } from './candidates.ts';
import { checkCandidates, type CandidateNeeds } from './candidateRows.ts';
import { runClean, type CleanContext } from './cleanContext.ts';
import { codesBytes, codesKey } from './codes.ts';
import type { PassStore } from './passStore.ts';
import { rowBytes } from './memory.ts';
import { checkReading, type Reading } from './reading.ts';

export interface PassesJob {
  model: HookedModel;
  engine: SaeEngine;
  dictionary: Dictionary;
  latent: number;
  /** Token ids of each text, each from an empty context. */
  texts: readonly (readonly number[])[];
  /** Keeps clean passes for the next latent; absent: none outlasts the call. */
  store?: PassStore;
  /** Tells dictionaries apart by their numbers; absent or '': nothing is kept. */
  dictionaryKey?: string;
  stop?: Stop;
}

/** What one text gives without any edit. */
export interface CleanPass {
  context: CleanContext;
  /** Latents of the dictionary. */
  codes: Latents;
  /** Final residual, before the last norm. [pos, d_model] */
  final: Float32Array;
  /** ln p(true next token) of each position; NaN until it was needed. [pos − 1] */
  logprobs: Float64Array;
}

/** What is kept of a pass: the dictionary is read anew for every call, so it is left out. */
type Kept = Omit<CleanPass, 'context'> & { context: Omit<CleanContext, 'codes'> };

/** Names the dictionary to edits. */
const NAME = 'subject';

export class CleanPasses {
  readonly name = NAME;
  readonly #job: PassesJob;
  readonly #base: CandidatesJob;
  readonly #reading: Reading;
  readonly #needs: CandidateNeeds;

  private constructor(job: PassesJob, base: CandidatesJob, needs: CandidateNeeds) {
    this.#job = job;
    this.#base = base;
    this.#reading = checkReading(base);
    this.#needs = needs;
    job.store?.begin();
  }

  /** @throws UsageError; AbortedError */
  static async open(job: PassesJob): Promise<CleanPasses> {
    const { model, engine, texts, latent, stop } = job;
    const base: CandidatesJob = {
      model,
      engine,
      dictionaries: new Map([[NAME, job.dictionary]]),
      contexts: texts,
      candidates: [[{ dictionary: NAME, latent, op: 'ablate' }]],
      read: [{ hook: lastResidual(model.config.n_layers) }],
      onResult: () => {},
      ...(stop && { stop }),
    };
    // The first text says what all need.
    return new CleanPasses(job, base, await checkCandidates({ ...base, contexts: texts.slice(0, 1) }));
  }

  /** @throws AbortedError; EngineError */
  async get(index: number): Promise<CleanPass> {
    const { dictionary, dictionaryKey, texts, store } = this.#job;
    if (!store || !dictionaryKey) return this.#run(index, dictionary);
    const codesName = codesKey(dictionaryKey, dictionary, texts[index]);
    const name = `pass ${codesName}`;
    const kept = store.get<Kept>(name);
    if (kept) return { ...kept, context: { ...kept.context, codes: new Map([[dictionary, kept.codes]]) } };
    const pass = await this.#run(index, dictionary);
    const { codes: _, ...context } = pass.context;
    store.set(name, { ...pass, context } satisfies Kept, context.bytes + pass.logprobs.byteLength);
    store.set(codesName, pass.codes, codesBytes(pass.codes));
    return pass;
  }

  /** Final residuals [pos, d_model] of a text under each candidate; undefined where it changes nothing. */
  async rerun(index: number, { context, codes }: CleanPass, candidates: readonly Candidate[]): Promise<(Float32Array | undefined)[]> {
    const finals: (Float32Array | undefined)[] = candidates.map(() => undefined);
    const [{ hook }] = this.#reading.hooks;
    const length = context.ids.length;
    // A text that the model could read is never refused: one row of it must fit, whatever it takes.
    const codeBytes = codesBytes(codes);
    const row = rowBytes(this.#base.model.config, this.#reading, { pos: length, past: 0, context: index, codeBytes });
    await runCandidates({
      ...this.#base,
      memoryBytes: Math.max(MEMORY_BYTES, context.bytes + row),
      contexts: [this.#job.texts[index]],
      candidates,
      clean: () => Promise.resolve({ ...context, index: 0 }),
      onResult: ({ candidate, ran, acts }) => {
        if (ran) finals[candidate] = acts[hook.name].data.slice();
      },
    });
    return finals;
  }

  async #run(index: number, dictionary: Dictionary): Promise<CleanPass> {
    const context = await runClean(this.#base, this.#reading, this.#needs, index);
    const [{ hook }] = this.#reading.hooks;
    return {
      context,
      codes: context.codes.get(dictionary)!,
      final: context.values.acts[hook.name].data,
      logprobs: new Float64Array(context.ids.length - 1).fill(NaN),
    };
  }
}

function lastResidual(n_layers: number): string {
  return blockHook(n_layers - 1, 'hook_resid_post');
}
