/** Latents that are near one: by direction here and in other dictionaries, and by firing together on a corpus. */
import { throwIfStopped, UsageError, type Stop } from '../../core/errors.ts';
import { quote } from '../../core/formats/text.ts';
import { decoderCosines, nearest, TogetherCounts } from '../../core/interp/neighbours.ts';
import { decoderVector } from '../../core/sae/decode.ts';
import type { Dictionary } from '../../core/sae/dictionary.ts';
import type { Neighbours } from '../../api/features.ts';
import { misfit } from '../dictionary/encode.ts';
import { nextTask } from '../model/runtime.ts';
import { eachWindow, type CodesJob } from './codes.ts';
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
  const counts = new TogetherCounts(dictionary.config.d_sae, latent);
  await eachWindow(corpus, (_, codes) => counts.add(codes));
  return { ...found, together: counts.finish(k) };
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
