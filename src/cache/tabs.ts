/**
 * What the tabs of this page tell each other: the only place that says BroadcastChannel. A message says only
 * "look again", never what is true, so a wrong one (or one from another build) costs a second look and no more.
 */
const CHANGES = ['library', 'labels', 'storage', 'runs', 'corpora', 'indices'] as const;
export type Change = (typeof CHANGES)[number];

export interface Tabs {
  /** Tells the other tabs, not this one. */
  say(change: Change): void;
  /** Another tab changed it. @returns how to stop */
  subscribe(listener: (change: Change) => void): () => void;
  close(): void;
}

/** A build with another meaning of the messages takes another number, and the two do not hear each other. */
const VERSION = 1;

export function createTabs(name = 'featurescope'): Tabs {
  const listeners = new Set<(change: Change) => void>();
  const channel = open(name, (message) => {
    const change = readChange(message);
    if (change) listeners.forEach((listener) => listener(change));
  });
  return {
    say: (change) => channel?.postMessage({ version: VERSION, change }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => channel?.close(),
  };
}

/** Where there is no channel each tab stands alone until it is reloaded. */
function open(name: string, onMessage: (data: unknown) => void): BroadcastChannel | undefined {
  try {
    const channel = new BroadcastChannel(name);
    channel.addEventListener('message', (event: MessageEvent<unknown>) => onMessage(event.data));
    return channel;
  } catch {
    return undefined;
  }
}

export function readChange(data: unknown): Change | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { version, change } = data as { version?: unknown; change?: unknown };
  return version === VERSION ? CHANGES.find((known) => known === change) : undefined;
}
