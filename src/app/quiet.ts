/** Whether anything is going on: what is done in the background waits until the page has been quiet for a while. */
import type { LensClient } from '../../workers/lens/client.ts';

const SIGNS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'input', 'dragover'] as const;

/** @returns a lens whose calls count, and how many milliseconds nobody asked for anything */
export function watchActivity(lens: LensClient): { lens: LensClient; quietFor: () => number } {
  let last = performance.now();
  let running = 0;
  const note = () => (last = performance.now());
  for (const sign of SIGNS) addEventListener(sign, note, { passive: true, capture: true });
  return {
    lens: {
      ...lens,
      async call(method, args, options) {
        running++;
        try {
          return await lens.call(method, args, options);
        } finally {
          running--;
          note();
        }
      },
    },
    quietFor: () => (running > 0 ? 0 : performance.now() - last),
  };
}
