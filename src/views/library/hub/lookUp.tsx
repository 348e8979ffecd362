import { useEffect, useState } from 'react';
import { formatBytes } from '../../../charts/format.ts';
import { sentenceOf } from '../../../state/shared/latest.ts';

/** What came of a look-up: a plan, or why there is none. */
export type Result<Plan> = Plan | { message: string };

/**
 * One look-up at a time: another takes the place of what runs. `result` is null while it is on its way.
 * @param plan the same function from one drawing to the next
 */
export function useLookUp<Asked extends object, Plan>(first: Asked | null, plan: (asked: Asked, signal: AbortSignal) => Promise<Plan>) {
  const [asked, lookUp] = useState(first);
  const [answer, setAnswer] = useState<{ to: Asked; result: Result<Plan> } | null>(null);
  useEffect(() => {
    if (!asked) return;
    const mine = new AbortController();
    const take = (result: Result<Plan>) => !mine.signal.aborted && setAnswer({ to: asked, result });
    plan(asked, mine.signal).then(take, (error: unknown) => take({ message: sentenceOf(error) }));
    return () => mine.abort();
  }, [asked, plan]);
  return { asked, lookUp, result: asked && answer?.to === asked ? answer.result : null };
}

export function LookingUp({ name, onCancel }: { name: string; onCancel: () => void }) {
  return (
    <div className="hub-plan" role="status">
      <span>Asking for the sizes of {name}…</span>
      <button type="button" className="button-small" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}

/** The button that fetches what was looked up. */
export function fetchWords({ here, bytes }: { here: number; bytes: number }): string {
  if (here >= bytes) return 'Open';
  return here > 0 ? `Go on (${formatBytes(here)} of ${formatBytes(bytes)} are here)` : `Fetch ${formatBytes(bytes)} and open`;
}

export function LookUpButton({ name, onPress }: { name: string; onPress: () => void }) {
  return (
    <button type="button" className="button-small" onClick={onPress} aria-label={`Look up ${name}`}>
      Look up
    </button>
  );
}
