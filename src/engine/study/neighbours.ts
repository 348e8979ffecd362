/** Latents that are near one: by direction here and in other dictionaries, and by firing together on a corpus. */
import { throwIfStopped, UsageError, type Stop } from '../../core/errors.ts';
import { quote } from '../../core/formats/words.ts';
import { decoderCosines, nearest, TogetherCounts } from '../../core/interp/neighbours.ts';
import { decoderVector } from '../../core/sae/decode.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import { columnOf } from '../../core/sae/latents.ts';
import { getPlan } from '../../core/sae/plan.ts';
import type { Neighbours } from '../../api/features.ts';
import { misfit } from '../dictionary/encode.ts';
import { nextTask } from '../model/runtime.ts';
import { eachWindow, eachWindowOfAll, type CodesJob } from './codes.ts';
import { checkLatent } from './subject.ts';

interface NeighboursJob {
  dictionary: Dictionary;
  latent: number;
  /** How many of each kind. */
  k: number;
  /** Other dictionaries, each read when its turn comes and given back after it. */
  elsewhere: readonly { id: string; read: () => Promise<Dictionary> }[];
  /** Where firing together is counted; absent: nowhere. */
  corpus?: CodesJob;
  stop?: Stop;
}

/** @throws UsageError when a dictionary does not fit or has no such latent; AbortedError; EngineError */
export async function findNeighbours(job: NeighboursJob): Promise<Neighbours> {
  const { dictionary, latent, k, elsewhere, corpus, stop } = job;
  checkLatent(dictionary, latent);
  const found: Neighbours = { cosine: nearest(decoderCosines(dictionary, decoderVector(dictionary, latent)), k, latent) };
  if (elsewhere.length > 0) found.elsewhere = [];
  for (const { id, read } of elsewhere) {
    throwIfStopped(stop);
    found.elsewhere!.push({ dictionary: id, ...bestMatch(dictionary, latent, id, await read()) });
    await nextTask();
  }
  if (!corpus) return found;
  const problem = misfit(dictionary, corpus.model);
  if (problem) throw new UsageError(problem);
  return { ...found, ...(await countAlike(job, corpus)) };
}

/** What fires together with it here and, where there are other dictionaries, which latents of theirs read most like it. */
async function countAlike(job: NeighboursJob, corpus: CodesJob): Promise<Pick<Neighbours, 'together' | 'alike'>> {
  const { dictionary, latent, k, elsewhere } = job;
  const here = new TogetherCounts(dictionary.config.d_sae);
  if (elsewhere.length === 0) {
    await eachWindow(corpus, (_, codes) => here.add(columnOf(codes, latent), codes));
    return { together: here.finish(k, latent) };
  }
  // All are held, since each batch of the corpus is read once for all.
  const all = await Promise.all(elsewhere.map(async ({ id, read }) => ({ id, there: await read() })));
  const others = all.filter(({ there }) => there.config.hook_name === dictionary.config.hook_name);
  const counts = others.map(({ there }) => new TogetherCounts(there.config.d_sae));
  await eachWindowOfAll(corpus, [dictionary, ...others.map(({ there }) => there)], ([own, ...codes]) => {
    const values = columnOf(own, latent);
    here.add(values, own);
    codes.forEach((their, i) => counts[i].add(values, their));
  });
  const vector = decoderVector(dictionary, latent);
  const alike = others.map(({ id, there }, i) => {
    const best = counts[i].mostAlike(getPlan(there).isSigned ?? false);
    return { dictionary: id, ...best, cosine: decoderCosines(there, vector)[best.latent] };
  });
  return { together: here.finish(k, latent), alike };
}

/** The nearest row of another dictionary, and the row here that is nearest to that one. */
function bestMatch(here: Dictionary, latent: number, id: string, there: Dictionary): { latent: number; value: number; back: number } {
  const [own, other] = [here.config.d_out, there.config.d_out];
  if (own !== other) {
    throw new UsageError(
      `The directions of "${quote(id)}" have ${other} numbers, those of this dictionary ${own}, so they cannot be compared.`,
    );
  }
  const [best] = nearest(decoderCosines(there, decoderVector(here, latent)), 1);
  const [back] = nearest(decoderCosines(here, decoderVector(there, best.latent)), 1);
  return { ...best, back: back.latent };
}
