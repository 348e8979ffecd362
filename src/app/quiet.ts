/** Whether anything is going on: what is done in the background waits until the page has been quiet for a while. */
import type { Calls } from '../../workers/remote.ts';

const SIGNS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'input', 'dragover'] as const;

/** @returns calls that count, and how many milliseconds nobody asked for anything */
export function watchActivity({ call }: Calls): { calls: Calls; quietFor: () => number } {
  let last = performance.now();
  let running = 0;
  const note = () => (last = performance.now());
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
  return { calls, quietFor: () => (running > 0 ? 0 : performance.now() - last) };
}
