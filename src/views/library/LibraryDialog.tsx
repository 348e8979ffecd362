import { lazy, Suspense, useState, type ComponentType } from 'react';
import { formatBytes, formatInteger } from '../../charts/format.ts';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { isOtherModel } from '../../core/lm/modelNames.ts';
import { ExportButton } from '../shared/ExportButton.tsx';
import { FileChooser } from '../shared/FileChooser.tsx';
import type { PublishedProps } from './hub/Published.tsx';
import type { LookedUp } from './hub/wanted.ts';
import { placeWords } from '../shared/placeWords.ts';
import { ImportStatus } from './ImportStatus.tsx';
import { misfitWords } from './misfitWords.ts';
import { LabelMenu } from './LabelMenu.tsx';
import { PART_MISSING } from '../shared/later.tsx';
import { Empty, Failure } from '../shared/Panel.tsx';
import { RightModel } from '../shared/RightModel.tsx';
import { Sheet } from '../shared/Sheet.tsx';
import { useActions, useApp } from './store.ts';

/** Fetched when somebody looks for what others have published. */
const Published = lazy<ComponentType<PublishedProps>>(() =>
  import('./hub/Published.tsx').then(
    (part) => ({ default: part.Published }),
    () => ({ default: PublishedMissing }),
  ),
);

function PublishedMissing() {
  return <Failure message={PART_MISSING} />;
}

export interface LibraryDialogProps {
  /** Open the catalogue: all of it, or what is looked up in it. */
  published?: 'all' | LookedUp;
}

/** Every dictionary at hand, those of other models too. */
export function LibraryDialog({ published }: LibraryDialogProps) {
  const dictionaries = useApp((s) => s.dictionaries);
  const { openDialog, importDictionaries } = useActions();
  return (
    <Sheet title="Dictionaries" onClose={() => openDialog(null)}>
      {dictionaries.status === 'failed' && <Failure message={dictionaries.message} />}
      {dictionaries.status === 'waiting' && <Empty>The list comes when the model is open.</Empty>}
      {dictionaries.status === 'done' && <Dictionaries list={dictionaries.list} />}
      <section aria-label="Open a dictionary" className="sheet-section">
        <h3>Open a dictionary</h3>
        <FileChooser onFiles={(files) => void importDictionaries(files)} />
        <p className="hint">
          Or drop them anywhere on the page: folders of SAELens, dictionary_learning (<code>ae.pt</code>), sparsify or
          1L-Sparse-Autoencoder, files of OpenAI (<code>.pt</code>), sparse_coding (<code>learned_dicts.pt</code>) or in Gemma Scope’s
          layout (<code>.npz</code>), or a zip of such. Nothing in them is run, and files stay in this browser.
        </p>
      </section>
      <div className="import-status">
        <ImportStatus />
      </div>
      <PublishedSection first={published} />
      <LabelMenu />
      <div className="panel-foot">
        <button type="button" className="button-small" onClick={() => openDialog({ kind: 'storage' })}>
          Storage of this page
        </button>
      </div>
    </Sheet>
  );
}

/** More that do not fit are folded away. */
const FEW = 3;

function Dictionaries({ list }: { list: readonly DictionaryInfo[] }) {
  const others = list.filter((d) => !d.fits);
  const folded = others.length > FEW ? others : [];
  return (
    <>
      <Items list={folded.length > 0 ? list.filter((d) => d.fits) : list} />
      {folded.length > 0 && (
        <details className="fold">
          <summary>{formatInteger(folded.length)} that do not fit this model</summary>
          <Items list={folded} />
        </details>
      )}
    </>
  );
}

function Items({ list }: { list: readonly DictionaryInfo[] }) {
  if (list.length === 0) return null;
  return (
    <ul className="library">
      {list.map((d) => (
        <Item key={d.id} dictionary={d} />
      ))}
    </ul>
  );
}

function PublishedSection({ first }: { first: LibraryDialogProps['published'] }) {
  const [open, setOpen] = useState(first !== undefined);
  return (
    <section aria-label="Published dictionaries" className="sheet-section" ref={first === undefined ? undefined : scrollHere}>
      <h3>Published dictionaries</h3>
      <p className="hint">
        What others have trained on Pythia, from the hub or any address. Nothing is asked of anybody before you look something up.
      </p>
      {open ? (
        <Suspense fallback={<Empty>One moment…</Empty>}>
          <Published first={first === 'all' ? undefined : first} />
        </Suspense>
      ) : (
        <div className="panel-foot">
          <button type="button" onClick={() => setOpen(true)}>
            Show the catalogue
          </button>
        </div>
      )}
    </section>
  );
}

const scrollHere = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'start' });

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
          {d.from ? `, from ${placeWords(d.from)}` : d.source === 'files' ? ', opened from files' : ''}
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
