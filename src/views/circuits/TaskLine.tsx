import { useEffect, useState } from 'react';
import { formatInteger } from '../../charts/format.ts';
import type { Task } from '../../state/circuits/state.ts';
import { leftWords } from '../../state/circuits/words.ts';
import { Failure } from '../shared/Panel.tsx';
import { Spoken } from '../shared/Spoken.tsx';

interface TaskLineProps {
  task: Task | null;
  /** What there is beside it when it was stopped. */
  kept: string;
  onStop: () => void;
}

/** How far something long is and how to stop it; or why it ended early. */
export function TaskLine({ task, kept, onStop }: TaskLineProps) {
  if (!task) return null;
  if (task.status === 'failed') return <Failure message={task.message} />;
  if (task.status === 'stopped') return <p role="status">Stopped. {kept}</p>;
  return <Going task={task} onStop={onStop} />;
}

function Going({ task, onStop }: { task: Extract<Task, { status: 'running' }>; onStop: () => void }) {
  const { what, done, total, message, began } = task;
  const seconds = useSeconds(began);
  const isKnown = total > 0;
  const far = isKnown ? `${formatInteger(done)} of ${formatInteger(total)}${leftWords(done, total, seconds)}` : '';
  const said = [`${what}${message === '' ? '' : ` – ${message}`}`, far].filter((part) => part !== '').join(': ');
  return (
    <div className="going">
      <span>{said}</span>
      <Spoken words={said} />
      <progress max={1} value={isKnown ? done / total : undefined} aria-label={what} />
      <button type="button" className="button-small" onClick={onStop}>
        Cancel
      </button>
    </div>
  );
}

/** Since it began; whole ones. */
function useSeconds(began: number): number {
  const [now, setNow] = useState(began);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [began]);
  return Math.max(0, Math.floor((now - began) / 1000));
}
