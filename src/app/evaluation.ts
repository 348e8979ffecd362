/**
 * `featurescope.evaluate`: in the study worker, which opens the model in use once more, so that the lens stays free; in
 * the lens where there is no room for that.
 */
import type { Lens } from '../../workers/lens/client.ts';
import { createRemote } from '../../workers/remote.ts';
import { startStudy, type Study, type StudyServices } from '../../workers/study/client.ts';
import type { EncodingApi, EvaluateOptions, Evaluation } from '../api/dictionaries.ts';
import type { WantedModel } from '../api/model.ts';
import { onDemand } from './onDemand.ts';
import { scripted } from './scripted.ts';
import { toWanted, type ModelInUse } from './subjects.ts';

/** An idle study worker gives its memory back after this long. */
const IDLE_MS = 30_000;
/** Weights above this are not held twice. */
const MOST_BYTES = 1e9;

interface EvaluationNeeds {
  lens: Lens;
  study: Study;
  model: ModelInUse;
}

/** The study worker, as a page uses it; `end` ends it whatever it does. */
export function studyOnDemand(base: string, device: Promise<'webgpu' | 'wasm'>, start = startStudy): { study: Study; end: () => void } {
  const worker = onDemand({
    start,
    open: async (worker) => createRemote<StudyServices>(worker).device.open([{ device: await device, base }]),
    idleMs: IDLE_MS,
    died: 'The part of the page that measures has stopped, perhaps for lack of memory. Measure again.',
  });
  return { study: createRemote<StudyServices>(worker), end: () => worker.end() };
}

export function createEvaluation({ lens, study, model }: EvaluationNeeds): EncodingApi['evaluate'] {
  const inStudy = scripted(
    2,
    async ([id, wanted, options = {}]: [string, WantedModel, EvaluateOptions?], call: Parameters<Lens['evaluation']['evaluate']>[1]) => {
      const dictionary = await lens.library.unread([id]);
      return study.evaluation.evaluate([{ model: wanted, dictionary }, options], call);
    },
  );
  const inLens = scripted(1, lens.evaluation.evaluate);
  return async (id, options) => {
    const wanted = model();
    const note = async (evaluation: Evaluation) => {
      const { density, tokens } = evaluation;
      if (wanted) await lens.library.noteMeasured([id, wanted.info, { density, tokens }]);
      return evaluation;
    };
    if (!wanted || wanted.info.bytes > MOST_BYTES) return note(await inLens(id, options));
    try {
      return await note(await inStudy(id, toWanted(wanted), options));
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      return note(await inLens(id, options));
    }
  };
}

/** Whether the worker could not hold what the lens holds already. */
function isNoRoom(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'engine' || code === 'unavailable';
}
