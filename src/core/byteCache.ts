/** Keeps what was used last, up to so many bytes. */
export interface ByteCache<T> {
  get: (key: string) => T | undefined;
  set: (key: string, value: T, bytes: number) => void;
  clear: () => void;
}

export function createByteCache<T>(most: number): ByteCache<T> {
  // A Map keeps the order of insertion: the first is the one unused for longest.
  const entries = new Map<string, { value: T; bytes: number }>();
  let held = 0;
  const drop = (key: string) => {
    held -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, bytes) {
      drop(key);
      if (bytes > most) return;
      entries.set(key, { value, bytes });
      held += bytes;
      for (const oldest of entries.keys()) {
        if (held <= most) break;
        drop(oldest);
      }
    },
    clear() {
      entries.clear();
      held = 0;
    },
  };
}
