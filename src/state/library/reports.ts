/**
 * How good dictionaries are, measured here beside what their files or publishers say: a first look at each one that is
 * opened, the whole sample when a person asks. Figures are of one model and go with it.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { findDoubts, isClaimed } from './claims.ts';
import { isAbort, sentenceOf } from '../shared/latest.ts';
import type { LibraryActions, LibraryState, Report } from './state.ts';

export interface Reporter extends Pick<LibraryActions, 'measure' | 'stopMeasuring'> {
  /** A quick measurement of a dictionary that was just opened, once its features are on screen. */
  measureFirst: (id: string) => Promise<void>;
}

/** Of a first look: a few seconds with a dictionary of 32,768 features on two cores. */
export const FIRST_LOOK_TOKENS = 512;
export const WHOLE_SAMPLE_TOKENS = 4096;

const STARTED: Report = { status: 'running', done: 0, total: 0, figures: null, doubts: [], claimed: false, message: '' };

/** What the reporter waits for and tells. */
export interface ReporterNeeds {
  /** Settles when nothing a person waits for is being read. */
  untilRead: () => Promise<void>;
  /** How often features fire may be known now. */
  densitiesChanged: () => Promise<void>;
}

export function createReporter(
  api: FeaturescopeApi,
  store: StoreApi<LibraryState>,
  { untilRead, densitiesChanged }: ReporterNeeds,
): Reporter {
  const running = new Map<string, AbortController>();
  const put = (id: string, patch: Partial<Report>) =>
    store.setState(({ reports }) => ({ reports: { ...reports, [id]: { ...(reports[id] ?? STARTED), ...patch } } }));
  const drop = (id: string) =>
    store.setState(({ reports }) => ({ reports: Object.fromEntries(Object.entries(reports).filter(([key]) => key !== id)) }));
  const stop = (id: string) => {
    running.get(id)?.abort();
    running.delete(id);
    const report = store.getState().reports[id];
    if (report?.status !== 'running') return;
    if (report.figures) put(id, { status: 'done' });
    else drop(id);
  };
  store.subscribe(({ model }, was) => {
    if (model === was.model || !was.model) return;
    for (const id of [...running.keys()]) stop(id);
    store.setState({ reports: {} });
  });

  const measure = async (id: string, tokens: number) => {
    stop(id);
    const mine = new AbortController();
    running.set(id, mine);
    put(id, { status: 'running', done: 0, total: 0, message: '' });
    const { signal } = mine;
    try {
      const figures = await api.evaluate(id, {
        tokens,
        signal,
        onProgress: ({ done, total }) => !signal.aborted && put(id, { done, total }),
      });
      const { record } = await api.dictionaries.card(id);
      if (signal.aborted) return;
      put(id, { status: 'done', figures, doubts: findDoubts(record, figures), claimed: isClaimed(record) });
      // Where its file does not say how often features fire, it is known now.
      await densitiesChanged();
    } catch (error) {
      if (!signal.aborted && !isAbort(error)) put(id, { status: 'failed', message: sentenceOf(error) });
    } finally {
      if (running.get(id) === mine) running.delete(id);
    }
  };

  return {
    measure,
    stopMeasuring: stop,
    async measureFirst(id) {
      await untilRead();
      const { dictionaries, reports } = store.getState();
      const isHere = dictionaries.status === 'done' && dictionaries.list.some((d) => d.id === id && d.fits);
      if (isHere && !reports[id]) await measure(id, FIRST_LOOK_TOKENS);
    },
  };
}
