/**
 * Labels a person wrote, kept between visits in IndexedDB (one entry a label) and held in memory, where all reading
 * happens. Without storage, or without room, they work until the page is closed, and `problem` says so.
 */
import { createStore, delMany, entries, setMany, type UseStore } from 'idb-keyval';
import { labelKey, readLabel, type Label } from '../core/formats/labels.ts';
import { reasonOf } from './refusals.ts';

export interface LabelStore {
  all(): Promise<ReadonlyMap<string, Label>>;
  /** Writes and removes; what cannot be kept still holds until the page is closed. */
  change(write: readonly Label[], remove?: readonly string[]): Promise<void>;
  /** Those of them that will be here at the next visit. */
  kept(): Promise<Label[]>;
  /** Reads again what is kept, after another tab changed it. */
  reload(): Promise<void>;
  /** Why labels do not outlast the page, as a sentence; null while they do. */
  problem(): string | null;
}

export function createLabelStore(name = 'featurescope', now: () => number = Date.now): LabelStore {
  const labels = new Map<string, Label>();
  /** Changed here but not (yet) kept: tried again with the next change, and a reload must not lose them. */
  const unkept = new Set<string>();
  let problem: string | null = null;
  let kept: UseStore | undefined;
  let loading: Promise<void> | undefined;
  // One change after the other, so that the last one given is the one kept.
  let turn: Promise<void> = Promise.resolve();

  const store = () => (kept ??= createStore(`${name}-labels`, 'kv'));
  const load = async () => {
    try {
      const found = await entries<string, unknown>(store());
      for (const key of labels.keys()) if (!unkept.has(key)) labels.delete(key);
      for (const [key, value] of found) {
        const label = readLabel(value, now());
        if (label && labelKey(label) === key && !unkept.has(key)) labels.set(key, label);
      }
    } catch (error) {
      problem = sentence(error);
    }
  };
  const loaded = () => (loading ??= load());
  const keep = async () => {
    const keys = [...unkept];
    unkept.clear();
    const write = keys.flatMap((key) => labels.get(key) ?? []);
    const remove = keys.filter((key) => !labels.has(key));
    try {
      if (write.length > 0)
        await setMany(
          write.map((label) => [labelKey(label), label]),
          store(),
        );
      if (remove.length > 0) await delMany(remove, store());
      problem = null;
    } catch (error) {
      keys.forEach((key) => unkept.add(key));
      problem = sentence(error);
    }
  };
  const inTurn = (work: () => Promise<void>) => (turn = turn.then(work));

  return {
    async all() {
      await loaded();
      return labels;
    },
    async change(write, remove = []) {
      await loaded();
      for (const label of write) labels.set(labelKey(label), label);
      for (const key of remove) labels.delete(key);
      for (const key of [...write.map(labelKey), ...remove]) unkept.add(key);
      await inTurn(keep);
    },
    async kept() {
      await loaded();
      await turn;
      return [...labels.values()].filter((label) => !unkept.has(labelKey(label)));
    },
    reload: () => inTurn(load),
    problem: () => problem,
  };
}

function sentence(error: unknown): string {
  return `Labels are not kept for the next visit: ${reasonOf(error)}. They work until the page is closed; export them to keep them.`;
}
