/** Keeps what was learned of features, the ones looked at last, and what is being asked for, to stop it when nobody looks. */
import type { FeaturePlace } from '../shared/featureAddress.ts';
import { sentenceOf } from '../shared/latest.ts';
import { caseOf, keyOf, type FeatureCase, type FeatureStore, type Part, type PartName } from './state.ts';

/** Features kept: contexts and figures are about a hundred kilobytes each. */
const MOST = 30;

type ValueOf<K extends PartName> = Extract<FeatureCase[K], { status: 'done' }>['value'];

type Job<T> = (signal: AbortSignal, progress: (now: { done: number; total: number; message?: string }) => void) => Promise<T>;

export interface Cases {
  /** Asks for a part, unless it is being asked for; what is there stays until the answer comes. */
  begin: <K extends PartName>(place: FeaturePlace, part: K, job: Job<ValueOf<K>>, then?: (ended: { signal: AbortSignal }) => void) => void;
  put: <K extends PartName>(place: FeaturePlace, part: K, value: FeatureCase[K]) => void;
  /** Stops one part, or all of a feature, or of all features but one. */
  stop: (place: FeaturePlace, part?: PartName) => void;
  stopOthers: (place: FeaturePlace | null) => void;
  /** Forgets a part of all features. */
  forget: (part: PartName) => void;
  /** Forgets all of all features. */
  clear: () => void;
}

interface Asked {
  place: FeaturePlace;
  part: PartName;
  control: AbortController;
}

export function createCases(store: FeatureStore): Cases {
  const asked = new Map<string, Asked>();

  const put: Cases['put'] = (place, part, value) => {
    const key = keyOf(place);
    const cases = new Map(store.getState().cases);
    const next = { ...caseOf({ cases }, place), [part]: value };
    // Last, as the newest.
    cases.delete(key);
    cases.set(key, next);
    for (const old of cases.keys()) if (cases.size > MOST) cases.delete(old);
    store.setState({ cases });
  };

  const end = (id: string, { place, part, control }: Asked) => {
    control.abort();
    asked.delete(id);
    if (caseOf(store.getState(), place)[part].status === 'running') put(place, part, { status: 'waiting' });
  };
  const stopWhere = (isMeant: (one: Asked) => boolean) => {
    for (const [id, one] of [...asked]) if (isMeant(one)) end(id, one);
  };

  const run = async <K extends PartName>(place: FeaturePlace, part: K, job: Job<ValueOf<K>>) => {
    const id = `${part} ${keyOf(place)}`;
    if (asked.has(id)) return null;
    const control = new AbortController();
    const mine: Asked = { place, part, control };
    asked.set(id, mine);
    const answer = (value: Part<ValueOf<K>>) => {
      if (!control.signal.aborted) put(place, part, value as FeatureCase[K]);
    };
    const isFirst = caseOf(store.getState(), place)[part].status !== 'done';
    if (isFirst) answer({ status: 'running', done: 0, total: 0 });
    try {
      answer({ status: 'done', value: await job(control.signal, (now) => isFirst && answer({ status: 'running', ...now })) });
    } catch (error) {
      answer({ status: 'failed', message: sentenceOf(error) });
    } finally {
      if (asked.get(id) === mine) asked.delete(id);
    }
    return control.signal;
  };

  return {
    begin: (place, part, job, then) => void run(place, part, job).then((signal) => signal && then?.({ signal })),
    put,
    stop: (place, part) => stopWhere((one) => keyOf(one.place) === keyOf(place) && (part === undefined || one.part === part)),
    stopOthers: (place) => stopWhere((one) => place === null || keyOf(one.place) !== keyOf(place)),
    forget(part) {
      stopWhere((one) => one.part === part);
      const cases = new Map([...store.getState().cases].map(([key, one]) => [key, { ...one, [part]: { status: 'waiting' } as const }]));
      store.setState({ cases });
    },
    clear() {
      stopWhere(() => true);
      store.setState({ cases: new Map() });
    },
  };
}
