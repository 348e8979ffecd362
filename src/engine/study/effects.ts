/**
 * What taking a latent out does to predictions (Cunningham et al. 2023, section 5.2): x − c·dec wherever it fires, the
 * reconstruction error staying; beside it the same for another latent of near-equal density, and −c·r with r a random
 * direction of the decoder's norm. All three go on from one clean pass of each text (docs/decisions/effects.md).
 */
import { throwIfStopped, UsageError } from '../../core/errors.ts';
import type { Edit } from '../../api/model.ts';
import { drawDirection, drawOther, EffectSums } from '../../core/interp/effects.ts';
import type { Effects } from '../../core/interp/types.ts';
import { decoderVector } from '../../core/sae/decode.ts';
import { columnOf } from '../../core/sae/latents.ts';
import { checkRows } from '../model/run.ts';
import { nextTask } from '../model/runtime.ts';
import type { Candidate } from './candidates.ts';
import { CleanPasses, type CleanPass, type PassesJob } from './cleanPasses.ts';
import { compareWithClean, type Change } from './compareWithClean.ts';
import { checkSubject } from './subject.ts';

/** The cut of the paper's figure, nats. */
const THRESHOLD = 0.1;

interface EffectsJob extends PassesJob {
  threshold?: number;
  seed?: number;
  /** Whether to give figures of every position. */
  perPosition?: boolean;
  /** In tokens; each counts twice, in the clean pass and in the rest. */
  onProgress?: (done: number, total: number) => void;
}

/** @throws UsageError before anything is computed; AbortedError; EngineError */
export async function measureEffects(job: EffectsJob): Promise<Effects> {
  const { threshold = THRESHOLD, seed = 0, texts } = job;
  checkJob(job, threshold, seed);
  const total = texts.reduce((sum, ids) => sum + ids.length, 0);
  let done = 0;
  const advance = async (tokens: number) => {
    job.onProgress?.((done += tokens), 2 * total);
    await nextTask();
  };
  const passes = await CleanPasses.open(job);
  const counts = await countFirings(passes, job, advance);
  const other = drawOther(counts, job.latent, seed);
  const measure = new Measure(job, passes, other, seed);
  for (const [index, ids] of texts.entries()) {
    throwIfStopped(job.stop);
    await measure.add(index);
    await advance(ids.length);
  }
  return measure.finish(threshold, seed);
}

function checkJob({ model, dictionary, latent, texts }: EffectsJob, threshold: number, seed: number): void {
  checkSubject(dictionary, latent, model);
  if (!(Number.isFinite(threshold) && threshold >= 0)) throw new UsageError('`threshold` must be a number of nats, 0 or more.');
  if (!Number.isInteger(seed)) throw new UsageError('`seed` must be a whole number.');
  if (!texts.some((ids) => ids.length > 1)) throw new UsageError('There is nothing to measure on: at least two tokens are needed.');
  checkRows({ ids: texts.map((ids) => [...ids]), isBatch: true }, model.config);
}

/** How many tokens each latent fires on. [d_sae] */
async function countFirings(passes: CleanPasses, job: EffectsJob, advance: (tokens: number) => Promise<void>): Promise<Uint32Array> {
  const counts = new Uint32Array(job.dictionary.config.d_sae);
  for (const [index, ids] of job.texts.entries()) {
    throwIfStopped(job.stop);
    for (const latent of (await passes.get(index)).codes.latents) counts[latent]++;
    await advance(ids.length);
  }
  return counts;
}

/** The latent and its controls, text after text. */
class Measure {
  readonly #job: EffectsJob;
  readonly #passes: CleanPasses;
  readonly #other: number | undefined;
  readonly #direction: Float32Array;
  readonly #next: Uint32Array;
  /** Of the latent, the direction, and the other latent where there is one. */
  readonly #sums: EffectSums[];
  readonly #perPosition: NonNullable<Effects['per_position']> = [];
  #loss = 0;
  #position = 0;

  constructor(job: EffectsJob, passes: CleanPasses, other: number | undefined, seed: number) {
    const dec = decoderVector(job.dictionary, job.latent);
    this.#job = job;
    this.#passes = passes;
    this.#other = other;
    this.#direction = drawDirection(dec.length, Math.sqrt(dec.reduce((sum, x) => sum + x * x, 0)), seed);
    this.#next = Uint32Array.from(job.texts.flatMap((ids) => ids.slice(1)));
    this.#sums = (other === undefined ? [0, 1] : [0, 1, 2]).map(() => new EffectSums(this.#next.length));
  }

  async add(index: number): Promise<void> {
    const pass = await this.#passes.get(index);
    const ids = this.#job.texts[index];
    const values = columnOf(pass.codes, this.#job.latent);
    const changed = await this.#passes.rerun(index, pass, this.#candidates(pass, values));
    const { perPosition = false } = this.#job;
    const changes = await compareWithClean(this.#job, { ids, pass, changed, withLast: perPosition });
    for (let p = 0; p + 1 < ids.length; p++) {
      this.#loss -= pass.logprobs[p];
      changes.forEach(({ delta, kl }, i) => this.#sums[i].add(this.#position, delta[p], kl[p]));
      this.#position++;
    }
    if (perPosition) this.#perPosition.push(entryOf(changes[0], values));
  }

  finish(threshold: number, seed: number): Effects {
    const [own, direction, latent] = this.#sums.map((sums) => sums.finish(this.#next, threshold));
    const positions = this.#next.length;
    const loss = this.#loss / positions;
    return {
      ...own,
      positions,
      loss_clean: loss,
      loss_ablated: loss + own.mean_delta,
      next: this.#next,
      threshold,
      seed,
      controls: [
        ...(latent ? [{ kind: 'latent' as const, latent: this.#other!, ...latent }] : []),
        { kind: 'direction' as const, ...direction },
      ],
      ...(this.#job.perPosition && { per_position: this.#perPosition }),
    };
  }

  /** In the order of `#sums`. @param values the latent's. [pos] */
  #candidates({ codes }: CleanPass, values: Float32Array): Candidate[] {
    const hook = this.#job.dictionary.config.hook_name!;
    const along: Edit[] = [];
    values.forEach((c, p) => {
      const amount = -c * (codes.scale?.[p] ?? 1);
      if (amount !== 0) along.push({ hook, op: 'add', vector: this.#direction.map((x) => x * amount), positions: [p] });
    });
    const ablate = (latent: number): Edit[] => [{ dictionary: this.#passes.name, latent, op: 'ablate' }];
    return [ablate(this.#job.latent), along, ...(this.#other === undefined ? [] : [ablate(this.#other)])];
  }
}

function entryOf({ delta, kl }: Change, values: Float32Array): NonNullable<Effects['per_position']>[number] {
  return { delta: [...delta], kl: [...kl], value: [...values] };
}
