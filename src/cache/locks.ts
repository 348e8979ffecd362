/** Locks that all tabs and workers of this page share: the only place that says navigator.locks. */

/** Held while a run goes on or is paused in some tab. */
export const TRAINER_LOCK = 'featurescope-trainer';
/** With the run's id behind it: which run that is. */
export const RUN_LOCK = 'featurescope-run/';

/** The Web Locks API, which the WebWorker types lack. */
interface Locks {
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
  request<T>(name: string, options: { ifAvailable: boolean }, work: (lock: object | null) => Promise<T>): Promise<T>;
  query(): Promise<{ held?: { name?: string }[] }>;
}

/** Absent on plain http from another machine. */
const theirs = () => ((globalThis.navigator ?? {}) as { locks?: Locks }).locks;

/** One tab at a time; where there are no locks the tabs do not wait for each other. */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = theirs();
  return locks ? locks.request(name, work) : work();
}

/**
 * Takes a lock and keeps it until it is given back or this page or worker goes away.
 * @returns how to give it back; undefined when somebody else holds it. Where there are no locks nobody else ever does.
 */
export async function tryHold(name: string): Promise<(() => void) | undefined> {
  const locks = theirs();
  if (!locks) return () => {};
  return new Promise((resolve, reject) => {
    const held = (lock: object | null) =>
      lock
        ? new Promise<void>((release) => resolve(() => release()))
        : // Not available.
          Promise.resolve(resolve(undefined));
    locks.request(name, { ifAvailable: true }, held).catch(reject);
  });
}

/** Names of the locks that are held anywhere; none where there are no locks. */
export async function heldLocks(): Promise<Set<string>> {
  const { held = [] } = (await theirs()?.query()) ?? {};
  return new Set(held.flatMap(({ name }) => name ?? []));
}
