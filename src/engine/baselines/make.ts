/** Neurons, random directions, PCA and ICA of a hook as dictionaries: from a model and a text to files' contents. */
import { directionsDictionary, neuronDirections, randomDirections, type Directions } from '../../core/baselines/directions.ts';
import { checkFit, isFitted, type BaselineSettings } from '../../core/baselines/options.ts';
import type { Products } from '../../core/baselines/products.ts';
import { throwIfStopped, UsageError, type Stop } from '../../core/errors.ts';
import { packDictionary } from '../../core/formats/dictionaries/write.ts';
import type { OpenedDictionary } from '../../core/formats/dictionaries/opened.ts';
import { vectorHook } from '../../core/lm/hooks.ts';
import type { HookedModel } from '../model/hookedModel.ts';
import { fitDirections, type Fitted } from './fit.ts';
import { labelOf } from './words.ts';

export interface BaselineProgress {
  done: number;
  total: number;
  /** What is going on, as a sentence. */
  message: string;
}

interface MakeJob {
  model: HookedModel;
  /** Of the model. */
  id: string;
  settings: BaselineSettings;
  /** The text; asked for only where something is fitted to it. */
  text: () => Promise<{ ids: Uint16Array | Uint32Array; hash: string }>;
  /** Asked for only then, too. */
  products: () => Promise<Products>;
  onProgress: (progress: BaselineProgress) => void;
  stop?: Stop;
}

/** @throws UsageError, a sentence; AbortedError within 200 ms of a stop; EngineError */
export async function makeBaseline(job: MakeJob): Promise<OpenedDictionary> {
  const { model, id, settings, stop } = job;
  const { hook, width } = vectorHook(settings.hook, model.config);
  const { kind, form, k, seed, corpus } = settings;
  const asked = { ...settings, hook };
  // What is wrong whatever the text is shows before it is read.
  checkFit(asked, width, Infinity);
  const place = { hook, model: id, n_ctx: model.config.n_ctx, corpus: isFitted(settings) ? corpus : null };
  const finish = (directions: Directions, facts: object, rows?: number): OpenedDictionary => {
    throwIfStopped(stop);
    const dictionary = directionsDictionary(kind, form, directions, place, k);
    const label = labelOf(asked, directions.encoder.length / width, width, rows);
    return packDictionary(dictionary, label, {}, { made_as: 'directions', kind, form, hook, model: id, ...facts });
  };
  if (kind === 'neurons') return finish(neuronDirections(width), {});
  if (kind === 'random') return finish(randomDirections(checkFit(asked, width, 0), width, seed), { seed });
  const { ids, hash } = await job.text();
  const rows = Math.min(settings.tokens, ids.length);
  if (rows < 2) throw new UsageError(`The text ${corpus} has ${ids.length} tokens; at least 2 are needed.`);
  checkFit(asked, width, rows);
  const products = await job.products();
  let fitted: Fitted;
  try {
    fitted = await fitDirections({ ...job, settings: asked, width, ids, rows, products });
  } finally {
    products.release();
  }
  return finish(fitted.directions, { corpus, corpus_hash: hash, ...fitted.record, computed_on: products.name }, rows);
}
