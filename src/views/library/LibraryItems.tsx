import { formatBytes, formatInteger } from '../../charts/format.ts';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { isOtherModel } from '../../core/lm/modelNames.ts';
import { ExportButton } from '../shared/ExportButton.tsx';
import { placeWords } from '../shared/placeWords.ts';
import { RightModel } from '../shared/RightModel.tsx';
import { isDirections } from './isDirections.ts';
import { misfitWords } from './misfitWords.ts';
import { useActions, useApp } from './store.ts';

/** Dictionaries with what can be done with each. */
export function Items({ list }: { list: readonly DictionaryInfo[] }) {
  if (list.length === 0) return null;
  return (
    <ul className="library">
      {list.map((d) => (
        <Item key={d.id} dictionary={d} />
      ))}
    </ul>
  );
}

function Item({ dictionary: d }: { dictionary: DictionaryInfo }) {
  const model = useApp((s) => s.model);
  const chosen = useApp((s) => s.dictionary === d.id);
  const { openDialog, chooseDictionary, removeDictionary } = useActions();
  const use = () => {
    chooseDictionary(d.id);
    openDialog(null);
  };
  const size = `${formatInteger(d.d_sae)} features of ${formatInteger(d.d_in)} numbers, ${formatBytes(d.bytes)}`;
  return (
    <li className={chosen ? 'is-chosen' : undefined}>
      <div className="library-words">
        <strong>{d.label}</strong>
        <span className="hint">
          {d.architecture}, {size}
          {d.from ? `, from ${placeWords(d.from)}` : d.source === 'files' && !isDirections(d) ? ', opened from files' : ''}
        </span>
        {!d.fits && <span className="hint">{misfitWords(d, model?.id)}</span>}
        {d.fits && model && isOtherModel(d.model, model.id) && <span className="doubt">Made for {d.model}.</span>}
      </div>
      <div className="library-tools">
        {model && d.source === 'files' && isOtherModel(d.model, model.id) && <RightModel name={d.model} what={d.label} />}
        {d.fits && (
          <button
            type="button"
            className="button-small"
            disabled={chosen}
            onClick={use}
            aria-label={`${chosen ? 'In use:' : 'Use'} ${d.label}`}
          >
            {chosen ? 'In use' : 'Use'}
          </button>
        )}
        <button
          type="button"
          className="button-small"
          onClick={() => openDialog({ kind: 'card', id: d.id })}
          aria-label={`About ${d.label}`}
        >
          About
        </button>
        <ExportButton id={d.id} label={d.label} />
        {d.source === 'files' && (
          <button type="button" className="button-small" onClick={() => void removeDictionary(d.id)} aria-label={`Remove ${d.label}`}>
            Remove
          </button>
        )}
      </div>
    </li>
  );
}
