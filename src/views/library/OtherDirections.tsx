import { Failure } from '../shared/Panel.tsx';
import { DirectionsForm } from './DirectionsForm.tsx';
import { isDirections } from './isDirections.ts';
import { Items } from './LibraryItems.tsx';
import { useActions, useApp } from './store.ts';

/** What trained features are compared with: neurons, random directions, PCA and ICA of any hook, and a way to make them. */
export function OtherDirections() {
  const dictionaries = useApp((s) => s.dictionaries);
  const model = useApp((s) => s.model);
  const list = dictionaries.status === 'done' ? dictionaries.list.filter(isDirections) : [];
  return (
    <section aria-label="Other directions" className="sheet-section">
      <h3>Other directions</h3>
      <p className="hint">
        What features are compared with: neurons, random directions, and the principal or independent components of a hook. Each is a
        dictionary like any other.
      </p>
      <Items list={list} />
      {model && (
        <details className="fold">
          <summary>Make some</summary>
          <DirectionsForm key={model.id} model={model} />
        </details>
      )}
      <DirectionsStatus />
    </section>
  );
}

function DirectionsStatus() {
  const task = useApp((s) => s.directionsTask);
  const { cancelDirections } = useActions();
  if (task.status === 'failed') return <Failure message={`${task.message} Nothing was added.`} />;
  if (task.status === 'done') {
    return (
      <p className="hint" role="status">
        {task.words}
      </p>
    );
  }
  if (task.status !== 'running') return null;
  const { message, done, total } = task;
  return (
    <div className="panel-foot" role="status">
      <span className="hint">{message}</span>
      <progress max={1} value={total > 0 ? done / total : undefined} aria-label="Making directions" />
      <button type="button" className="button-small" onClick={cancelDirections}>
        Cancel
      </button>
    </div>
  );
}
