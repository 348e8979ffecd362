import type { Activations } from '../state/appState.ts';
import { findHook, isPattern, siteWords } from '../state/hooks.ts';
import { HookPicker } from './HookPicker.tsx';
import { Empty, Failure, Panel, Skeleton } from './Panel.tsx';
import { PatternView } from './PatternView.tsx';
import { useActions, useApp } from './StoreContext.tsx';
import { VectorView } from './VectorView.tsx';

export function ActivationsPanel() {
  const model = useApp((s) => s.model);
  const hook = useApp((s) => s.hook);
  const task = useApp((s) => s.activationsTask);
  const empty = useApp((s) => s.reading.status === 'empty');
  const activations = useApp((s) => s.activations);
  const boot = useApp((s) => s.boot.status);
  const { setHook } = useActions();
  return (
    <Panel title="Activations" busy={task.status === 'running'} className="panel-activations">
      {model && (
        <div className="field-row">
          <HookPicker hooks={model.hooks} value={hook} onChange={setHook} />
        </div>
      )}
      {task.status === 'failed' && <Failure message={task.message} />}
      {empty ? (
        <Empty>No text, so nothing to read.</Empty>
      ) : activations ? (
        <Read activations={activations} />
      ) : boot === 'failed' ? (
        <Empty>Activations need a model.</Empty>
      ) : (
        <Skeleton lines={8} />
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
      {isPattern(info) ? <PatternView activations={activations} /> : <VectorView activations={activations} />}
    </>
  );
}
