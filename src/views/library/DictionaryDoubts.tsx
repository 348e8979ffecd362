import { isOtherModel } from '../../core/lm/modelNames.ts';
import { chosenDictionary } from '../../state/shared/dictionaries.ts';
import { RightModel } from '../shared/RightModel.tsx';
import { useActions, useApp } from './store.ts';

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
