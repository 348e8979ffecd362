/** Notes of the dictionaries that were begun: which files belong to each, so that it can be listed and deleted. */
import { createStore, del, entries, set } from 'idb-keyval';
import { bytesHeld, type PartStore } from './parts.ts';

/** The beginning of a dictionary that was not fetched to its end. */
export interface BegunDictionary {
  id: string;
  bytes: number;
  here: number;
}

interface Begun {
  url: string;
  bytes: number;
}

interface BegunNotes {
  /** Before its first byte. What came of it earlier from other addresses is forgotten: no note would lead to it any more. */
  begin(id: string, files: readonly Begun[]): Promise<void>;
  list(): Promise<BegunDictionary[]>;
  /** Deletes what has arrived, save files that others begun share. */
  remove(id: string): Promise<void>;
}

export function createBegunNotes(name: string, parts: PartStore): BegunNotes {
  const store = createStore(`${name}-hub-dictionaries`, 'kv');
  /** Those the browser would not take; they last until the page is closed. */
  const inMemory = new Map<string, Begun[]>();
  const all = async () => {
    const kept = await entries<string, unknown>(store).catch(() => []);
    return new Map([...kept.flatMap(([id, note]): [string, Begun[]][] => (isNote(note) ? [[id, note]] : [])), ...inMemory]);
  };
  /** Forgets what was noted under an id and is needed by nobody else. */
  const leave = async (id: string, stays: readonly Begun[]) => {
    const notes = await all();
    const mine = notes.get(id) ?? [];
    notes.delete(id);
    const needed = new Set([...stays, ...[...notes.values()].flat()].map(({ url }) => url));
    for (const { url } of mine) if (!needed.has(url)) await parts.forget(url);
  };
  return {
    async begin(id, files) {
      const note = files.map(({ url, bytes }) => ({ url, bytes }));
      await leave(id, note);
      await set(id, note, store).then(
        () => inMemory.delete(id),
        () => inMemory.set(id, note),
      );
    },
    async list() {
      return Promise.all(
        [...(await all())].map(async ([id, files]) => {
          const held = await Promise.all(files.map((file) => bytesHeld(parts, file)));
          return { id, bytes: sum(files.map(({ bytes }) => bytes)), here: sum(held) };
        }),
      );
    },
    async remove(id) {
      await leave(id, []);
      inMemory.delete(id);
      await del(id, store).catch(() => undefined);
    },
  };
}

function isNote(value: unknown): value is Begun[] {
  return (
    Array.isArray(value) && value.every((file: Partial<Begun> | null) => typeof file?.url === 'string' && Number.isSafeInteger(file.bytes))
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
