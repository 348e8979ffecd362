/** Whether anything is going on: what is done in the background waits until the page has been quiet for a while. */
import type { Calls } from '../../workers/remote.ts';

const SIGNS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'input', 'dragover'] as const;

interface Activity {
  /** Calls that count. */
  calls: Calls;
  /** Milliseconds since anybody asked for anything. */
  quietFor: () => number;
  /** Whether a person did anything but move the pointer, or a script took hold of the page. */
  used: () => boolean;
  /** A script did. */
  take: () => void;
}

export function watchActivity({ call }: Calls): Activity {
  let last = performance.now();
  let running = 0;
  let used = false;
  const take = () => (used = true);
  const note = (event?: Event) => {
    last = performance.now();
    if (event && event.type !== 'pointermove') take();
  };
  for (const sign of SIGNS) addEventListener(sign, note, { passive: true, capture: true });
  const calls: Calls = {
    async call(method, args, options) {
      running++;
      try {
        return await call(method, args, options);
      } finally {
        running--;
        note();
      }
    },
  };
  return { calls, quietFor: () => (running > 0 ? 0 : performance.now() - last), used: () => used, take };
}
