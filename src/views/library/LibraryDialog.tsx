import { lazy, Suspense, useState, type ComponentType } from 'react';
import { formatInteger } from '../../charts/format.ts';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { FileChooser } from '../shared/FileChooser.tsx';
import type { PublishedProps } from './hub/Published.tsx';
import type { LookedUp } from './hub/wanted.ts';
import { ImportStatus } from './ImportStatus.tsx';
import { Items } from './LibraryItems.tsx';
import { isDirections } from './isDirections.ts';
import { OtherDirections } from './OtherDirections.tsx';
import { LabelMenu } from './LabelMenu.tsx';
import { PART_MISSING } from '../../state/shared/page.ts';
import { Empty, Failure } from '../shared/Panel.tsx';
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
      {dictionaries.status === 'done' && <Dictionaries list={dictionaries.list.filter((d) => !isDirections(d))} />}
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
      <OtherDirections />
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
