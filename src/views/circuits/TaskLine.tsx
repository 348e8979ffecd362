import type { Task } from '../../state/circuits/state.ts';
import { leftWords } from '../../state/shared/leftWords.ts';
import { Going, useSeconds } from '../shared/Going.tsx';
import { Failure } from '../shared/Panel.tsx';

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
  return <Running task={task} onStop={onStop} />;
}

function Running({ task, onStop }: { task: Extract<Task, { status: 'running' }>; onStop: () => void }) {
  const { what, done, total, message, began } = task;
  const left = leftWords(done, total, useSeconds(began));
  return <Going words={`${what}${message === '' ? '' : ` – ${message}`}`} name={what} {...{ done, total, left, onStop }} />;
}
