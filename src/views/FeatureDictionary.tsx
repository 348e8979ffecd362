import type { ChangeEvent } from 'react';
import { formatInteger } from '../charts/format.ts';
import type { HookParts } from '../state/hooks.ts';
import { dictionariesByLayer } from '../state/features.ts';
import { fromFileList } from './modelFiles.ts';
import { Failure } from './Panel.tsx';
import { useActions, useApp } from './StoreContext.tsx';

/** The dictionaries that fit, by layer. */
export function DictionaryPicker() {
  const dictionaries = useApp((s) => s.dictionaries);
  const chosen = useApp((s) => s.dictionary);
  const { chooseDictionary } = useActions();
  if (dictionaries.status !== 'done') return null;
  const groups = dictionariesByLayer(dictionaries.list.filter((d) => d.fits));
  return (
    <label className="dictionary-picker">
      <span className="field-label">Dictionary</span>
      <select value={chosen} onChange={(e) => chooseDictionary(e.target.value)}>
        {groups.map(({ group, items }) => (
          <optgroup key={group} label={groupWords(group)}>
            {items.map((d) => (
              <option key={d.id} value={d.id}>
                {d.label}, {formatInteger(d.d_sae)} features
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function groupWords(group: HookParts['group']): string {
  if (group === 'start') return 'Embedding';
  return group === 'end' ? 'After the blocks' : `Block ${group}`;
}

/** @param open shown unfolded: there is nothing else to do */
export function DictionaryImport({ open = false }: { open?: boolean }) {
  const task = useApp((s) => s.importTask);
  const { importDictionaries } = useActions();
  const take = (event: ChangeEvent<HTMLInputElement>) => {
    const files = fromFileList(event.target.files);
    event.target.value = '';
    if (files.length > 0) void importDictionaries(files);
  };
  return (
    <details className="dictionary-import" open={open}>
      <summary>Import a dictionary</summary>
      <div className="menu-buttons">
        <label className="button">
          Choose files
          <input type="file" multiple className="visually-hidden" onChange={take} />
        </label>
        <label className="button">
          Choose a folder
          <input type="file" multiple className="visually-hidden" onChange={take} {...{ webkitdirectory: '' }} />
        </label>
      </div>
      <p className="hint">
        A SAELens folder: <code>cfg.json</code> and <code>sae_weights.safetensors</code>. Files never leave this browser.
      </p>
      {task.status === 'failed' && <Failure message={task.message} />}
      <p className="hint" role="status">
        {task.status === 'running' && 'Reading the files…'}
        {task.status === 'done' && ['Imported.', ...task.warnings].join(' ')}
      </p>
    </details>
  );
}
