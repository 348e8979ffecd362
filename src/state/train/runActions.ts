/** Starting, pausing, resuming, stopping and removing runs, and looking into them. */
import type { ModelInfo } from '../../api/model.ts';
import type { Run, TrainingApi } from '../../api/training.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';
import { failuresOf, lifeIn, runOf, without, type TrainingActions, type TrainingFacts, type TrainingStore } from './state.ts';
import { configNow } from './trainingForm.ts';

type RunActions = Pick<TrainingActions, 'start' | 'pause' | 'resume' | 'stop' | 'remove' | 'preview'>;

interface RunNeeds {
  model: () => ModelInfo | null;
  /** Goes to Explore with a dictionary that is new. */
  exploreDictionary: (id: string) => Promise<void>;
  /** Resolves when nothing is measured any more. */
  stopEstimating: () => Promise<void>;
  runsChanged: () => void;
}

export function createRunActions(api: TrainingApi, store: TrainingStore, need: RunNeeds): RunActions {
  const { getState: get, setState: set } = store;
  const doing = createTasks(store, need.runsChanged);
  /** Shows a run that goes on here, until it ends or is put aside. */
  const follow = ({ id, done }: Run) => {
    set((s) => ({ watched: id, here: [...s.here, id] }));
    const ended = () => {
      set((s) => ({ here: s.here.filter((other) => other !== id) }));
      need.runsChanged();
    };
    // The list of runs says why one failed; the promise would only say it again to nobody.
    done.then(ended, ended);
  };
  return {
    start: () =>
      doing('new', 'starting', async () => {
        const config = configNow(get(), need.model());
        if (!config) throw new Error('Some settings are wrong; see the notes beside them.');
        await need.stopEstimating();
        // Whatever begins is what is shown.
        set({ watched: null, muted: [], cursor: null });
        follow(await api.train(config));
      }),
    pause: (id) => doing(id, 'pausing', async () => (await api.runs.get(id)).pause()),
    resume: (id) =>
      doing(id, 'resuming', async () => {
        await need.stopEstimating();
        follow(await api.runs.resume(id));
      }),
    stop: (id, keep) => doing(id, 'stopping', () => stop(api, get(), id, keep)),
    remove: (id) => doing(id, 'removing', () => api.runs.remove(id)),
    preview: (id, index) => doing(id, 'opening', async () => need.exploreDictionary((await api.runs.preview(id, index)).id)),
  };
}

async function stop(api: TrainingApi, state: TrainingFacts, id: string, keep: boolean): Promise<void> {
  const run = runOf(state.runs, id);
  const life = run && lifeIn(state, run);
  const waits = life?.phase === 'paused' && !life.here;
  // One that waits since an earlier visit is nowhere: without its dictionaries, stopping it is forgetting it.
  if (waits && !keep) return api.runs.remove(id);
  await (await (waits ? api.runs.resume(id) : api.runs.get(id))).stop({ keep });
}

/** Does one thing to a run at a time, says meanwhile what, and says what went wrong. */
function createTasks(store: TrainingStore, runsChanged: () => void) {
  const { getState: get, setState: set } = store;
  const { fail, clear } = failuresOf(store);
  return async (key: string, what: TrainingFacts['busy'][string], work: () => Promise<void>): Promise<void> => {
    if (get().busy[key]) return;
    clear(key);
    set((s) => ({ busy: { ...s.busy, [key]: what } }));
    try {
      await work();
    } catch (error) {
      // Given up by a person, who needs no telling.
      if (!isAbort(error)) fail(key, sentenceOf(error));
    } finally {
      set((s) => ({ busy: without(s.busy, key) }));
      runsChanged();
    }
  };
}
