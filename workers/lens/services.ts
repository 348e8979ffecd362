/** The lens worker's work, without the worker: all that the page asks of the model in use and of dictionaries. */
import { EvaluationService } from '../evaluation.ts';
import { EncodingService } from './encoding.ts';
import { IndicesService } from './indices.ts';
import { InferenceService } from './inference.ts';
import { LibraryService } from './library.ts';
import { ModelsService } from './models.ts';
import { Workbench, type Platform } from './workbench.ts';

export type LensServices = ReturnType<typeof createLensServices>;

export function createLensServices(platform: Platform) {
  const bench = new Workbench(platform);
  return {
    models: new ModelsService(bench),
    inference: new InferenceService(bench),
    encoding: new EncodingService(bench),
    library: new LibraryService(bench),
    indices: new IndicesService(bench),
    /** Where a model has no room twice; else the study worker measures. */
    evaluation: new EvaluationService<string>({
      texts: () => ({ base: bench.base, corpora: platform.corpora }),
      async use(signal, id, work) {
        const dictionary = await bench.library.get(id);
        return bench.use(signal, async (loaded) => work({ loaded, engine: await bench.engine(), dictionary }));
      },
    }),
  };
}
