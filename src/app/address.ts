/** The page's address as state sees it: the hash, and what the browser keeps beside it for this tab. */
import type { Address } from '../state/shared/startup.ts';

export function pageAddress(): Address {
  return {
    read: () => ({ hash: location.hash, kept: history.state as unknown }),
    write(hash, kept, how) {
      try {
        if (how === 'push') history.pushState(kept, '', hash);
        else history.replaceState(kept, '', hash);
      } catch {
        // Some browsers refuse after too many changes, or for a very long text beside it. The next change tries again.
      }
    },
    onMove(listener) {
      // Also fired for a hash typed or pasted into the address bar.
      addEventListener('popstate', listener);
    },
  };
}
