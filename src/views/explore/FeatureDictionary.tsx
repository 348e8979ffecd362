import { formatInteger } from '../../charts/format.ts';
import { isOtherModel, isPythia } from '../../core/lm/modelNames.ts';
import { chosenDictionary } from '../../state/explore/featureFacts.ts';
import type { HookParts } from '../../state/hooks.ts';
import { dictionariesByLayer } from '../../state/explore/features.ts';
import { RightModel } from '../library/RightModel.tsx';
import { useActions, useApp } from '../shared/StoreContext.tsx';

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

/** Why what is shown may not mean what it seems to: the dictionary of another model, or figures unlike those claimed. */
export function DictionaryDoubts() {
  const dictionary = useApp(chosenDictionary);
  const model = useApp((s) => s.model?.id ?? '');
  const report = useApp((s) => s.reports[s.dictionary]);
  const { openDialog } = useActions();
  if (!dictionary) return null;
  const other = isOtherModel(dictionary.model, model);
  const doubts = report?.doubts ?? [];
  if (!other && doubts.length === 0) return null;
  return (
    <div className="doubts" role="status">
      {other && (
        <p className="doubt">
          {dictionary.label} was made for {dictionary.model}; {model} is open, whose activations differ.{' '}
          <RightModel name={dictionary.model} />
        </p>
      )}
      {doubts.length > 0 && (
        <p className="doubt">
          {doubts.join(' ')}{' '}
          <button type="button" className="button-small" onClick={() => openDialog({ kind: 'card', id: dictionary.id })}>
            Report
          </button>
        </p>
      )}
    </div>
  );
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
