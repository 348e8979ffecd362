import { formatInteger } from '../../charts/format.ts';
import { isPythia } from '../../core/lm/modelNames.ts';
import type { HookParts } from '../../state/shared/hooks.ts';
import { dictionariesByLayer } from '../../state/explore/features.ts';
import { useActions, useApp } from './store.ts';

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

/** Where dictionaries come from and go to. */
export function DictionaryTools() {
  const chosen = useApp((s) => s.dictionary);
  // Without the catalogue, which is fetched when it is opened.
  const hasPublished = useApp((s) => isPythia(s.model?.id ?? ''));
  const { openDialog } = useActions();
  return (
    <div className="panel-foot">
      {chosen !== '' && (
        <button type="button" className="button-small" onClick={() => openDialog({ kind: 'card', id: chosen })}>
          About this dictionary
        </button>
      )}
      <button type="button" className="button-small" onClick={() => openDialog({ kind: 'library' })}>
        Dictionaries and labels
      </button>
      {chosen !== '' && hasPublished && (
        <button type="button" className="button-small" onClick={() => openDialog({ kind: 'library', published: 'all' })}>
          Published ones
        </button>
      )}
      <button type="button" className="button-small" onClick={() => openDialog({ kind: 'storage' })}>
        Storage
      </button>
    </div>
  );
}
