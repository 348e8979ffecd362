/** Someone to tell when something changed. */
export interface Signal {
  tell: () => void;
  /** @returns how to stop */
  subscribe: (listener: () => void) => () => void;
}

export function createSignal(): Signal {
  const listeners = new Set<() => void>();
  return {
    tell: () => listeners.forEach((listener) => listener()),
    subscribe(listener) {
      // A wrapper of its own, so that one function subscribed twice is told twice and stopped once.
      const mine = () => listener();
      listeners.add(mine);
      return () => listeners.delete(mine);
    },
  };
}
