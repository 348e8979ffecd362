import { Suspense } from 'react';
import type { Activations } from '../../state/explore/facts.ts';
import { findHook, isPattern, siteWords } from '../../state/shared/hooks.ts';
import { HookPicker } from './HookPicker.tsx';
import { laterPart } from '../shared/later.tsx';
import { Failure, Panel, Skeleton } from '../shared/Panel.tsx';
import { useActions, useApp } from './store.ts';
import { Unread } from './Unread.tsx';

const PatternView = laterPart(() => import('./PatternView.tsx').then((part) => part.PatternView));
const VectorView = laterPart(() => import('./VectorView.tsx').then((part) => part.VectorView));

export function ActivationsPanel() {
  const model = useApp((s) => s.model);
  const hook = useApp((s) => s.hook);
  const task = useApp((s) => s.activationsTask);
  const reading = useApp((s) => s.reading);
  const activations = useApp((s) => s.activations);
  const { setHook } = useActions();
  // What keeps the whole text from being read is said below the text.
  const said = reading.status === 'failed' && task.status === 'failed' && reading.message === task.message;
  const failure = task.status === 'failed' && !said ? task.message : null;
  return (
    <Panel title="Activations" busy={task.status === 'running'} className="panel-activations">
      {model && (
        <div className="field-row">
          <HookPicker hooks={model.hooks} value={hook} onChange={setHook} />
        </div>
      )}
      {failure !== null && <Failure message={failure} />}
      {activations && reading.status !== 'empty' ? (
        <Read activations={activations} />
      ) : task.status === 'running' ? (
        <Skeleton lines={8} />
      ) : (
        failure === null && <Unread lines={8} empty="No text, so nothing to read." noModel="Activations need a model." />
      )}
    </Panel>
  );
}

function Read({ activations }: { activations: Activations }) {
  const model = useApp((s) => s.model);
  const info = findHook(model, activations.hook);
  const part = useApp((s) => (s.analysis?.windows.length ?? 1) > 1);
  if (!info) return null;
  const shape = info.shape.map((s) => (s === 'pos' ? 'position' : s)).join(' × ');
  return (
    <>
      <p className="panel-lead">
        <code>{info.name}</code>
        {siteWords(info.name) && `, ${siteWords(info.name)}`}: {shape}. {activations.edited && <strong>After the edits. </strong>}
        {!info.editable && 'Read-only.'}
        {part &&
          ` Positions ${activations.start} to ${activations.start + activations.tokens.length - 1}: the window the chosen token is read in.`}
      </p>
      <Suspense fallback={<Skeleton lines={8} />}>
        {isPattern(info) ? <PatternView activations={activations} /> : <VectorView activations={activations} />}
      </Suspense>
    </>
  );
}
