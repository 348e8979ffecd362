/** Ends a worker that does not answer: a person's regular expression may run for ever, and nothing inside can stop it. */

/** Between two questions, and how long an answer may take. */
const EVERY_MS = 1000;
const ANSWER_MS = 2000;

interface Watch {
  /** From now on the worker must answer. */
  begin: () => void;
  /** What was watched has ended. */
  finish: () => void;
  /** Nobody waits for it any more: the worker is asked once more, and left alone if it answers. */
  leave: () => void;
  /** Whether it was ended for not answering. */
  ended: () => boolean;
}

export function watchOver({ ping, end }: { ping: () => Promise<unknown>; end: () => void }): Watch {
  let state: 'idle' | 'watching' | 'leaving' | 'over' = 'idle';
  let isEnded = false;
  let wake: () => void = () => undefined;
  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, EVERY_MS);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const answers = async () => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ANSWER_MS)));
    // One that died has a sentence of its own.
    const answer = ping().then(
      () => true,
      () => true,
    );
    const isHere = await Promise.race([answer, late]);
    clearTimeout(timer);
    return isHere;
  };
  const is = (wanted: typeof state) => state === wanted;
  const watch = async () => {
    for (;;) {
      await pause();
      if (is('over')) return;
      const isLast = is('leaving');
      const isHere = await answers();
      // What ended meanwhile ended by itself.
      if (is('over')) return;
      if (!isHere) {
        isEnded = true;
        return end();
      }
      if (isLast) return;
    }
  };
  const become = (next: 'leaving' | 'over') => () => {
    state = next;
    wake();
  };
  return {
    begin() {
      if (state !== 'idle') return;
      state = 'watching';
      void watch();
    },
    finish: become('over'),
    leave: become('leaving'),
    ended: () => isEnded,
  };
}
