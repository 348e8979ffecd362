import type { ChangeEvent } from 'react';
import { formatInteger } from '../../charts/format.ts';
import { labelsFor } from '../../state/shared/labels.ts';
import { saveBlob } from '../shared/saveBlob.ts';
import { useActions, useApp } from './store.ts';

/** Labels out of the page and into it. */
export function LabelMenu() {
  const count = useApp((s) => labelsFor(s, s.dictionary).size);
  const { importLabels, exportLabels } = useActions();
  const save = async (all: boolean) => {
    const blob = await exportLabels(all);
    if (blob) saveBlob(blob, 'featurescope labels.json');
  };
  const take = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = '';
    if (file) void importLabels(file);
  };
  return (
    <details className="fold">
      <summary>Labels{count > 0 && ` (${formatInteger(count)})`}</summary>
      <div className="menu-buttons">
        <button type="button" className="button-small" disabled={count === 0} onClick={() => void save(false)}>
          Export this dictionary’s
        </button>
        <button type="button" className="button-small" onClick={() => void save(true)}>
          Export all
        </button>
        <label className="button button-small">
          Import
          <input type="file" accept=".json,application/json" className="visually-hidden" onChange={take} />
        </label>
      </div>
      <p className="hint">
        Labels stay in this browser. They belong to the weights they were written for: opened elsewhere, the same dictionary finds them
        again.
      </p>
    </details>
  );
}
