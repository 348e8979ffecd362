import { isPythia } from '../../core/lm/modelNames.ts';
import { useActions, useApp } from './store.ts';

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
