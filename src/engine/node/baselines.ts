/** `npm run baselines`: other directions as dictionaries without the page. scripts/baselines.mjs reads the command line. */
import { availableParallelism } from 'node:os';
import { checkBaseline, type BaselineOptions } from '../../core/baselines/options.ts';
import { createPlainProducts } from '../../core/baselines/products.ts';
import type { Stop } from '../../core/errors.ts';
import { makeBaseline } from '../baselines/make.ts';
import type { Runtime } from '../model/runtime.ts';
import { hashIds } from '../text/corpora.ts';
import { openModelFolder, readCorpus } from './engine.ts';
import { writeFolder } from './folder.ts';
import { openRuntime } from './machine.ts';

interface BaselinesJob {
  options: BaselineOptions;
  /** Gets the files of the dictionary. */
  out: string;
  /** Folder of the model. */
  model: string;
  device: 'wasm' | 'webgpu';
  /** Of the language model on the processor; default all cores. */
  threads?: number;
  log: (line: string) => void;
  stop: Stop;
}

const LOG_MS = 2000;

/** @throws UsageError, FormatError, EngineError with a sentence; AbortedError, and then nothing is written */
export async function makeBaselines(job: BaselinesJob): Promise<void> {
  const { options, out, log, stop } = job;
  const settings = checkBaseline(options);
  const { runtime, release } = await openRuntime({ device: job.device, threads: job.threads ?? availableParallelism() });
  const opened = await openModelFolder(runtime, job.model);
  let said = 0;
  const dictionary = await makeBaseline({
    model: opened.model,
    id: opened.id,
    settings: { ...settings, corpus: settings.corpus.split('/').at(-1)! },
    text: async () => {
      const ids = await readCorpus([settings.corpus], opened, log);
      return { ids, hash: await hashIds(ids) };
    },
    products: () => openProducts(runtime),
    onProgress: ({ done, total, message }) => {
      if (Date.now() - said < LOG_MS && done < total) return;
      said = Date.now();
      log(message);
    },
    stop,
  });
  await writeFolder(out, dictionary);
  const { converged, iterations } = dictionary.record as { converged?: boolean; iterations?: number };
  if (converged === false) log(`It had not converged after ${iterations} iterations; featurescope.json says how far it still moved.`);
  log(`${dictionary.name}: ${dictionary.config.d_sae} features, in ${out}`);
  await opened.model.release();
  release();
}

/** tfjs looks for a browser before it takes a graphics card, so it is shown a worker. */
async function openProducts(runtime: Runtime) {
  if (runtime.kind !== 'webgpu') return createPlainProducts();
  Object.assign(globalThis, { WorkerGlobalScope: class {} });
  return (await import('../baselines/tfjsWebgpu.ts')).openTfjsWebgpu(runtime);
}
