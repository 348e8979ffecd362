/** The study worker's work, without the worker: experiments that take long, on a model of its own. */
import type { UnreadDictionary } from '../../src/core/formats/dictionaries/opened.ts';
import type { WantedModel } from '../../src/api/model.ts';
import type { IndexStore } from '../../src/cache/indexStore.ts';
import { EvaluationService } from '../evaluation.ts';
import { ModelHolder, type HolderPlatform, type HolderSettings } from '../modelHolder.ts';
import type { CallContext } from '../rpc.ts';
import { CausalService } from './causal.ts';
import { BaselinesService, type CreateProducts } from './baselines.ts';
import { Desk } from './desk.ts';
import { IndexService } from './indices.ts';
import { FeaturesService } from './features.ts';
import { TextReader } from '../texts.ts';

export type StudyServices = ReturnType<typeof createStudyServices>;

/** What an experiment is about. */
interface Subject {
  model: WantedModel;
  dictionary: UnreadDictionary;
}

export interface StudyPlatform extends HolderPlatform {
  /** Where indices of features are kept. */
  indices: IndexStore;
  /** The big products of PCA and ICA; absent: plain TypeScript. */
  createProducts?: CreateProducts;
}

export function createStudyServices(platform: StudyPlatform) {
  const holder = new ModelHolder(platform);
  const desk = new Desk(holder);
  const texts = new TextReader(platform.corpora, () => holder.base);
  return {
    device: new DeviceService(holder),
    baselines: new BaselinesService(desk, holder, platform.createProducts),
    indices: new IndexService(desk, holder, platform.indices),
    evaluation: new EvaluationService<Subject>({
      texts: () => ({ base: holder.base, corpora: platform.corpora }),
      use: (signal, { model, dictionary }, work) => desk.use(signal, model, dictionary, work),
    }),
    features: new FeaturesService(desk, texts),
    causal: new CausalService(desk, texts),
  };
}

class DeviceService {
  readonly #holder: ModelHolder;

  constructor(holder: ModelHolder) {
    this.#holder = holder;
  }

  /** Before all other calls. */
  open(_: CallContext, settings: HolderSettings): void {
    this.#holder.open(settings);
  }

  /** Answers as soon as messages are looked at. */
  ping(_: CallContext): void {}
}
