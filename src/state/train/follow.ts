/** Keeps lists and curves in step with what is trained. */
import type { TrainingApi } from '../../api/training.ts';
import { sentenceOf } from '../shared/latest.ts';
import { watchedRun, type Listing, type TrainingStore } from './state.ts';

const HISTORY_EVERY_MS = 500;

interface ListSource<T> {
  list: () => Promise<T[]>;
  /** Called when the list changed. */
  subscribe: (listener: () => void) => () => void;
}

/** Asks for a list again whenever it changed, one question at a time. */
export function followList<T>(source: ListSource<T>, put: (list: Listing<T>) => void): { refresh: () => void } {
  let asking = false;
  let again = false;
  const refresh = () => {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    source
      .list()
      .then(
        (list) => put({ status: 'done', list }),
        (error: unknown) => put({ status: 'failed', message: sentenceOf(error) }),
      )
      .finally(() => {
        asking = false;
        if (!again) return;
        again = false;
        refresh();
      });
  };
  source.subscribe(refresh);
  refresh();
  return { refresh };
}

/** Keeps the curves of the run watched in step with it, at most twice a second and only while they are on screen. */
export function followCurves(api: Pick<TrainingApi, 'runs'>, store: TrainingStore, shown: { now: boolean }): { update: () => void } {
  let asking = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -Infinity;
  let have = '';

  const update = () => {
    if (!shown.now || asking || timer !== undefined) return;
    const run = watchedRun(store.getState());
    if (!run) {
      have = '';
      if (store.getState().curves.status !== 'none') store.setState({ curves: { status: 'none' } });
      return;
    }
    const want = `${run.id} ${run.step} ${run.state} ${run.dictionaries.map((d) => d.evaluation?.step ?? 0).join()}`;
    if (want === have) return;
    const other = !('id' in store.getState().curves) || (store.getState().curves as { id: string }).id !== run.id;
    if (other) store.setState({ curves: { status: 'loading', id: run.id } });
    const wait = other ? 0 : Math.max(0, last + HISTORY_EVERY_MS - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      void ask(run.id, want);
    }, wait);
  };

  const ask = async (id: string, want: string) => {
    asking = true;
    last = Date.now();
    try {
      const history = await api.runs.history(id);
      if (watchedRun(store.getState())?.id === id) store.setState({ curves: { status: 'done', id, history } });
      have = want;
    } catch (error) {
      if (watchedRun(store.getState())?.id === id) store.setState({ curves: { status: 'failed', id, message: sentenceOf(error) } });
      have = want;
    } finally {
      asking = false;
      update();
    }
  };
  return { update };
}
