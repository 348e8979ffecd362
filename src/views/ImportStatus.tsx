import { useState } from 'react';
import { formatInteger } from '../charts/format.ts';
import { Failure } from './Panel.tsx';
import { useActions, useApp } from './StoreContext.tsx';
import { Sheet } from './Sheet.tsx';

/** How the opening of dictionaries goes. */
export function ImportStatus() {
  const task = useApp((s) => s.importTask);
  const { cancelImport } = useActions();
  if (task.status === 'failed') return <Failure message={`${task.message} The dictionaries that were here are as they were.`} />;
  if (task.status === 'done') {
    const opened = task.opened.length === 1 ? `${task.opened[0]} is open.` : `${formatInteger(task.opened.length)} dictionaries are open.`;
    return (
      <p className="hint" role="status">
        {[opened, ...task.warnings].join(' ')}
      </p>
    );
  }
  if (task.status !== 'running') return null;
  const { progress } = task;
  const known = progress !== null && progress.total > 0;
  return (
    <div className="panel-foot" role="status">
      <span className="hint">Reading the files{known ? `, ${Math.floor((100 * progress.loaded) / progress.total)} %` : '…'}</span>
      <progress max={1} value={known ? progress.loaded / progress.total : undefined} aria-label="Reading the files" />
      <button type="button" className="button-small" onClick={cancelImport}>
        Cancel
      </button>
    </div>
  );
}

/** Which of several dictionaries that were dropped together are meant. */
export function PickDialog() {
  const task = useApp((s) => s.importTask);
  if (task.status !== 'choosing') return null;
  return <Pick folders={task.folders} />;
}

function Pick({ folders }: { folders: readonly string[] }) {
  const { importFolders } = useActions();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(folders));
  const toggle = (folder: string) => {
    const next = new Set(chosen);
    if (!next.delete(folder)) next.add(folder);
    setChosen(next);
  };
  const all = chosen.size === folders.length;
  return (
    <Sheet title={`${formatInteger(folders.length)} dictionaries found`} onClose={() => void importFolders([])}>
      <label className="check">
        <input type="checkbox" checked={all} onChange={() => setChosen(new Set(all ? [] : folders))} />
        All of them
      </label>
      <ul className="pick-list">
        {folders.map((folder) => (
          <li key={folder}>
            <label className="check">
              <input type="checkbox" checked={chosen.has(folder)} onChange={() => toggle(folder)} />
              <code>{folder || 'the files themselves'}</code>
            </label>
          </li>
        ))}
      </ul>
      <div className="panel-foot">
        <button
          type="button"
          className="button-main"
          disabled={chosen.size === 0}
          onClick={() => void importFolders(folders.filter((folder) => chosen.has(folder)))}
        >
          Open {formatInteger(chosen.size)}
        </button>
        <button type="button" onClick={() => void importFolders([])}>
          Cancel
        </button>
      </div>
    </Sheet>
  );
}
